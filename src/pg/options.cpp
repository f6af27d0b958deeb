// The options of servers, foreign tables and columns: see the header. scope: query.
#include "pg/postgres.hpp"

#include "pg/options.hpp"

#include "bridge/endpoint.hpp"

namespace notion::pg {
namespace {

OnMisfit misfit_of(DefElem* option) {
    return strcmp(defGetString(option), "null") == 0 ? OnMisfit::null : OnMisfit::error;
}

bool is(const DefElem* option, const char* name) {
    return strcmp(option->defname, name) == 0;
}

const char* without_slash(const char* url) {
    size_t length = strlen(url);
    while (length > 0 && url[length - 1] == '/')
        length--;
    return pnstrdup(url, length);
}

} // namespace

ServerOptions server_options(const ForeignServer* server) {
    ServerOptions options;
    options.api_url = bridge::notion_url.data();
    options.api_version = bridge::newest_api_version.data();
    options.budget_per_minute = 0;
    options.connect_timeout_ms = 10'000;
    // Notion's own deadline is 55 s: waiting less long would only lose its answer.
    options.request_timeout_ms = 60'000;
    options.read_only = false;
    options.log_values = true;
    options.new_options = true;
    options.exact_names = false;
    options.texts = true;
    options.on_misfit = OnMisfit::error;
    ListCell* cell;
    foreach (cell, server->options) {
        auto* option = static_cast<DefElem*>(lfirst(cell));
        if (is(option, "api_url"))
            options.api_url = without_slash(defGetString(option));
        else if (is(option, "api_version"))
            options.api_version = defGetString(option);
        else if (is(option, "budget_per_minute"))
            options.budget_per_minute = pg_strtoint32(defGetString(option));
        else if (is(option, "connect_timeout_ms"))
            options.connect_timeout_ms = pg_strtoint32(defGetString(option));
        else if (is(option, "request_timeout_ms"))
            options.request_timeout_ms = pg_strtoint32(defGetString(option));
        else if (is(option, "read_only"))
            options.read_only = defGetBoolean(option);
        else if (is(option, "log_values"))
            options.log_values = defGetBoolean(option);
        else if (is(option, "text_pushdown"))
            options.texts = defGetBoolean(option);
        else if (is(option, "new_options"))
            options.new_options = defGetBoolean(option);
        else if (is(option, "names"))
            options.exact_names = strcmp(defGetString(option), "exact") == 0;
        else if (is(option, "on_misfit"))
            options.on_misfit = misfit_of(option);
    }
    return options;
}

TableOptions table_options(Oid table, const ServerOptions& server) {
    TableOptions options;
    options.data_source = nullptr;
    options.time_zone = "UTC";
    options.on_misfit = server.on_misfit;
    options.read_only = server.read_only;
    options.log_values = server.log_values;
    ListCell* cell;
    foreach (cell, GetForeignTable(table)->options) {
        auto* option = static_cast<DefElem*>(lfirst(cell));
        if (is(option, "data_source"))
            options.data_source = defGetString(option);
        else if (is(option, "time_zone"))
            options.time_zone = defGetString(option);
        else if (is(option, "on_misfit"))
            options.on_misfit = misfit_of(option);
        else if (is(option, "read_only"))
            options.read_only = options.read_only || defGetBoolean(option);
        else if (is(option, "log_values"))
            options.log_values = defGetBoolean(option);
    }
    return options;
}

ColumnOptions column_options(Oid table, AttrNumber column) {
    ColumnOptions options;
    memset(&options, 0, sizeof options);
    ListCell* cell;
    foreach (cell, GetForeignColumnOptions(table, column)) {
        auto* option = static_cast<DefElem*>(lfirst(cell));
        if (is(option, "property_id"))
            options.property_id = defGetString(option);
        else if (is(option, "property"))
            options.property = defGetString(option);
        else if (is(option, "type"))
            options.type = defGetString(option);
        else if (is(option, "part"))
            options.is_end = strcmp(defGetString(option), "end") == 0;
    }
    return options;
}

} // namespace notion::pg
