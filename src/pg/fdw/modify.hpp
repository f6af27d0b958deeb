// INSERT, UPDATE and DELETE on foreign tables, COPY into them and rows routed to foreign
// partitions: the executor's callbacks. Batches of an INSERT have several requests in flight; rows
// of UPDATE and DELETE come one at a time here, and together in direct.hpp. scope: query.
#pragma once

#include "pg/postgres.hpp"

namespace notion::pg {

/// The junk attribute that says which page, or which object, a row is.
inline constexpr const char* modify_id_junk = "notion_page_id";

void modify_targets(PlannerInfo* root, Index index, RangeTblEntry* entry, Relation table);
List* modify_plan(PlannerInfo* root, ModifyTable* plan, Index index, int subplan);
void modify_begin(ModifyTableState* state, ResultRelInfo* result, List* fdw_private, int subplan,
                  int flags);
TupleTableSlot* modify_insert(EState* estate, ResultRelInfo* result, TupleTableSlot* slot,
                              TupleTableSlot* plan_slot);
TupleTableSlot** modify_insert_batch(EState* estate, ResultRelInfo* result, TupleTableSlot** slots,
                                     TupleTableSlot** plan_slots, int* count);
int modify_batch_size(ResultRelInfo* result);
TupleTableSlot* modify_update(EState* estate, ResultRelInfo* result, TupleTableSlot* slot,
                              TupleTableSlot* plan_slot);
TupleTableSlot* modify_delete(EState* estate, ResultRelInfo* result, TupleTableSlot* slot,
                              TupleTableSlot* plan_slot);
void modify_end(EState* estate, ResultRelInfo* result);
void modify_begin_insert(ModifyTableState* state, ResultRelInfo* result);
void modify_end_insert(EState* estate, ResultRelInfo* result);
int modify_updatable(Relation table);
void modify_explain(ModifyTableState* state, ResultRelInfo* result, List* fdw_private, int subplan,
                    ExplainState* explain);
void modify_truncate(List* relations, DropBehavior behavior, bool restart_sequences);

/// Refuses what no write to this table can do: read_only, ON CONFLICT.
void modify_check(Relation table, const ModifyTable* plan);
/// IntList: numbers of the columns of result `subplan` that RETURNING names.
List* returned_columns(const ModifyTable* plan, Index index, int subplan, TupleDesc description);

} // namespace notion::pg
