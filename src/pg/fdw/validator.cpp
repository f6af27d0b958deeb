// notion_fdw_validator: the options of server, user mapping, table and column, checked when they
// are written. Who may write what that gives power: api_url and token_file (law 12).
// Refuses silence: an unknown option is an error that names the known ones. scope: call.
#include "pg/postgres.hpp"

#include "bridge/declared.hpp"
#include "pg/connection.hpp"
#include "pg/sealed.hpp"
#include "pg/settings.hpp"
#include "pg/zone.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(notion_fdw_validator);
}

namespace notion::pg {
namespace {

using Check = void (*)(DefElem* option);

struct Known {
    Oid catalog;
    const char* name;
    Declared form;
    Check check; ///< what its form does not tell; null: nothing
};

[[noreturn]] void refuse(const DefElem* option, const char* expected) {
    ereport(ERROR, (errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
                    errmsg("invalid value for option \"%s\"", option->defname),
                    errhint("Expected %s.", expected)));
    pg_unreachable();
}

/// The servers that a role owns, itself or as a member.
List* servers_of(Oid role) {
    List* found = NIL;
    Relation servers = table_open(ForeignServerRelationId, AccessShareLock);
    SysScanDesc scan = systable_beginscan(servers, InvalidOid, false, nullptr, 0, nullptr);
    for (HeapTuple it; HeapTupleIsValid(it = systable_getnext(scan));) {
        auto* form = reinterpret_cast<Form_pg_foreign_server>(GETSTRUCT(it));
        if (has_privs_of_role(role, form->srvowner))
            found = lappend_oid(found, form->oid);
    }
    systable_endscan(scan);
    table_close(servers, AccessShareLock);
    return found;
}

void is_boolean(DefElem* option) {
    bool value;
    if (!parse_bool(defGetString(option), &value))
        refuse(option, "\"true\" or \"false\"");
}

void is_time_zone(DefElem* option) {
    if (!zone_exists(defGetString(option)))
        refuse(option, "a time zone that pg_timezone_names lists");
}

// http is refused beyond loopback when the request is made, where the address is known.
void is_api_url(DefElem* option) {
    const char* url = defGetString(option);
    if (is_notion_url(url) || superuser())
        return;
    ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                    errmsg("permission denied to set option \"api_url\""),
                    errdetail("Only a superuser may point a server anywhere but at Notion."),
                    errhint("Leave the option out, or have a superuser set it.")));
}

/// Sealed tokens are bound to it: whoever could give his server another's id could use them.
void is_server_id(DefElem* option) {
    const char* id = defGetString(option);
    if (superuser())
        return;
    ListCell* cell;
    foreach (cell, servers_of(GetUserId()))
        if (const char* known = server_id(GetForeignServer(lfirst_oid(cell))))
            if (strcmp(known, id) == 0)
                return; // as it was
    ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                    errmsg("permission denied to set option \"id\""),
                    errdetail("The id of a server is given by pg_notion, and kept by dumps."),
                    errhint("Leave the option out; only a superuser may set it, in a restore.")));
}

void is_token(DefElem*) {
    if (settings::require_sealed_tokens)
        ereport(ERROR,
                (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE), errmsg("option \"token\" is not allowed"),
                 errdetail("notion.require_sealed_tokens forbids tokens in clear."),
                 errhint("COPY notion.token_in (server, token) FROM STDIN, or the option "
                         "token_file.")));
    ereport(
        WARNING,
        (errmsg("the token now stands in clear in the catalog"),
         errdetail("Dumps of this database contain it, and the statement just made may stand "
                   "in the server's log and in pg_stat_statements."),
         errhint("COPY notion.token_in (server, token) FROM STDIN, or the option token_file; then "
                 "revoke this token in Notion.")));
}

void is_token_file(DefElem* option) {
    const char* path = defGetString(option);
    if (!is_absolute_path(path))
        refuse(option, "an absolute path on the server");
    if (superuser() || has_privs_of_role(GetUserId(), ROLE_PG_READ_SERVER_FILES))
        return;
    ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                    errmsg("permission denied to set option \"token_file\""),
                    errdetail("Only roles with privileges of pg_read_server_files may name files "
                              "of the server."),
                    errhint("COPY notion.token_in (server, token) FROM STDIN takes a token "
                            "without one.")));
}

constexpr Known known[] = {
    {ForeignServerRelationId, "api_url", Declared::api_url, is_api_url},
    {ForeignServerRelationId, "api_version", Declared::version, nullptr},
    {ForeignServerRelationId, "budget_per_minute", Declared::budget, nullptr},
    {ForeignServerRelationId, "connect_timeout_ms", Declared::timeout_ms, nullptr},
    {ForeignServerRelationId, "request_timeout_ms", Declared::timeout_ms, nullptr},
    {ForeignServerRelationId, "read_only", Declared::any, is_boolean},
    {ForeignServerRelationId, "log_values", Declared::any, is_boolean},
    {ForeignServerRelationId, "new_options", Declared::any, is_boolean},
    {ForeignServerRelationId, "on_misfit", Declared::misfit, nullptr},
    {ForeignServerRelationId, "names", Declared::names, nullptr},
    {ForeignServerRelationId, "text_pushdown", Declared::any, is_boolean},
    {ForeignServerRelationId, "id", Declared::server_id, is_server_id},
    {UserMappingRelationId, "token", Declared::token, is_token},
    {UserMappingRelationId, "token_file", Declared::any, is_token_file},
    {ForeignTableRelationId, "data_source", Declared::filled, nullptr},
    {ForeignTableRelationId, "object", Declared::object, nullptr},
    {ForeignTableRelationId, "time_zone", Declared::any, is_time_zone},
    {ForeignTableRelationId, "on_misfit", Declared::misfit, nullptr},
    {ForeignTableRelationId, "read_only", Declared::any, is_boolean},
    {ForeignTableRelationId, "log_values", Declared::any, is_boolean},
    {AttributeRelationId, "property_id", Declared::filled, nullptr},
    {AttributeRelationId, "property", Declared::filled, nullptr},
    {AttributeRelationId, "type", Declared::property_type, nullptr},
    {AttributeRelationId, "part", Declared::part, nullptr},
    {AttributeRelationId, "data_source", Declared::filled, nullptr},
};

[[noreturn]] void unknown(Oid catalog, const char* name) {
    StringInfoData names;
    initStringInfo(&names);
    for (const Known& it : known)
        if (it.catalog == catalog)
            appendStringInfo(&names, "%s%s", names.len > 0 ? ", " : "", it.name);
    ereport(ERROR, (errcode(ERRCODE_FDW_INVALID_OPTION_NAME), errmsg("invalid option \"%s\"", name),
                    names.len > 0 ? errhint("Valid options in this context are: %s.", names.data)
                                  : errhint("There are no valid options in this context.")));
    pg_unreachable();
}

void validate(List* options, Oid catalog) {
    ListCell* cell;
    bool has_token = false;
    bool has_file = false;
    foreach (cell, options) {
        auto* option = static_cast<DefElem*>(lfirst(cell));
        const Known* found = nullptr;
        for (const Known& it : known)
            if (it.catalog == catalog && strcmp(it.name, option->defname) == 0)
                found = &it;
        if (found == nullptr)
            unknown(catalog, option->defname);
        std::string_view words = bridge::declared_expected(found->form, defGetString(option));
        if (!words.empty())
            refuse(option, words.data());
        if (found->check != nullptr)
            found->check(option);
        has_token = has_token || strcmp(option->defname, "token") == 0;
        has_file = has_file || strcmp(option->defname, "token_file") == 0;
    }
    if (has_token && has_file)
        ereport(ERROR, (errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
                        errmsg("options \"token\" and \"token_file\" exclude each other"),
                        errhint("Drop one of them; a file leaves no token in the catalog.")));
}

} // namespace
} // namespace notion::pg

extern "C" Datum notion_fdw_validator(PG_FUNCTION_ARGS) {
    notion::pg::validate(untransformRelOptions(PG_GETARG_DATUM(0)), PG_GETARG_OID(1));
    PG_RETURN_VOID();
}
