// Planning a scan of a foreign table: which conditions go to Notion, what it will cost, and whether
// a LIMIT is met by fewer pages. Makes no request. scope: planning.
#pragma once

#include "pg/postgres.hpp"

namespace notion::pg {

void plan_size(PlannerInfo* root, RelOptInfo* rel, Oid table);
void plan_paths(PlannerInfo* root, RelOptInfo* rel, Oid table);
ForeignScan* plan_scan(PlannerInfo* root, RelOptInfo* rel, Oid table, ForeignPath* path,
                       List* target_list, List* clauses, Plan* outer);

} // namespace notion::pg
