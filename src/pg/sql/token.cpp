// notion.set_token and COPY notion.token_in: a token is asked who it is, sealed, and forgotten.
// Assumes SECURITY DEFINER: who may do it is asked of the invoker (rights.hpp). The one request to
// Notion is made before anything is written or locked. scope: call.
#include "pg/postgres.hpp"

#include "pg/rights.hpp"
#include "pg/sealed.hpp"
#include "pg/sql/token.hpp"
#include "pg/worker/query.hpp"
#include "pg/worker/shared.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(notion_set_token);
PG_FUNCTION_INFO_V1(notion_token_in);
PG_FUNCTION_INFO_V1(notion_secrets_changed);
}

namespace notion::pg {
namespace {

const char* argument_text(FunctionCallInfo fcinfo, int at) {
    return PG_ARGISNULL(at) ? nullptr : text_to_cstring(PG_GETARG_TEXT_PP(at));
}

const char* argument_name(FunctionCallInfo fcinfo, int at) {
    return PG_ARGISNULL(at) ? nullptr : NameStr(*PG_GETARG_NAME(at));
}

void take_row(const CopiedRow& row) {
    const char* server = copied_field(row, "server");
    const char* token = copied_field(row, "token");
    if (server == nullptr || token == nullptr)
        ereport(ERROR, (errcode(ERRCODE_NOT_NULL_VIOLATION),
                        errmsg("columns \"server\" and \"token\" of notion.token_in must be given"),
                        errhint("COPY notion.token_in (server, token) FROM STDIN, with a tab "
                                "between them.")));
    give_token({server, copied_field(row, "role"), token, "copy", true});
}

} // namespace

const char* read_secret_file(Oid asker, const char* path) {
    if (!has_privs_of_role(asker, ROLE_PG_READ_SERVER_FILES))
        ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                        errmsg("permission denied to read file \"%s\"", path),
                        errdetail("Only roles with privileges of pg_read_server_files may name "
                                  "files of the server."),
                        errhint("COPY notion.token_in (server, token) FROM STDIN.")));
    if (!is_absolute_path(path))
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("\"%s\" is no absolute path", path),
                        errhint("The file lies on the server: name it from / on.")));
    return read_token_file(path);
}

void warn_of_literal(const char* what) {
    ereport(WARNING,
            (errmsg("the %s stood in clear in a statement", what),
             errdetail("The server's log, pg_stat_activity and pg_stat_statements may have it."),
             errhint("COPY … FROM STDIN and file => '…' leave no trace. If others read those, make "
                     "a new %s in Notion.",
                     what)));
}

CopiedRow begin_copied_row(FunctionCallInfo fcinfo, const char* view) {
    if (!CALLED_AS_TRIGGER(fcinfo))
        ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
                        errmsg("this is the trigger of %s", view)));
    const CopiedRow row = {reinterpret_cast<TriggerData*>(fcinfo->context), error_context_stack};
    error_context_stack = nullptr;
    return row;
}

const char* copied_field(const CopiedRow& row, const char* name) {
    Relation table = row.trigger->tg_relation;
    const AttrNumber number = get_attnum(RelationGetRelid(table), name);
    bool null;
    Datum value = heap_getattr(row.trigger->tg_trigtuple, number, RelationGetDescr(table), &null);
    if (null)
        return nullptr;
    if (TupleDescAttr(RelationGetDescr(table), number - 1)->atttypid == NAMEOID)
        return pstrdup(NameStr(*DatumGetName(value)));
    const text* value_text = DatumGetTextPP(value);
    return keep_secret({VARDATA_ANY(value_text), VARSIZE_ANY_EXHDR(value_text)});
}

Datum end_copied_row(const CopiedRow& row) {
    error_context_stack = row.context;
    return PointerGetDatum(row.trigger->tg_trigtuple);
}

} // namespace notion::pg

extern "C" Datum notion_set_token(PG_FUNCTION_ARGS) {
    using namespace notion::pg;
    const char* server = argument_name(fcinfo, 0);
    const char* token = argument_text(fcinfo, 1);
    const char* file = argument_text(fcinfo, 2);
    if (server == nullptr || (token == nullptr) == (file == nullptr))
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("a server, and either a token or a file, must be given"),
                        errhint("SELECT notion.set_token('SERVER', file => '/PATH'), or COPY "
                                "notion.token_in (server, token) FROM STDIN.")));
    const Oid asker = invoker();
    if (token != nullptr)
        warn_of_literal("token");
    else
        token = read_secret_file(asker, file);
    const bool verify = PG_ARGISNULL(4) || PG_GETARG_BOOL(4);
    const char* who = give_token(
        {server, argument_name(fcinfo, 3), token, file == nullptr ? "literal" : "file", verify});
    PG_RETURN_TEXT_P(cstring_to_text(who));
}

extern "C" Datum notion_token_in(PG_FUNCTION_ARGS) {
    using namespace notion::pg;
    const CopiedRow row = begin_copied_row(fcinfo, "notion.token_in");
    take_row(row);
    return end_copied_row(row);
}

// Whoever changes notion.tokens, by whatever statement, tells every session that opened one.
extern "C" Datum notion_secrets_changed(PG_FUNCTION_ARGS) {
    auto* trigger = reinterpret_cast<TriggerData*>(fcinfo->context);
    if (CALLED_AS_TRIGGER(fcinfo))
        CacheInvalidateRelcache(trigger->tg_relation);
    return PointerGetDatum(nullptr);
}
