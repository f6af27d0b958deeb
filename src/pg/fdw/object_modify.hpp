// INSERT, UPDATE and DELETE on the foreign tables of schema "system" that can be written: blocks,
// and new comments. A request a row, one after the other, in the order of the rows.
// scope: query.
#pragma once

#include "pg/postgres.hpp"

namespace notion::pg {

/// Raises where no write of this kind is possible.
void object_modify_check(Relation table, CmdType operation);
AttrNumber object_key_column(Relation table);
int object_updatable(Relation table);
void object_modify_begin(ModifyTableState* state, ResultRelInfo* result, Oid role);
/// One row; gives the slot back with what Notion made of it.
TupleTableSlot* object_modify(ResultRelInfo* result, CmdType operation, TupleTableSlot* slot,
                              TupleTableSlot* plan_slot);
void object_modify_end(ResultRelInfo* result);

} // namespace notion::pg
