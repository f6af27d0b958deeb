// The column page_content of a scan: a request for each row that is handed out, and for no other.
// The executor tests a scan's conditions after it has the row: so those that do not need the
// content are tested here first (postgres.md 37). scope: query.
#pragma once

#include "pg/fdw/scan.hpp"

namespace notion::pg {

struct ContentColumn {
    int number;       ///< of the column
    ExprState* early; ///< conditions that do without it
};

/// The number of the column by which the query reads the content, 0 = it does not.
AttrNumber content_column_read(const Running* running);
/// Null where the query does not read the content. requires: running->planned, table_columns.
ContentColumn* content_column_begin(ForeignScanState* node, const Running* running);
/// Reads the content of the row in the slot. False where a condition takes the row away.
bool content_column_fill(ForeignScanState* node, Running* running, TupleTableSlot* slot);
/// The number of the column that holds the content, 0 = none.
AttrNumber content_column_of(Relation table);

} // namespace notion::pg
