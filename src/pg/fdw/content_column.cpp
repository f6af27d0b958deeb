// The column page_content of a scan: see the header. scope: query.
#include "pg/postgres.hpp"

#include "pg/content.hpp"
#include "pg/fdw/columns.hpp"
#include "pg/fdw/content_column.hpp"

namespace notion::pg {
namespace {

/// Conditions that name neither the content nor the whole row. What is volatile may be counted on
/// to be evaluated once a row: it stays with the executor.
List* without_content(List* quals, Index index, int number) {
    List* chosen = NIL;
    ListCell* cell;
    foreach (cell, quals) {
        auto* qual = static_cast<Node*>(lfirst(cell));
        Bitmapset* used = nullptr;
        pull_varattnos(qual, index, &used);
        bool needs_it = bms_is_member(number - FirstLowInvalidHeapAttributeNumber, used) ||
                        bms_is_member(0 - FirstLowInvalidHeapAttributeNumber, used);
        if (!needs_it && !contain_volatile_functions(qual))
            chosen = lappend(chosen, qual);
    }
    return chosen;
}

} // namespace

AttrNumber content_column_of(Relation table) {
    TupleDesc description = RelationGetDescr(table);
    for (int at = 0; at < description->natts; at++) {
        Form_pg_attribute attribute = TupleDescAttr(description, at);
        if (!attribute->attisdropped &&
            page_field(NameStr(attribute->attname)) == bridge::Field::content &&
            scan_column(table, attribute->attnum).field == bridge::Field::content)
            return attribute->attnum;
    }
    return InvalidAttrNumber;
}

AttrNumber content_column_read(const Running* running) {
    ListCell* cell;
    foreach (cell, running->planned.columns)
        if (running->table_columns[lfirst_int(cell) - 1].field == bridge::Field::content)
            return static_cast<AttrNumber>(lfirst_int(cell));
    return InvalidAttrNumber;
}

ContentColumn* content_column_begin(ForeignScanState* node, const Running* running) {
    AttrNumber number = content_column_read(running);
    if (number == InvalidAttrNumber)
        return nullptr;
    auto* plan = castNode(ForeignScan, node->ss.ps.plan);
    auto* made = static_cast<ContentColumn*>(palloc0(sizeof(ContentColumn)));
    made->number = number;
    made->early = ExecInitQual(without_content(plan->scan.plan.qual, plan->scan.scanrelid, number),
                               &node->ss.ps);
    return made;
}

bool content_column_fill(ForeignScanState* node, Running* running, TupleTableSlot* slot) {
    ExprContext* context = node->ss.ps.ps_ExprContext;
    context->ecxt_scantuple = slot;
    if (!ExecQual(running->content->early, context)) {
        InstrCountFiltered1(node, 1);
        return false;
    }
    std::string_view page = bridge::scan_page_id(running->scan);
    std::string_view markdown = read_content(running->connection, &running->talk, page);
    int at = running->content->number - 1;
    slot->tts_values[at] = PointerGetDatum(cstring_to_text(server_text(markdown)));
    slot->tts_isnull[at] = false;
    return true;
}

} // namespace notion::pg
