// The options of servers, user mappings, foreign tables and their columns: read into structs.
// Assumes the validator (fdw/validator.cpp) saw them; what may change behind its back is checked
// again at use. scope: query.
#pragma once

#include "pg/postgres.hpp"

namespace notion::pg {

enum class OnMisfit : uint8_t { error, null };

struct ServerOptions {
    const char* api_url; ///< never with a slash at the end
    const char* api_version;
    int32_t budget_per_minute; ///< 0: Notion's smallest plan; < 0: unlimited
    int32_t connect_timeout_ms;
    int32_t request_timeout_ms;
    bool read_only;
    bool log_values;  ///< notion.log has values that sessions write
    bool new_options; ///< writes may add options to a select
    bool exact_names;
    bool texts; ///< text_pushdown: conditions on texts may be asked of Notion
    OnMisfit on_misfit;
};

struct TableOptions {
    const char* data_source; ///< as given: an id or a URL; null where absent
    const char* time_zone;   ///< "UTC" where absent
    OnMisfit on_misfit;
    bool read_only;
    bool log_values;
};

struct ColumnOptions {
    const char* property_id; ///< null where absent
    const char* property;    ///< null where absent
    const char* type;        ///< Notion's name of the property's type; null where absent
    bool is_end;             ///< part 'end'
};

/// Strings point into the option lists, which live as long as `server` and the table's caches.
ServerOptions server_options(const ForeignServer* server);
/// requires: `server` are those of the table's server, which the table's own override.
TableOptions table_options(Oid table, const ServerOptions& server);
ColumnOptions column_options(Oid table, AttrNumber column);

} // namespace notion::pg
