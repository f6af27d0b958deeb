// ORDER BY with LIMIT, where Notion sorts as PostgreSQL does and one answer is enough.
// scope: planning.
#pragma once

#include "pg/fdw/quals.hpp"

namespace notion::pg {

/// The column by which Notion sorts.
struct Top {
    AttrNumber column;
    bool descending;
};

/// Whether the query's order can be left to Notion, with `quals` and `terms` as planned. `top` may
/// be null. requires: there is a LIMIT, and nothing between it and the scan but a sort.
bool top_order(const Table& table, List* quals, List* terms, Top* top);

} // namespace notion::pg
