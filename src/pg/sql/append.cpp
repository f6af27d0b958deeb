// notion.append: who asks is the role that runs the statement, or of the SECURITY DEFINER function
// around it, as for any table: so a trigger may append, one that apply fires as the table's owner
// too. What is asked is then written down with the extension's own rights
// (extension/56-append.sql). scope: call.
#include "pg/postgres.hpp"
#include "pg/worker/query.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(notion_append_to_page);
PG_FUNCTION_INFO_V1(notion_append_to_row);
}

namespace {

constexpr int arguments = 3;

/// `statement` takes the caller's name, then the arguments of the function, of these types.
Datum queue(FunctionCallInfo fcinfo, const char* statement, Oid first_type) {
    if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
        ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                        errmsg("notion.append needs to know where: its first two arguments must "
                               "not be null"),
                        errhint("A server and a page, or a linked table and a key.")));
    Oid user;
    int context;
    GetUserIdAndSecContext(&user, &context);
    Oid types[arguments + 1] = {NAMEOID, first_type, TEXTOID, TEXTOID};
    auto* caller = static_cast<Name>(palloc0(NAMEDATALEN));
    namestrcpy(caller, GetUserNameFromId(user, false));
    Datum values[arguments + 1] = {NameGetDatum(caller), PG_GETARG_DATUM(0), PG_GETARG_DATUM(1),
                                   PG_ARGISNULL(2) ? Datum(0) : PG_GETARG_DATUM(2)};
    const char nulls[] = {' ', ' ', ' ', PG_ARGISNULL(2) ? 'n' : ' ', '\0'};
    SetUserIdAndSecContext(BOOTSTRAP_SUPERUSERID, context | SECURITY_LOCAL_USERID_CHANGE);
    notion::pg::worker::connect_spi();
    if (SPI_execute_with_args(statement, arguments + 1, types, values, nulls, false, 1) !=
            SPI_OK_SELECT ||
        SPI_processed != 1)
        elog(ERROR, "notion.append wrote nothing down");
    bool is_null;
    Datum number = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &is_null);
    int64 id = is_null ? 0 : DatumGetInt64(number);
    SPI_finish();
    SetUserIdAndSecContext(user, context);
    if (is_null)
        PG_RETURN_NULL();
    PG_RETURN_INT64(id);
}

} // namespace

/// (server name, page text, markdown text) returns bigint
extern "C" Datum notion_append_to_page(PG_FUNCTION_ARGS) {
    return queue(fcinfo, "SELECT notion.queue_append_to_page($1, $2, $3, $4)", NAMEOID);
}

/// ("table" regclass, key text, markdown text) returns bigint
extern "C" Datum notion_append_to_row(PG_FUNCTION_ARGS) {
    return queue(fcinfo, "SELECT notion.queue_append_to_row($1, $2, $3, $4)", REGCLASSOID);
}
