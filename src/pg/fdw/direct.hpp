// UPDATE and DELETE of one foreign table, as its scan: first all rows are read and what they become
// is computed, then all is written, several requests at a time, then RETURNING gets its rows.
// Reading ends before writing begins, so that no page moves out of a result while it is read, and
// nothing flies while the executor is elsewhere. scope: query.
#pragma once

#include "pg/postgres.hpp"

namespace notion::pg {

/// False where rows must be written one by one: a join, a subquery per row.
bool direct_plan(PlannerInfo* root, ModifyTable* plan, Index index, int subplan);
void direct_begin(ForeignScanState* node, int flags);
TupleTableSlot* direct_iterate(ForeignScanState* node);
void direct_end(ForeignScanState* node);
void direct_explain(ForeignScanState* node, ExplainState* explain);

} // namespace notion::pg
