// Running a scan: see the header. Nothing is asked of Notion, and no token read, before the first
// row is wanted. Cleanup hangs on es_query_cxt, since EndForeignScan is not called after an error.
// scope: query.
#include "pg/postgres.hpp"

#include "bridge/mux.hpp"
#include "pg/fdw/columns.hpp"
#include "pg/fdw/content_column.hpp"
#include "pg/fdw/learned.hpp"
#include "pg/fdw/operands.hpp"
#include "pg/fdw/scan.hpp"
#include "pg/fdw/sorted.hpp"
#include "pg/own.hpp"
#include "pg/settings.hpp"
#include "pg/wait.hpp"
#include "pg/zone.hpp"

namespace notion::pg {
namespace {

// More pages than this are found faster by reading the whole data source, where its size is
// unknown.
constexpr int ids_max = 25;
constexpr int page_rows = 100;
// The mux is driven this often while rows are handed out, so that what was asked for ahead
// arrives.
constexpr int rows_a_mux_step = 8;

void choose_columns(ForeignScanState* node, Running* running, List* numbers) {
    TupleDesc description = RelationGetDescr(node->ss.ss_currentRelation);
    running->count = list_length(numbers);
    size_t count = Max(running->count, 1);
    running->numbers = static_cast<int*>(palloc0(sizeof(int) * count));
    running->shapes = static_cast<Shape*>(palloc0(sizeof(Shape) * count));
    running->cells = static_cast<bridge::Cell*>(palloc0(sizeof(bridge::Cell) * count));
    for (int at = 0; at < running->count; at++) {
        running->numbers[at] = list_nth_int(numbers, at);
        Form_pg_attribute attribute = TupleDescAttr(description, running->numbers[at] - 1);
        shape_of(attribute->atttypid, attribute->atttypmod, running->context, &running->shapes[at]);
    }
}

[[noreturn]] void no_data_source(Relation table) {
    ereport(ERROR, (errcode(ERRCODE_FDW_OPTION_NAME_NOT_FOUND),
                    errmsg("foreign table \"%s\" has no option data_source",
                           RelationGetRelationName(table)),
                    errhint("ALTER FOREIGN TABLE … OPTIONS (ADD data_source '<URL or id>').")));
    pg_unreachable();
}

Oid* column_types(Relation table) {
    int count = RelationGetDescr(table)->natts;
    auto* types = static_cast<Oid*>(palloc(sizeof(Oid) * Max(count, 1)));
    for (int at = 0; at < count; at++)
        types[at] = TupleDescAttr(RelationGetDescr(table), at)->atttypid;
    return types;
}

/// The property by which pages that are alike in all times can be told apart.
std::string_view number_property(Relation table, const Running* running) {
    for (int at = 0; at < RelationGetDescr(table)->natts; at++) {
        const bridge::ScanColumn& column = running->table_columns[at];
        if (!TupleDescAttr(RelationGetDescr(table), at)->attisdropped &&
            column.field == bridge::Field::property && column.type == PropertyType::unique_id &&
            !column.by_name)
            return column.property;
    }
    return {};
}

/// Whether what Notion was to sort cannot be left to it (sorted.hpp).
bool is_sorted_here(const Running* running) {
    return running->planned.sort > 0 && running->recheck;
}

bridge::Scan* open(ForeignScanState* node, Running* running, const Connection* connection,
                   const Terms& terms) {
    Relation table = node->ss.ss_currentRelation;
    TableOptions options = table_options(RelationGetRelid(table), connection->options);
    if (options.data_source == nullptr)
        no_data_source(table);
    auto* columns = static_cast<bridge::ScanColumn*>(
        palloc0(sizeof(bridge::ScanColumn) * Max(running->count, 1)));
    for (int at = 0; at < running->count; at++)
        columns[at] = running->table_columns[running->numbers[at] - 1];
    bridge::ScanPlan plan;
    plan.endpoint = connection->endpoint;
    plan.data_source = options.data_source;
    plan.table = RelationGetRelationName(table);
    plan.zone = zone(options.time_zone);
    plan.columns = {columns, static_cast<size_t>(running->count)};
    plan.quals = {terms.quals, static_cast<size_t>(terms.qual_count)};
    plan.terms = {terms.terms, static_cast<size_t>(terms.count)};
    plan.page_ids = {terms.ids, static_cast<size_t>(terms.id_count)};
    bool sorts_here = is_sorted_here(running);
    plan.limit = sorts_here ? 0 : running->planned.limit;
    plan.read_ahead = sorts_here || running->planned.read_ahead;
    bridge::ScanSort sort;
    if (running->planned.sort > 0 && !sorts_here) {
        sort = {running->table_columns[running->planned.sort - 1], running->planned.descending};
        plan.sort = {&sort, 1};
    }
    plan.parallel = settings::max_parallel_requests;
    Learned known;
    bool learned = recall(RelationGetRelid(table), &known);
    int64_t pages = learned ? (known.rows + page_rows - 1) / page_rows : ids_max;
    plan.expected = learned ? pages : 0;
    plan.answer_us = learned ? known.answer_us : 0;
    plan.by_id = terms.by_id && terms.id_count <= Max(pages, 1);
    plan.cuts = {known.at_us, learned ? static_cast<size_t>(known.cuts) : 0};
    plan.number_property = number_property(table, running);
    plan.misfit_null = options.on_misfit == OnMisfit::null;
    return own<bridge::Scan, bridge::scan_shut>(
        running->context, [&](bridge::Fault& fault) { return bridge::scan_open(plan, fault); });
}

void add(bridge::ScanStats* to, const bridge::ScanStats& more) {
    to->requests += more.requests;
    to->bytes += more.bytes;
    to->rows += more.rows;
    to->misfits += more.misfits;
    to->reused += more.reused;
    to->lanes = Max(to->lanes, more.lanes);
}

/// Ends what runs; what it counted stays.
void shut(ForeignScanState* node, Running* running) {
    bridge::ScanLesson lesson;
    if (running->scan != nullptr) {
        add(&running->past, bridge::scan_stats(running->scan));
        if (bridge::scan_lesson(running->scan, lesson))
            learn(RelationGetRelid(node->ss.ss_currentRelation), lesson);
    }
    running->scan = nullptr;
    MemoryContextReset(running->context);
}

[[noreturn]] void misfit(ForeignScanState* node, const Running* running, int at,
                         const char* reason) {
    const bridge::ScanColumn& column = running->table_columns[running->numbers[at] - 1];
    std::string_view page = bridge::scan_page_id(running->scan);
    ereport(
        ERROR,
        (errcode(ERRCODE_INVALID_CHARACTER_VALUE_FOR_CAST),
         errmsg("column \"%s\" of foreign table \"%s\", page %.*s: %s", column.name.data(),
                RelationGetRelationName(node->ss.ss_currentRelation), static_cast<int>(page.size()),
                page.data(), reason),
         errhint("Change the column's type, or set the table's option on_misfit to \"null\".")));
    pg_unreachable();
}

void warn_once(ForeignScanState* node, Running* running) {
    if (running->warned)
        return;
    running->warned = true;
    std::string_view page = bridge::scan_page_id(running->scan);
    ereport(WARNING, (errmsg("values that do not fit are read as NULL"),
                      errdetail("The first one is on page %.*s of foreign table \"%s\".",
                                static_cast<int>(page.size()), page.data(),
                                RelationGetRelationName(node->ss.ss_currentRelation))));
}

bool misfit_is_null(ForeignScanState* node, const Running* running) {
    Oid table = RelationGetRelid(node->ss.ss_currentRelation);
    return table_options(table, running->connection->options).on_misfit == OnMisfit::null;
}

struct Place {
    ForeignScanState* node;
    const Running* running;
    int at;
};

/// Says where an error of a type's own functions (a domain's constraint, an encoding) came up.
void say_where(void* argument) {
    const auto* place = static_cast<const Place*>(argument);
    const Running* running = place->running;
    std::string_view page = bridge::scan_page_id(running->scan);
    errcontext("column \"%s\" of foreign table \"%s\", page %.*s",
               running->table_columns[running->numbers[place->at] - 1].name.data(),
               RelationGetRelationName(place->node->ss.ss_currentRelation),
               static_cast<int>(page.size()), page.data());
}

void fill(ForeignScanState* node, Running* running, TupleTableSlot* slot) {
    Place place = {node, running, 0};
    ErrorContextCallback context = {error_context_stack, say_where, &place};
    error_context_stack = &context;
    memset(slot->tts_isnull, true, sizeof(bool) * slot->tts_tupleDescriptor->natts);
    for (int at = 0; at < running->count; at++) {
        place.at = at;
        Placed placed = to_datum(running->cells[at], &running->shapes[at]);
        if (placed.misfit != nullptr) {
            if (!misfit_is_null(node, running))
                misfit(node, running, at, placed.misfit);
            warn_once(node, running);
            placed = {0, true, nullptr};
        }
        slot->tts_values[running->numbers[at] - 1] = placed.value;
        slot->tts_isnull[running->numbers[at] - 1] = placed.null;
    }
    error_context_stack = context.previous;
    ExecStoreVirtualTuple(slot);
    if (bridge::scan_stats(running->scan).misfits > 0)
        warn_once(node, running);
}

/// The exact conditions, where an operand could not be said to Notion.
bool holds(ForeignScanState* node, Running* running, TupleTableSlot* slot) {
    ExprContext* context = node->ss.ps.ps_ExprContext;
    context->ecxt_scantuple = slot;
    return ExecQual(running->exact, context);
}

/// A row that is not handed out, with the memory of its values: there may be many in one call.
void drop(ForeignScanState* node, TupleTableSlot* slot) {
    ExecClearTuple(slot);
    ResetExprContext(node->ss.ps.ps_ExprContext);
}

/// False at the end, and where it has to be waited for.
bool fetch(ForeignScanState* node, Running* running, TupleTableSlot* slot) {
    while (true) {
        if (++running->steps % rows_a_mux_step == 0 && !bridge::mux_step(running->talk.fault))
            raise(running->talk.fault);
        bridge::Step step =
            bridge::scan_next(running->scan, steady_ms(), running->cells, running->talk.fault);
        if (step.turn == bridge::Turn::done)
            return false;
        running->pending = running->asynchronous && step.turn == bridge::Turn::waits &&
                           step.wait_ms < 0 && !step.refused;
        if (running->pending)
            return false;
        if (step.turn != bridge::Turn::row) {
            talk_serve(&running->talk, step);
            continue;
        }
        if (step.asks_ahead)
            talk_ahead(&running->talk, step);
        fill(node, running, slot);
        if (running->entry != nullptr)
            running->entry->read++;
        bool wanted = !running->recheck || holds(node, running, slot);
        running->removed += wanted ? 0 : 1;
        if (wanted && (running->content == nullptr || content_column_fill(node, running, slot)))
            return true;
        drop(node, slot);
    }
}

/// The next row, or nullptr at the end and where it has to be waited for.
TupleTableSlot* next(ForeignScanState* node, Running* running) {
    TupleTableSlot* slot = node->ss.ss_ScanTupleSlot;
    if (!is_sorted_here(running))
        return fetch(node, running, slot) ? slot : nullptr;
    if (running->sorted == nullptr)
        running->sorted = sorted_begin(node, running);
    while (!running->sorted->complete && fetch(node, running, slot)) {
        sorted_add(running->sorted, slot);
        drop(node, slot);
    }
    return running->pending ? nullptr : sorted_next(running->sorted);
}

} // namespace

Oid scan_role(ForeignScanState* node) {
#if PG_VERSION_NUM >= 160000
    Oid role = castNode(ForeignScan, node->ss.ps.plan)->checkAsUser;
#else
    auto* scan = castNode(ForeignScan, node->ss.ps.plan);
    Oid role = exec_rt_fetch(scan->scan.scanrelid, node->ss.ps.state)->checkAsUser;
#endif
    return OidIsValid(role) ? role : GetUserId();
}

void scan_prepare(ForeignScanState* node, Connection* connection) {
    auto* running = static_cast<Running*>(node->fdw_state);
    MemoryContext before = MemoryContextSwitchTo(running->context);
    Terms terms = make_terms(running->planned, running->table_columns,
                             column_types(node->ss.ss_currentRelation), running->operands);
    running->recheck = terms.partial && running->planned.exact > 0;
    running->awaits = terms.awaits;
    choose_columns(node, running,
                   running->recheck ? running->planned.recheck_columns : running->planned.columns);
    running->scan = open(node, running, connection, terms);
    if (!running->recheck && bridge::scan_words(running->scan).recheck) {
        running->recheck = true;
        choose_columns(node, running, running->planned.recheck_columns);
        running->scan = open(node, running, connection, terms);
    }
    MemoryContextSwitchTo(before);
}

bridge::ScanStats scan_totals(const Running* running) {
    bridge::ScanStats totals = running->past;
    if (running->scan != nullptr)
        add(&totals, bridge::scan_stats(running->scan));
    return totals;
}

void scan_begin(ForeignScanState* node, int flags) {
    auto* plan = castNode(ForeignScan, node->ss.ps.plan);
    Relation table = node->ss.ss_currentRelation;
    auto* running = static_cast<Running*>(palloc0(sizeof(Running)));
    node->fdw_state = running;
    running->context = AllocSetContextCreate(node->ss.ps.state->es_query_cxt, "notion scan",
                                             ALLOCSET_DEFAULT_SIZES);
    running->planned = unpack(plan->fdw_private);
    running->operands.exprs = plan->fdw_exprs;
    int count = RelationGetDescr(table)->natts;
    running->table_columns =
        static_cast<bridge::ScanColumn*>(palloc0(sizeof(bridge::ScanColumn) * Max(count, 1)));
    for (int number = 1; number <= count; number++)
        if (!TupleDescAttr(RelationGetDescr(table), number - 1)->attisdropped)
            running->table_columns[number - 1] =
                scan_column(table, static_cast<AttrNumber>(number));
    if (flags & EXEC_FLAG_EXPLAIN_ONLY) {
        Oid server = GetForeignTable(RelationGetRelid(table))->serverid;
        scan_prepare(node, connect_without_token(server));
        return;
    }
    running->operands.states = ExecInitExprList(plan->fdw_exprs, &node->ss.ps);
    running->operands.context = node->ss.ps.ps_ExprContext;
    List* exact = list_copy_head(plan->fdw_recheck_quals, running->planned.exact);
    running->exact = ExecInitQual(exact, &node->ss.ps);
    running->content = content_column_begin(node, running);
    if (flags & EXEC_FLAG_REWIND) {
        running->kept = tuplestore_begin_heap(false, false, work_mem);
        running->kept_slot =
            ExecInitExtraTupleSlot(node->ss.ps.state, RelationGetDescr(table), &TTSOpsMinimalTuple);
    }
}

TupleTableSlot* scan_iterate(ForeignScanState* node) {
    auto* running = static_cast<Running*>(node->fdw_state);
    TupleTableSlot* slot = node->ss.ss_ScanTupleSlot;
    ExecClearTuple(slot);
    if (running->kept != nullptr &&
        tuplestore_gettupleslot(running->kept, true, false, running->kept_slot))
        return running->kept_slot;
    if (running->complete)
        return slot;
    if (running->connection == nullptr) {
        MemoryContext before = MemoryContextSwitchTo(node->ss.ps.state->es_query_cxt);
        Oid server = GetForeignTable(RelationGetRelid(node->ss.ss_currentRelation))->serverid;
        running->connection = connect(server, scan_role(node));
        talk_begin(&running->talk, running->connection, sync::Priority::interactive);
        running->entry = entry_begin(CurrentMemoryContext, &running->talk, "read", scan_role(node));
        entry_names_table(running->entry, node->ss.ss_currentRelation);
        MemoryContextSwitchTo(before);
    }
    if (running->scan == nullptr)
        scan_prepare(node, running->connection);
    TupleTableSlot* row = next(node, running);
    if (row == nullptr) {
        running->complete = !running->pending;
        return slot;
    }
    if (running->kept != nullptr)
        tuplestore_puttupleslot(running->kept, row);
    return row;
}

void scan_again(ForeignScanState* node) {
    auto* running = static_cast<Running*>(node->fdw_state);
    if (node->ss.ps.chgParam == nullptr && running->kept != nullptr) {
        tuplestore_rescan(running->kept);
        return;
    }
    if (running->kept != nullptr)
        tuplestore_clear(running->kept);
    sorted_end(running->sorted);
    running->sorted = nullptr;
    running->complete = false;
    shut(node, running);
}

void scan_end(ForeignScanState* node) {
    auto* running = static_cast<Running*>(node->fdw_state);
    if (running == nullptr)
        return;
    entry_done(running->entry);
    shut(node, running);
    sorted_end(running->sorted);
    if (running->kept != nullptr)
        tuplestore_end(running->kept);
}

} // namespace notion::pg
