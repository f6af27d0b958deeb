// ANALYZE of a foreign table: see the header. It reads the oldest pages, at most as many as
// notion.analyze_requests allows; of a larger data source it keeps the number of rows that was
// known, or what it saw, since Notion has no way to count.
// Refuses autovacuum, which would spend the budget on its own (postgres.md 33). scope: call.
#include "pg/postgres.hpp"

#include "pg/connection.hpp"
#include "pg/datum.hpp"
#include "pg/fdw/analyze.hpp"
#include "pg/fdw/columns.hpp"
#include "pg/own.hpp"
#include "pg/settings.hpp"
#include "pg/talk.hpp"
#include "pg/wait.hpp"
#include "pg/zone.hpp"

namespace notion::pg {
namespace {

constexpr int page_rows = 100;

struct Sampling {
    Relation table;
    int count; ///< columns that are read: all
    bridge::ScanColumn* columns;
    int* numbers;
    Shape* shapes;
    bridge::Cell* cells;
    Datum* values;
    bool* nulls;
    bridge::Scan* scan;
    Talk talk;
};

void choose_columns(Sampling* sampling) {
    TupleDesc description = RelationGetDescr(sampling->table);
    size_t all = Max(description->natts, 1);
    sampling->columns = static_cast<bridge::ScanColumn*>(palloc0(sizeof(bridge::ScanColumn) * all));
    sampling->numbers = static_cast<int*>(palloc0(sizeof(int) * all));
    sampling->shapes = static_cast<Shape*>(palloc0(sizeof(Shape) * all));
    sampling->cells = static_cast<bridge::Cell*>(palloc0(sizeof(bridge::Cell) * all));
    sampling->values = static_cast<Datum*>(palloc0(sizeof(Datum) * all));
    sampling->nulls = static_cast<bool*>(palloc0(sizeof(bool) * all));
    for (int number = 1; number <= description->natts; number++) {
        Form_pg_attribute attribute = TupleDescAttr(description, number - 1);
        if (attribute->attisdropped)
            continue;
        int at = sampling->count++;
        sampling->numbers[at] = number;
        sampling->columns[at] = scan_column(sampling->table, static_cast<AttrNumber>(number));
        shape_of(attribute->atttypid, attribute->atttypmod, CurrentMemoryContext,
                 &sampling->shapes[at]);
    }
}

/// A value that its column cannot hold is no reason to have no statistics: NULL.
void open(Sampling* sampling) {
    Oid server = GetForeignTable(RelationGetRelid(sampling->table))->serverid;
    Connection* connection = connect(server, GetUserId());
    TableOptions options = table_options(RelationGetRelid(sampling->table), connection->options);
    bridge::ScanPlan plan = {};
    plan.endpoint = connection->endpoint;
    plan.data_source = options.data_source != nullptr ? options.data_source : "";
    plan.table = RelationGetRelationName(sampling->table);
    plan.zone = zone(options.time_zone);
    plan.columns = {sampling->columns, static_cast<size_t>(sampling->count)};
    plan.limit = int64_t{settings::analyze_requests} * page_rows;
    plan.read_ahead = true;
    plan.misfit_null = true;
    sampling->scan = own<bridge::Scan, bridge::scan_shut>(
        CurrentMemoryContext, [&](bridge::Fault& fault) { return bridge::scan_open(plan, fault); });
    talk_begin(&sampling->talk, connection, sync::Priority::interactive);
}

bool next(Sampling* sampling) {
    while (true) {
        bridge::Step step =
            bridge::scan_next(sampling->scan, steady_ms(), sampling->cells, sampling->talk.fault);
        if (step.turn == bridge::Turn::done)
            return false;
        if (step.turn != bridge::Turn::row) {
            talk_serve(&sampling->talk, step);
            continue;
        }
        if (step.asks_ahead)
            talk_ahead(&sampling->talk, step);
        return true;
    }
}

HeapTuple tuple_of(Sampling* sampling, MemoryContext context, MemoryContext scratch) {
    MemoryContext before = MemoryContextSwitchTo(scratch);
    TupleDesc description = RelationGetDescr(sampling->table);
    memset(sampling->nulls, true, sizeof(bool) * description->natts);
    for (int at = 0; at < sampling->count; at++) {
        Placed placed = to_datum(sampling->cells[at], &sampling->shapes[at]);
        sampling->values[sampling->numbers[at] - 1] = placed.value;
        sampling->nulls[sampling->numbers[at] - 1] = placed.null || placed.misfit != nullptr;
    }
    MemoryContextSwitchTo(context);
    HeapTuple tuple = heap_form_tuple(description, sampling->values, sampling->nulls);
    MemoryContextSwitchTo(before);
    MemoryContextReset(scratch);
    return tuple;
}

/// The n-th row replaces a random one of the sample with probability target / n (Vitter's R).
int acquire(Relation table, int level, HeapTuple* rows, int target, double* total, double* dead) {
    MemoryContext context = CurrentMemoryContext;
    MemoryContext work = AllocSetContextCreate(context, "notion analyze", ALLOCSET_DEFAULT_SIZES);
    MemoryContext scratch = AllocSetContextCreate(work, "notion row", ALLOCSET_DEFAULT_SIZES);
    MemoryContextSwitchTo(work);
    auto* sampling = static_cast<Sampling*>(palloc0(sizeof(Sampling)));
    sampling->table = table;
    choose_columns(sampling);
    open(sampling);
    int64_t seen_max = int64_t{settings::analyze_requests} * page_rows;
    int64_t seen = 0;
    int kept = 0;
    while (seen < seen_max && next(sampling)) {
        seen++;
        if (kept < target) {
            rows[kept++] = tuple_of(sampling, context, scratch);
            continue;
        }
        auto victim =
            static_cast<int64_t>(pg_prng_double(&pg_global_prng_state) * static_cast<double>(seen));
        if (victim < target) {
            heap_freetuple(rows[victim]);
            rows[victim] = tuple_of(sampling, context, scratch);
        }
    }
    bool all = seen < seen_max;
    *total = Max(static_cast<double>(seen), all ? 0 : table->rd_rel->reltuples);
    *dead = 0;
    ereport(level,
            (errmsg("\"%s\": %d rows in sample, %s %.0f rows", RelationGetRelationName(table), kept,
                    all ? "of" : "of at least", *total)));
    MemoryContextSwitchTo(context);
    MemoryContextDelete(work);
    return kept;
}

bool is_autovacuum() {
#if PG_VERSION_NUM >= 170000
    return AmAutoVacuumWorkerProcess();
#else
    return IsAutoVacuumWorkerProcess();
#endif
}

} // namespace

bool analyze_table(Relation table, AcquireSampleRowsFunc* sample, BlockNumber* pages) {
    if (is_autovacuum() || settings::analyze_requests == 0)
        return false;
    *sample = acquire;
    *pages = static_cast<BlockNumber>(
        Max(1, table->rd_rel->reltuples > 0 ? table->rd_rel->reltuples / page_rows : 1));
    return true;
}

} // namespace notion::pg
