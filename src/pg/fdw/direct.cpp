// UPDATE and DELETE of one foreign table: see the header. Rows wait in a tuplestore, which goes to
// disk where they are many. scope: query.
#include "pg/postgres.hpp"

#include "pg/fdw/columns.hpp"
#include "pg/fdw/content_column.hpp"
#include "pg/fdw/direct.hpp"
#include "pg/fdw/explain.hpp"
#include "pg/fdw/modify.hpp"
#include "pg/fdw/objects.hpp"
#include "pg/fdw/scan.hpp"
#include "pg/fdw/writing.hpp"

namespace notion::pg {
namespace {

// A row that waits: page, base, a mark for each target, then the targets' new values.
constexpr int fixed_fields = 3;
constexpr char same = 's';
constexpr char changed = 'c';
constexpr char was_null = 'n';

/// In Running.direct.
struct Direct {
    Writing* writing;
    CmdType operation;
    ExprState* qual;
    List* values; ///< ExprStates of the new values
    int* targets; ///< numbers of the columns that they are for
    int count;
    bridge::ScanColumn* kept; ///< columns of which the write keeps something
    int kept_count;
    bool returns;
    bool counts; ///< for the command's tag
    bool written;
    int64_t processed;
    MemoryContext scratch;
    TupleDesc description; ///< of rows that wait
    Tuplestorestate* waiting;
    TupleTableSlot* waiting_slot;
    Tuplestorestate* results;
    TupleTableSlot* result_slot;
};

bool is_plain_scan(Plan* plan, Index index) {
    return plan != nullptr && IsA(plan, ForeignScan) &&
           castNode(ForeignScan, plan)->scan.scanrelid == index;
}

TupleDesc describe(Relation table, const Direct* direct) {
    TupleDesc made = CreateTemplateTupleDesc(fixed_fields + 2 * direct->count);
    for (AttrNumber number = 1; number <= fixed_fields; number++)
        TupleDescInitEntry(made, number, nullptr, TEXTOID, -1, 0);
    for (int at = 0; at < direct->count; at++) {
        Form_pg_attribute attribute =
            TupleDescAttr(RelationGetDescr(table), direct->targets[at] - 1);
        for (int place : {at, direct->count + at}) // what it becomes, and what it was
            TupleDescInitEntry(made, static_cast<AttrNumber>(fixed_fields + place + 1), nullptr,
                               attribute->atttypid, attribute->atttypmod, attribute->attndims);
    }
    return made;
}

Datum text_of(std::string_view text) {
    return PointerGetDatum(cstring_to_text_with_len(text.data(), static_cast<int>(text.size())));
}

std::string_view view_of(Datum text) {
    const auto* value = reinterpret_cast<varlena*>(PG_DETOAST_DATUM_PACKED(text));
    return {VARDATA_ANY(value), static_cast<size_t>(VARSIZE_ANY_EXHDR(value))};
}

/// What the page's content was nobody has read: it is written in any case.
bool is_content(const Direct* direct, int number) {
    return direct->writing->columns[number - 1].field == bridge::Field::content;
}

/// Puts a row by. False where an UPDATE leaves it as it is.
bool put_by(ForeignScanState* node, Running* running, Direct* direct, TupleTableSlot* slot) {
    size_t fields = static_cast<size_t>(fixed_fields + 2 * direct->count);
    auto* values = static_cast<Datum*>(palloc0(sizeof(Datum) * fields));
    auto* nulls = static_cast<bool*>(palloc0(sizeof(bool) * fields));
    auto* marks = static_cast<char*>(palloc0(static_cast<size_t>(direct->count) + 1));
    bool any = direct->operation == CMD_DELETE;
    for (int at = 0; at < direct->count; at++) {
        int number = direct->targets[at];
        auto* state = static_cast<ExprState*>(list_nth(direct->values, at));
        Datum* value = &values[fixed_fields + at];
        bool* null = &nulls[fixed_fields + at];
        *value = ExecEvalExpr(state, node->ss.ps.ps_ExprContext, null);
        bool old_null = slot->tts_isnull[number - 1];
        values[fixed_fields + direct->count + at] = slot->tts_values[number - 1];
        nulls[fixed_fields + direct->count + at] = old_null;
        bool is_same =
            !is_content(direct, number) && writing_same(direct->writing, number, *value, *null,
                                                        slot->tts_values[number - 1], old_null);
        marks[at] = is_same ? same : old_null ? was_null : changed;
        any = any || !is_same;
    }
    if (!any)
        return false;
    std::string_view base;
    if (direct->kept_count > 0)
        base = bridge::scan_properties(running->scan,
                                       {direct->kept, static_cast<size_t>(direct->kept_count)});
    values[0] = text_of(bridge::scan_page_id(running->scan));
    values[1] = text_of(base);
    values[2] = text_of(marks);
    tuplestore_putvalues(direct->waiting, direct->description, values, nulls);
    return true;
}

/// Reads to the end, before the first write.
void gather(ForeignScanState* node, Running* running, Direct* direct) {
    ExprContext* context = node->ss.ps.ps_ExprContext;
    MemoryContext before = MemoryContextSwitchTo(direct->scratch);
    while (true) {
        MemoryContextReset(direct->scratch);
        TupleTableSlot* slot = scan_iterate(node);
        if (TupIsNull(slot))
            break;
        ResetExprContext(context);
        context->ecxt_scantuple = slot;
        if (!ExecQual(direct->qual, context)) {
            InstrCountFiltered1(node, 1);
            continue;
        }
        direct->processed++;
        if (!put_by(node, running, direct, slot) && direct->returns)
            tuplestore_puttupleslot(direct->results, slot);
    }
    MemoryContextSwitchTo(before);
}

/// False where none is left.
bool add_next(Direct* direct) {
    TupleTableSlot* slot = direct->waiting_slot;
    if (!tuplestore_gettupleslot(direct->waiting, true, false, slot))
        return false;
    slot_getallattrs(slot);
    std::string_view page = view_of(slot->tts_values[0]);
    if (direct->operation == CMD_DELETE) {
        writing_trash(direct->writing, page);
        return true;
    }
    std::string_view marks = view_of(slot->tts_values[2]);
    auto* values = static_cast<NewValue*>(palloc0(sizeof(NewValue) * Max(marks.size(), 1)));
    int count = 0;
    for (size_t at = 0; at < marks.size(); at++) {
        const size_t place = fixed_fields + at;
        const int number = direct->targets[at];
        if (marks[at] != same)
            values[count++] = {number,
                               slot->tts_values[place],
                               slot->tts_isnull[place],
                               marks[at] == was_null,
                               !is_content(direct, number),
                               slot->tts_values[place + marks.size()]};
    }
    writing_change(direct->writing, page, values, count, view_of(slot->tts_values[1]));
    pfree(values);
    return true;
}

void write_all(Direct* direct, TupleTableSlot* scratch_slot) {
    bool more = true;
    while (true) {
        while (more && writing_room(direct->writing))
            more = add_next(direct);
        if (direct->writing->modify == nullptr || !writing_next(direct->writing))
            return;
        if (!direct->returns)
            continue;
        ExecClearTuple(scratch_slot);
        writing_store(direct->writing, scratch_slot);
        tuplestore_puttupleslot(direct->results, scratch_slot);
    }
}

void run(ForeignScanState* node, Running* running, Direct* direct) {
    EState* estate = node->ss.ps.state;
    MemoryContext before = MemoryContextSwitchTo(estate->es_query_cxt);
    direct->waiting = tuplestore_begin_heap(false, false, work_mem);
    if (direct->returns)
        direct->results = tuplestore_begin_heap(false, false, work_mem);
    MemoryContextSwitchTo(before);
    gather(node, running, direct);
    write_all(direct, node->ss.ss_ScanTupleSlot);
    direct->written = true;
    if (direct->returns)
        return;
    if (direct->counts)
        estate->es_processed += static_cast<uint64>(direct->processed);
    if (node->ss.ps.instrument != nullptr)
        node->ss.ps.instrument->tuplecount += static_cast<double>(direct->processed);
}

Direct* direct_of(ForeignScanState* node) {
    return static_cast<Direct*>(static_cast<Running*>(node->fdw_state)->direct);
}

void choose_kept(Direct* direct) {
    direct->kept = static_cast<bridge::ScanColumn*>(
        palloc0(sizeof(bridge::ScanColumn) * static_cast<size_t>(Max(direct->count, 1))));
    for (int at = 0; at < direct->count; at++) {
        const bridge::ScanColumn& column = direct->writing->columns[direct->targets[at] - 1];
        if (bridge::modify_keeps(column))
            direct->kept[direct->kept_count++] = column;
    }
}

/// The scan reads what the new values, the conditions and RETURNING need, and no whole row.
void narrow(ForeignScan* scan, List* exprs, List* targets, List* returned, Relation table) {
    TupleDesc description = RelationGetDescr(table);
    AttrNumber content = content_column_of(table);
    Planned planned = unpack(scan->fdw_private);
    Bitmapset* used = nullptr;
    Index index = scan->scan.scanrelid;
    pull_varattnos(reinterpret_cast<Node*>(exprs), index, &used);
    pull_varattnos(reinterpret_cast<Node*>(scan->scan.plan.qual), index, &used);
    planned.columns = used_columns(used, description);
    bool reads_content = list_member_int(planned.columns, content);
    planned.columns = list_concat_unique_int(planned.columns, targets);
    planned.columns = list_concat_unique_int(planned.columns, returned);
    // It is written without being read; and a row that is handed back has it from Notion anew.
    if (list_member_int(targets, content) && !reads_content)
        planned.columns = list_delete_int(planned.columns, content);
    list_sort(planned.columns, list_int_cmp);
    Bitmapset* exact = nullptr;
    List* quals = list_copy_head(scan->fdw_recheck_quals, planned.exact);
    pull_varattnos(reinterpret_cast<Node*>(quals), index, &exact);
    planned.recheck_columns =
        list_concat_unique_int(list_copy(planned.columns), used_columns(exact, description));
    list_sort(planned.recheck_columns, list_int_cmp);
    planned.limit = 0;
    planned.read_ahead = true;
    scan->fdw_private = pack(planned);
}

} // namespace

bool direct_plan(PlannerInfo* root, ModifyTable* plan, Index index, int subplan) {
    bool is_update = plan->operation == CMD_UPDATE;
    if ((!is_update && plan->operation != CMD_DELETE) || !is_plain_scan(outerPlan(plan), index))
        return false;
    if (object_of(planner_rt_fetch(index, root)->relid) != nullptr)
        return false;
    auto* scan = castNode(ForeignScan, outerPlan(plan));
    List* targets = NIL;
    List* exprs = NIL;
    if (is_update) {
        List* list = NIL;
        get_translated_update_targetlist(root, index, &list, &targets);
        if (contain_subplans(reinterpret_cast<Node*>(list)))
            return false;
        ListCell* cell;
        foreach (cell, list)
            if (!lfirst_node(TargetEntry, cell)->resjunk)
                exprs = lappend(exprs, copyObjectImpl(lfirst_node(TargetEntry, cell)->expr));
    }
    Relation table = table_open(planner_rt_fetch(index, root)->relid, NoLock);
    modify_check(table, plan);
    List* returned = returned_columns(plan, index, subplan, RelationGetDescr(table));
    narrow(scan, exprs, targets, returned, table);
    table_close(table, NoLock);
    List* numbers =
        list_make3_int(list_length(scan->fdw_exprs), plan->returningLists != NIL, plan->canSetTag);
    scan->fdw_private = lappend(scan->fdw_private, list_make3(targets, returned, numbers));
    scan->fdw_exprs = list_concat(scan->fdw_exprs, exprs);
    scan->operation = plan->operation;
    scan->resultRelation = index;
    return true;
}

void direct_begin(ForeignScanState* node, int flags) {
    auto* scan = castNode(ForeignScan, node->ss.ps.plan);
    auto* own = static_cast<List*>(llast(scan->fdw_private));
    auto* targets = static_cast<List*>(linitial(own));
    auto* numbers = static_cast<List*>(lthird(own));
    scan_begin(node, flags);
    if (flags & EXEC_FLAG_EXPLAIN_ONLY)
        return;
    auto* running = static_cast<Running*>(node->fdw_state);
    EState* estate = node->ss.ps.state;
    Relation table = node->ss.ss_currentRelation;
    auto* direct = static_cast<Direct*>(palloc0(sizeof(Direct)));
    running->direct = direct;
    direct->operation = scan->operation;
    direct->returns = lsecond_int(numbers) != 0;
    direct->counts = lthird_int(numbers) != 0;
    direct->writing = writing_begin(table, scan_role(node), static_cast<List*>(lsecond(own)),
                                    estate->es_query_cxt);
    direct->count = list_length(targets);
    direct->targets = static_cast<int*>(palloc0(sizeof(int) * Max(direct->count, 1)));
    for (int at = 0; at < direct->count; at++)
        direct->targets[at] = list_nth_int(targets, at);
    direct->values = list_copy_tail(running->operands.states, linitial_int(numbers));
    direct->qual = node->ss.ps.qual;
    choose_kept(direct);
    direct->scratch =
        AllocSetContextCreate(estate->es_query_cxt, "notion update", ALLOCSET_DEFAULT_SIZES);
    direct->description = describe(table, direct);
    direct->waiting_slot = ExecInitExtraTupleSlot(estate, direct->description, &TTSOpsMinimalTuple);
    direct->result_slot =
        ExecInitExtraTupleSlot(estate, RelationGetDescr(table), &TTSOpsMinimalTuple);
    // What is handed back is a row as written: it need not meet the conditions any more, and
    // the plan's target list holds the new values' expressions.
    node->ss.ps.qual = nullptr;
    node->ss.ps.ps_ProjInfo = nullptr;
}

TupleTableSlot* direct_iterate(ForeignScanState* node) {
    auto* running = static_cast<Running*>(node->fdw_state);
    auto* direct = static_cast<Direct*>(running->direct);
    if (!direct->written)
        run(node, running, direct);
    if (!direct->returns ||
        !tuplestore_gettupleslot(direct->results, true, false, direct->result_slot))
        return ExecClearTuple(direct->result_slot);
    node->ss.ps.state->es_processed += direct->counts;
    node->resultRelInfo->ri_projectReturning->pi_exprContext->ecxt_scantuple = direct->result_slot;
    return direct->result_slot;
}

void direct_end(ForeignScanState* node) {
    auto* running = static_cast<Running*>(node->fdw_state);
    auto* direct = running == nullptr ? nullptr : static_cast<Direct*>(running->direct);
    if (direct != nullptr) {
        writing_end(direct->writing);
        if (direct->waiting != nullptr)
            tuplestore_end(direct->waiting);
        if (direct->results != nullptr)
            tuplestore_end(direct->results);
    }
    scan_end(node);
}

void direct_explain(ForeignScanState* node, ExplainState* explain) {
    explain_scan(node, explain);
    ExplainPropertyText("Notion Write", "PATCH /v1/pages/:page_id", explain);
    auto* running = static_cast<Running*>(node->fdw_state);
    if (!explain->analyze || !explain->timing || running->direct == nullptr)
        return;
    ExplainPropertyInteger("Writes", nullptr, direct_of(node)->writing->talk.requests, explain);
}

} // namespace notion::pg
