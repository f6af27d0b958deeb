// IMPORT FOREIGN SCHEMA: see the header. Only CREATE FOREIGN TABLE may be returned, so comments are
// the work of notion.refresh. LIMIT TO and EXCEPT speak of our names. scope: call.
#include "pg/postgres.hpp"

#include "pg/catalog.hpp"
#include "pg/datum.hpp"
#include "pg/fdw/columns.hpp"
#include "pg/fdw/import.hpp"
#include "pg/fdw/objects.hpp"
#include "pg/options.hpp"

namespace notion::pg {
namespace {

struct Wishes {
    const char* data_source;
    bool exact_names;
    bool columns[10]; ///< of page_columns
};

struct PageColumn {
    const char* name;
    const char* type;
    bool always;
};

constexpr PageColumn page_columns[10] = {
    {"page_id", "uuid", true},
    {"page_url", "text", true},
    {"page_created_at", "timestamp with time zone", true},
    {"page_edited_at", "timestamp with time zone", true},
    {"page_created_by", "uuid", false},
    {"page_edited_by", "uuid", false},
    {"page_icon", "jsonb", false},
    {"page_cover", "jsonb", false},
    {"page_template", "text", false},
    {"page_content", "text", false},
};

void take_page_columns(Wishes* wishes, const char* text) {
    List* names;
    if (!SplitIdentifierString(pstrdup(text), ',', &names))
        names = list_make1(pstrdup(text));
    ListCell* cell;
    foreach (cell, names) {
        auto* name = static_cast<char*>(lfirst(cell));
        bool found = false;
        for (int at = 0; at < 10; at++)
            if (strcmp(page_columns[at].name, name) == 0)
                found = wishes->columns[at] = true;
        if (!found)
            ereport(ERROR,
                    (errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
                     errmsg("a page has no column \"%s\"", name),
                     errhint("page_columns may name page_created_by, page_edited_by, page_icon, "
                             "page_cover, page_template and page_content, separated by commas.")));
    }
}

Wishes read_wishes(const ImportForeignSchemaStmt* statement, const ServerOptions& server) {
    Wishes wishes;
    wishes.data_source = "";
    wishes.exact_names = server.exact_names;
    for (int at = 0; at < 10; at++)
        wishes.columns[at] = page_columns[at].always;
    ListCell* cell;
    foreach (cell, statement->options) {
        auto* option = static_cast<DefElem*>(lfirst(cell));
        const char* value = defGetString(option);
        if (strcmp(option->defname, "data_source") == 0) {
            wishes.data_source = value;
        } else if (strcmp(option->defname, "page_columns") == 0) {
            take_page_columns(&wishes, value);
        } else if (strcmp(option->defname, "names") == 0 &&
                   (strcmp(value, "exact") == 0 || strcmp(value, "snake_case") == 0)) {
            wishes.exact_names = strcmp(value, "exact") == 0;
        } else {
            ereport(ERROR, (errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
                            errmsg("invalid option \"%s\"", option->defname),
                            errhint("Valid options are: data_source, names (\"snake_case\" or "
                                    "\"exact\"), page_columns.")));
        }
    }
    return wishes;
}

const char* literal(std::string_view utf8) {
    return quote_literal_cstr(server_text(utf8));
}

const char* ident(std::string_view utf8) {
    return quote_identifier(server_text(utf8));
}

bool is_listed(const ImportForeignSchemaStmt* statement, const char* table) {
    ListCell* cell;
    foreach (cell, statement->table_list)
        if (strcmp(static_cast<RangeVar*>(lfirst(cell))->relname, table) == 0)
            return true;
    return false;
}

bool is_wanted(const ImportForeignSchemaStmt* statement, const char* table) {
    if (statement->list_type == FDW_IMPORT_SCHEMA_ALL)
        return true;
    return is_listed(statement, table) == (statement->list_type == FDW_IMPORT_SCHEMA_LIMIT_TO);
}

char* create_statement(const bridge::Catalog* catalog, int index, const Wishes& wishes,
                       const char* server, const char* time_zone) {
    bridge::CatalogSource source = bridge::catalog_source(catalog, index);
    StringInfoData sql;
    initStringInfo(&sql);
    appendStringInfo(&sql, "CREATE FOREIGN TABLE %s (", ident(source.table));
    const char* comma = "";
    for (int at = 0; at < 10; at++) {
        if (!wishes.columns[at])
            continue;
        appendStringInfo(&sql, "%s\n  %s %s", comma, page_columns[at].name, page_columns[at].type);
        comma = ",";
    }
    for (int at = 0; at < source.columns; at++) {
        bridge::CatalogColumn column = bridge::catalog_column(catalog, index, at);
        appendStringInfo(&sql, "%s\n  %s %.*s OPTIONS (property_id %s, property %s", comma,
                         ident(column.name), static_cast<int>(column.sql_type.size()),
                         column.sql_type.data(), literal(column.property_id),
                         literal(column.property));
        if (!column.type.empty())
            appendStringInfo(&sql, ", type %s", literal(column.type));
        if (!column.related.empty())
            appendStringInfo(&sql, ", data_source %s", literal(column.related));
        appendStringInfoString(&sql, ")");
        comma = ",";
    }
    appendStringInfo(&sql, ")\nSERVER %s OPTIONS (data_source %s, time_zone %s)",
                     quote_identifier(server), literal(source.id), literal(time_zone));
    return sql.data;
}

void warn_of_missing(const ImportForeignSchemaStmt* statement, const bridge::Catalog* catalog) {
    ListCell* cell;
    foreach (cell, statement->table_list) {
        const char* name = static_cast<RangeVar*>(lfirst(cell))->relname;
        bool found = false;
        for (int at = 0; at < bridge::catalog_count(catalog); at++)
            found =
                found || strcmp(server_text(bridge::catalog_source(catalog, at).table), name) == 0;
        if (!found)
            ereport(WARNING,
                    (errmsg("no data source becomes a table named \"%s\"", name),
                     errhint("LIMIT TO and EXCEPT name tables as IMPORT would name them.")));
    }
}

} // namespace

List* import_schema(ImportForeignSchemaStmt* statement, Oid server_oid) {
    ForeignServer* server = GetForeignServer(server_oid);
    if (strcmp(statement->remote_schema, "system") == 0)
        return objects_import(statement, server->servername);
    if (strcmp(statement->remote_schema, "workspace") != 0)
        ereport(ERROR, (errcode(ERRCODE_FDW_SCHEMA_NOT_FOUND),
                        errmsg("a workspace has no schema \"%s\"", statement->remote_schema),
                        errhint("IMPORT FOREIGN SCHEMA workspace FROM SERVER %s INTO …; "
                                "or \"system\" for users, blocks and the like.",
                                quote_identifier(server->servername))));
    Wishes wishes = read_wishes(statement, server_options(server));
    bridge::Catalog* catalog = read_catalog(server_oid, GetUserId(), wishes.data_source,
                                            wishes.exact_names, CurrentMemoryContext);
    const char* time_zone = pg_get_timezone_name(session_timezone);
    List* statements = NIL;
    for (int at = 0; at < bridge::catalog_count(catalog); at++) {
        const char* table = server_text(bridge::catalog_source(catalog, at).table);
        if (is_wanted(statement, table))
            statements = lappend(
                statements, create_statement(catalog, at, wishes, server->servername, time_zone));
    }
    warn_of_missing(statement, catalog);
    return statements;
}

} // namespace notion::pg
