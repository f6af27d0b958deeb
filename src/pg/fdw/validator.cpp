// notion_fdw_validator: the options of server, user mapping, table and column, checked when they
// are written. Who may write what that gives power: api_url and token_file (law 12).
// Refuses silence: an unknown option is an error that names the known ones. scope: call.
#include "pg/postgres.hpp"

#include "bridge/objects.hpp"
#include "bridge/scan.hpp"
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
    Check check;
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

/// Only digits, so that what is accepted here is read without an error later.
int64_t number(DefElem* option, const char* expected) {
    const char* text = defGetString(option);
    size_t from = *text == '-' ? 1 : 0;
    size_t digits = strspn(text + from, "0123456789");
    if (digits == 0 || digits > 9 || text[from + digits] != '\0')
        refuse(option, expected);
    return strtol(text, nullptr, 10);
}

void is_boolean(DefElem* option) {
    bool value;
    if (!parse_bool(defGetString(option), &value))
        refuse(option, "\"true\" or \"false\"");
}

void is_timeout(DefElem* option) {
    const char* expected = "milliseconds from 1 to 3600000";
    int64_t value = number(option, expected);
    if (value < 1 || value > 3'600'000)
        refuse(option, expected);
}

void is_budget(DefElem* option) {
    const char* expected = "requests a minute from 1 to 1000000, or -1 for no limit";
    int64_t value = number(option, expected);
    if (value != -1 && (value < 1 || value > 1'000'000))
        refuse(option, expected);
}

void is_misfit(DefElem* option) {
    const char* value = defGetString(option);
    if (strcmp(value, "error") != 0 && strcmp(value, "null") != 0)
        refuse(option, "\"error\" or \"null\"");
}

void is_names(DefElem* option) {
    const char* value = defGetString(option);
    if (strcmp(value, "snake_case") != 0 && strcmp(value, "exact") != 0)
        refuse(option, "\"snake_case\" or \"exact\"");
}

void is_part(DefElem* option) {
    const char* value = defGetString(option);
    if (strcmp(value, "start") != 0 && strcmp(value, "end") != 0)
        refuse(option, "\"start\" or \"end\"");
}

void is_filled(DefElem* option) {
    if (*defGetString(option) == '\0')
        refuse(option, "a text that is not empty");
}

void is_version(DefElem* option) {
    const char* value = defGetString(option);
    size_t length = strlen(value);
    if (length != 10 || strspn(value, "0123456789-") != length || strcmp(value, "2025-09-03") < 0)
        refuse(option, "a version of Notion's API, 2025-09-03 or later, such as \"2026-03-11\"");
}

void is_time_zone(DefElem* option) {
    if (!zone_exists(defGetString(option)))
        refuse(option, "a time zone that pg_timezone_names lists");
}

void is_property_type(DefElem* option) {
    if (bridge::scan_property_type(defGetString(option)) == PropertyType::unknown)
        refuse(option, "Notion's name of a property type, such as \"rich_text\"");
}

void is_object(DefElem* option) {
    for (int number = 0;; number++) {
        std::string_view kind = bridge::objects_kind(number);
        if (kind.empty())
            refuse(option, "users, pages, databases, data_sources, comments, templates or blocks");
        if (kind == defGetString(option))
            return;
    }
}

// http is refused beyond loopback when the request is made, where the address is known.
void is_api_url(DefElem* option) {
    const char* url = defGetString(option);
    bool is_http = strncmp(url, "http://", 7) == 0;
    if (!is_http && strncmp(url, "https://", 8) != 0)
        refuse(option, "a URL that begins with \"https://\"");
    if (is_notion_url(url) || superuser())
        return;
    ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                    errmsg("permission denied to set option \"api_url\""),
                    errdetail("Only a superuser may point a server anywhere but at Notion.")));
}

/// Sealed tokens are bound to it: whoever could give his server another's id could use them.
void is_server_id(DefElem* option) {
    const char* id = defGetString(option);
    if (strlen(id) != 36 || strspn(id, "0123456789abcdef-") != 36)
        refuse(option, "a uuid in lower case, as pg_notion gives it");
    if (superuser())
        return;
    ListCell* cell;
    foreach (cell, servers_of(GetUserId()))
        if (const char* known = server_id(GetForeignServer(lfirst_oid(cell))))
            if (strcmp(known, id) == 0)
                return; // as it was
    ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                    errmsg("permission denied to set option \"id\""),
                    errdetail("The id of a server is given by pg_notion, and kept by dumps.")));
}

void is_token(DefElem* option) {
    const char* token = defGetString(option);
    size_t length = strlen(token);
    if (length == 0)
        refuse(option, "a token of Notion");
    for (size_t at = 0; at < length; at++)
        if (token[at] <= ' ' || token[at] > '~')
            refuse(option, "a token of Notion, without blanks");
    if (settings::require_sealed_tokens)
        ereport(ERROR,
                (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE), errmsg("option \"token\" is not allowed"),
                 errdetail("notion.require_sealed_tokens forbids tokens in clear."),
                 errhint("COPY notion.token_in FROM STDIN, or the option token_file.")));
    ereport(WARNING,
            (errmsg("the token now stands in clear in the catalog"),
             errdetail("Dumps of this database contain it, and the statement just made may stand "
                       "in the server's log and in pg_stat_statements."),
             errhint("COPY notion.token_in FROM STDIN, or the option token_file; then revoke this "
                     "token in Notion.")));
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
                              "of the server.")));
}

constexpr Known known[] = {
    {ForeignServerRelationId, "api_url", is_api_url},
    {ForeignServerRelationId, "api_version", is_version},
    {ForeignServerRelationId, "budget_per_minute", is_budget},
    {ForeignServerRelationId, "connect_timeout_ms", is_timeout},
    {ForeignServerRelationId, "request_timeout_ms", is_timeout},
    {ForeignServerRelationId, "read_only", is_boolean},
    {ForeignServerRelationId, "new_options", is_boolean},
    {ForeignServerRelationId, "on_misfit", is_misfit},
    {ForeignServerRelationId, "names", is_names},
    {ForeignServerRelationId, "text_pushdown", is_boolean},
    {ForeignServerRelationId, "id", is_server_id},
    {UserMappingRelationId, "token", is_token},
    {UserMappingRelationId, "token_file", is_token_file},
    {ForeignTableRelationId, "data_source", is_filled},
    {ForeignTableRelationId, "object", is_object},
    {ForeignTableRelationId, "time_zone", is_time_zone},
    {ForeignTableRelationId, "on_misfit", is_misfit},
    {ForeignTableRelationId, "read_only", is_boolean},
    {AttributeRelationId, "property_id", is_filled},
    {AttributeRelationId, "property", is_filled},
    {AttributeRelationId, "type", is_property_type},
    {AttributeRelationId, "part", is_part},
    {AttributeRelationId, "data_source", is_filled},
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
        found->check(option);
        has_token = has_token || strcmp(option->defname, "token") == 0;
        has_file = has_file || strcmp(option->defname, "token_file") == 0;
    }
    if (has_token && has_file)
        ereport(ERROR, (errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
                        errmsg("options \"token\" and \"token_file\" exclude each other")));
}

} // namespace
} // namespace notion::pg

extern "C" Datum notion_fdw_validator(PG_FUNCTION_ARGS) {
    notion::pg::validate(untransformRelOptions(PG_GETARG_DATUM(0)), PG_GETARG_OID(1));
    PG_RETURN_VOID();
}
