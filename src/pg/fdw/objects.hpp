// Foreign tables of schema "system": users, pages, databases, data_sources, comments, templates,
// blocks. They have the option `object` in place of data_source, and columns by fixed names.
// Read only. What Notion lists by a parent only needs a condition on the parent's column.
// scope: query.
#pragma once

#include "pg/postgres.hpp"

namespace notion::pg {

/// The kind of object that a foreign table lists, null where it is a data source's.
const char* object_of(Oid table);

void objects_size(PlannerInfo* root, RelOptInfo* rel, Oid table);
void objects_paths(PlannerInfo* root, RelOptInfo* rel, Oid table);
ForeignScan* objects_plan(PlannerInfo* root, RelOptInfo* rel, Oid table, List* target_list,
                          List* clauses);

/// Whether a plan is one of objects_plan.
bool is_objects(const ForeignScanState* node);
void objects_begin(ForeignScanState* node, int flags);
TupleTableSlot* objects_iterate(ForeignScanState* node);
void objects_again(ForeignScanState* node);
void objects_end(ForeignScanState* node);
void objects_explain(ForeignScanState* node, ExplainState* explain);

/// CREATE FOREIGN TABLE for each kind; names as LIMIT TO and EXCEPT want them.
List* objects_import(const ImportForeignSchemaStmt* statement, const char* server);

} // namespace notion::pg
