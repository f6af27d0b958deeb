// The order that Notion was to give, made here: where a condition that it was to decide has to be
// checked here too, one answer need not be enough, and longer lists are not safe to sort there
// (upper.cpp). Every row is read, in the order of creation. scope: query.
#pragma once

#include "pg/postgres.hpp"

namespace notion::pg {

struct Running;

/// Rows in the order of one column. Lives in es_query_cxt.
struct Sorted {
    Tuplesortstate* rows;
    TupleTableSlot* slot;
    bool complete; ///< all rows are in it, and they come out
};

/// By the column and direction of running's plan.
Sorted* sorted_begin(ForeignScanState* node, const Running* running);
void sorted_add(Sorted* sorted, TupleTableSlot* slot);
/// The next row, or nullptr. The first call sorts: nothing is added after it.
TupleTableSlot* sorted_next(Sorted* sorted);
void sorted_end(Sorted* sorted);

} // namespace notion::pg
