// Planning a scan of a foreign table: which conditions go to Notion, what it will cost, and whether
// a LIMIT is met by fewer pages. Makes no request. scope: planning.
#pragma once

#include "pg/postgres.hpp"

namespace notion::pg {

void plan_size(PlannerInfo* root, RelOptInfo* rel, Oid table);
void plan_paths(PlannerInfo* root, RelOptInfo* rel, Oid table);
ForeignScan* plan_scan(PlannerInfo* root, RelOptInfo* rel, Oid table, ForeignPath* path,
                       List* target_list, List* clauses, Plan* outer);

/// Whether Notion can be asked for this condition of the table, whatever its operand.
bool plan_takes(PlannerInfo* root, RelOptInfo* rel, Expr* clause);
/// Whether the column is the page's id: then each value is a request of its own.
bool plan_is_by_id(const RelOptInfo* rel, AttrNumber column);

} // namespace notion::pg
