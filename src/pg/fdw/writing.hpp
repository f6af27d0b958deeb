// Writing: the rows that a statement writes to one foreign table, from slots to Notion and back.
// Assumes the bridge encodes and refuses; here are columns, values, budget and waiting.
// Refuses what Notion computes. Whatever is under way when the statement ends is told in its error.
// scope: query.
#pragma once

#include "pg/postgres.hpp"

#include "bridge/modify.hpp"
#include "pg/audit.hpp"
#include "pg/connection.hpp"
#include "pg/datum.hpp"

namespace notion::pg {

struct Writing {
    MemoryContext context; ///< owns `modify`; deleted by writing_end or with the query
    MemoryContext scratch; ///< reset for each row
    Relation table;
    Oid role;
    Connection* connection; ///< null until the first row
    TableOptions options;
    bridge::Modify* modify; ///< null until the first row
    Talk talk;
    int natts;
    bridge::ScanColumn* columns; ///< by number from 1; name is empty where dropped
    Shape* shapes;
    int* targets; ///< by number from 1: index among the bridge's columns, or -1
    int returned_count;
    int* returned; ///< numbers of columns
    bridge::Cell* cells;
    AttrNumber id_column; ///< page_id, 0 = none
    AttrNumber id_junk;   ///< of the plan's output, for UPDATE and DELETE
    bool wants_all;       ///< all columns are wanted back
    List* wanted;         ///< IntList: else these
    int64_t counted;      ///< rows that the transaction knows of
    Entry* entry;         ///< of notion.log
    List* under_way;      ///< what the rows that were added change, in their order: texts for it
    bridge::Write kind;   ///< of the row that was added last
    bool is_linked;
};

/// `wanted`: numbers of the columns that RETURNING names.
Writing* writing_begin(Relation table, Oid role, List* wanted, MemoryContext parent);
void writing_end(Writing* writing);

/// The page that a junk attribute names, in the scratch context.
std::string_view writing_page(Writing* writing, Datum id);

/// A new page from a slot: what is NULL is not sent.
void writing_insert(Writing* writing, TupleTableSlot* slot);
/// A new value for column `number`.
struct NewValue {
    int number;
    Datum value;
    bool null;
    bool was_null; ///< what it replaces
    bool old_known;
    Datum old;
};
/// Changes a page. requires: values; with none nothing would be sent. `base`: see ModifyRow.
void writing_change(Writing* writing, std::string_view page, const NewValue* values, int count,
                    std::string_view base);
/// What differs between the rows. False where nothing does: nothing is sent.
bool writing_update(Writing* writing, std::string_view page, TupleTableSlot* slot,
                    TupleTableSlot* old);
/// Whether two values of column `number` are the same, byte for byte.
bool writing_same(const Writing* writing, int number, Datum one, bool one_null, Datum other,
                  bool other_null);
void writing_trash(Writing* writing, std::string_view page);

/// The next row that is written; false where none is left. Raises where one could not be.
bool writing_next(Writing* writing);
/// Puts what Notion gave back into the slot; what was not wanted is NULL.
void writing_store(Writing* writing, TupleTableSlot* slot);

/// Whether another row can be added before writing_next.
bool writing_room(const Writing* writing);

/// Raises 42501 where options of server or table say read_only.
void check_writable(Relation table);
/// The number of the column that holds the page's id, 0 = none.
AttrNumber id_column_of(Relation table);

} // namespace notion::pg
