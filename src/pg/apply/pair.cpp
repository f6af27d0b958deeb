// Pair: the second half of a sync. The data source was read into snapshots of the job; here, in one
// transaction, each page finds its row: by mapping, by marker, by the natural key of `match`.
// Differences without `prefer` fail the job, with the count: nothing was asked, nothing is done.
// scope: step.
#include "pg/apply/tasks.hpp"

#include "pg/apply/natural.hpp"
#include "pg/apply/rows.hpp"
#include "pg/own.hpp"
#include "pg/worker/process.hpp"
#include "pg/worker/query.hpp"

namespace notion::pg::apply {
namespace {

using namespace worker;

constinit Query select_job = {R"(
SELECT j.id, j.link, coalesce(j.args ->> 'match', ''), coalesce(j.args ->> 'prefer', '')
  FROM notion.jobs j WHERE j.state = 'pairing' ORDER BY j.id LIMIT 1 FOR UPDATE)"};

/// Pages that have a row already are merged like any other snapshot.
constinit Query release_mapped = {R"(
UPDATE notion.snapshots s SET job = NULL, due = now()
  FROM notion.mappings m
 WHERE s.link = $1 AND s.job = $2 AND m.link = s.link AND m.page = s.page)"};

constinit Query select_unpaired = {R"(
SELECT s.page::text, coalesce(s.marker, ''), to_jsonb(s)::text FROM notion.snapshots s
 WHERE s.link = $1 AND s.job = $2 ORDER BY s.created, s.page)"};

constinit Query insert_mapping = {R"(
INSERT INTO notion.mappings (link, key, page, url, page_state, base, edited, seen_at)
SELECT $1, $2, s.page, s.url, CASE WHEN s.in_trash THEN 'trashed' ELSE 'live' END,
       $4::jsonb -> 'base', s.edited, s.asked_at
  FROM notion.snapshots s WHERE s.link = $1 AND s.page = $3::uuid
ON CONFLICT (link, key) DO UPDATE SET page = excluded.page, url = excluded.url,
       page_state = excluded.page_state, base = excluded.base, edited = excluded.edited
 WHERE mappings.page IS NULL AND mappings.flight = 'none')"};

constinit Query log_pairing = {R"(
INSERT INTO notion.log (link, key, page, side, action, actor)
VALUES ($1, $2, $3::uuid, 'postgres', 'pair', 'notion.sync'))"};

/// Pages without a row become rows where the link reads from Notion; the others are left alone.
constinit Query release_unpaired = {R"(
WITH gone AS (DELETE FROM notion.snapshots s
               WHERE s.link = $1 AND s.job = $2 AND (NOT $3 OR s.in_trash))
UPDATE notion.snapshots s SET job = NULL, due = now()
 WHERE s.link = $1 AND s.job = $2 AND $3 AND NOT s.in_trash)"};

constinit Query drop_snapshot = {
    "DELETE FROM notion.snapshots WHERE link = $1 AND page = $2::uuid"};
/// Its mapping was made from it: nothing newer is known that it might lag behind.
constinit Query release_snapshot = {
    "UPDATE notion.snapshots SET job = NULL, due = now(), lagging = false"
    " WHERE link = $1 AND page = $2::uuid"};

constinit Query enqueue_rows = {R"(
INSERT INTO notion.work AS w (link, key, bulk)
SELECT $1, k, true FROM unnest($2::text[]) k ORDER BY k COLLATE "C" -- as net folds: no deadlock
ON CONFLICT (link, key) DO UPDATE SET version = w.version + 1, state = 'new', due = now())"};

constinit Query finish = {R"(
WITH done AS (UPDATE notion.jobs SET state = 'done', finished_at = clock_timestamp()
               WHERE id = $2),
polled AS (UPDATE notion.polls SET next_at = now() WHERE link = $1)
UPDATE notion.links SET state = 'active', reason = NULL, needs_sync = NULL,
       synced_at = coalesce(synced_at, clock_timestamp())
 WHERE id = $1 AND state IN ('new', 'active', 'resting'))"};

/// What mapped pages showed, and what polls brought, is news whatever became of the job: nothing
/// else will bring it again.
constinit Query fail_job = {R"(
WITH gone AS (
    DELETE FROM notion.snapshots s USING notion.links l
     WHERE l.id = $1 AND s.link = $1 AND s.job = $2 AND (l.synced_at IS NULL OR s.via = 'scan')
       AND NOT EXISTS (SELECT FROM notion.mappings m WHERE m.link = $1 AND m.page = s.page)),
kept AS (
    UPDATE notion.snapshots s SET job = NULL, due = now() FROM notion.links l
     WHERE l.id = $1 AND s.link = $1 AND s.job = $2
       AND (l.synced_at IS NOT NULL AND s.via <> 'scan'
            OR EXISTS (SELECT FROM notion.mappings m WHERE m.link = $1 AND m.page = s.page)))
UPDATE notion.jobs SET state = 'failed', reason = $3, finished_at = clock_timestamp()
 WHERE id = $2)"};

constinit Query count_differences = {
    "SELECT count(*)::integer FROM jsonb_array_elements($1::jsonb -> 'differs')"};

struct Job {
    int64 id;
    int32 link;
    std::string_view match;
    std::string_view prefer;
};

struct Pairing {
    const Job* job;
    const Linked* linked;
    bridge::Text* text;
    NaturalKeys* natural;
    int64 differing; ///< pairs with different values, no side preferred
};

/// The row's key for a page: its marker, if such a row exists; else the natural key.
bool find_row(const Pairing& pairing, std::string_view marker, std::string_view snapshot,
              std::string_view* key, Row* row, Refusal* refusal) {
    if (!marker.empty()) {
        // A marker that is no key, "abc" for an integer, has no row. Whoever holds a lock has said
        // nothing about the row: taken for absent, it would be doubled.
        const bool known = read_row(*pairing.linked, marker, Lock::none, row, refusal);
        if (!known && !refusal->is_misfit())
            return false;
        if (known && row->found) {
            *key = marker;
            return true;
        }
    }
    if (pairing.natural == nullptr)
        return true;
    *key = natural_match(*pairing.natural, *pairing.linked, snapshot, pairing.text);
    return key->empty() || read_row(*pairing.linked, *key, Lock::none, row, refusal);
}

void pair(Pairing& pairing, std::string_view page, std::string_view key, const Row& row,
          std::string_view snapshot) {
    bridge::Fault fault;
    if (!bridge::sync_pair(pairing.linked->core, row.json, snapshot, pairing.job->prefer,
                           pairing.text, fault))
        raise(fault);
    const std::string_view told = bridge::text_view(pairing.text);
    (void)run(count_differences, {as_jsonb(told)});
    const bool differs = int32(column_int8(0, 1)) > 0;
    if (differs && pairing.job->prefer.empty()) {
        pairing.differing++;
        return;
    }
    const Arg link = as_int4(pairing.job->link);
    if (run(insert_mapping, {link, as_text(key), as_text(page), as_jsonb(told)}) == 0)
        return; // the key has a page already: this one is a copy, and becomes a row of its own
    (void)run(log_pairing, {link, as_text(key), as_text(page)});
    (void)run(differs && pairing.job->prefer == "notion" ? release_snapshot : drop_snapshot,
              {link, as_text(page)});
}

void pair_page(Pairing& pairing, uint64 place) {
    const std::string_view page = column_view(place, 1);
    const std::string_view marker = column_view(place, 2);
    const std::string_view snapshot = column_view(place, 3);
    std::string_view key;
    Row row = {};
    Refusal refusal;
    if (!find_row(pairing, marker, snapshot, &key, &row, &refusal))
        ereport(ERROR, (errcode(refusal.sqlstate), errmsg("%s", refusal.message)));
    if (row.found)
        pair(pairing, page, key, row, snapshot);
}

/// A data source has up to 250,000 pages: what a hundred took is given back before the next ones.
void pair_all(Pairing& pairing) {
    constexpr int pages_at_once = 100;
    const Arg link = as_int4(pairing.job->link);
    const Arg job = as_int8(pairing.job->id);
    (void)run(release_mapped, {link, job});
    Portal pages = open_cursor(select_unpaired, {link, job});
    for (;;) {
        SPI_cursor_fetch(pages, true, pages_at_once);
        SPITupleTable* table = SPI_tuptable;
        const uint64 count = SPI_processed;
        if (count == 0)
            break;
        worker::connect_spi();
        for (uint64 place = 0; place < count; place++) {
            CHECK_FOR_INTERRUPTS();
            SPI_tuptable = table; // the statements of a page replace SPI's last result
            SPI_processed = count;
            pair_page(pairing, place);
        }
        SPI_finish();
        SPI_freetuptable(table);
    }
    SPI_cursor_close(pages);
}

void fail(const Job& job, const char* reason) {
    (void)run(fail_job, {as_int4(job.link), as_int8(job.id), as_text(reason)});
}

void finish_pairing(const Pairing& pairing) {
    const Job& job = *pairing.job;
    const Arg link = as_int4(job.link);
    const Arg id = as_int8(job.id);
    (void)run(release_unpaired, {link, id, as_bool(pairing.linked->inserts)});
    Refusal refusal;
    Datum keys;
    if (!all_keys(*pairing.linked, &keys, &refusal))
        ereport(ERROR, (errcode(refusal.sqlstate), errmsg("%s", refusal.message)));
    (void)run(enqueue_rows, {link, Arg{TEXTARRAYOID, keys}});
    (void)run(finish, {link, id});
}

/// All of it in a subtransaction, so that a refusal leaves nothing behind but the failed job.
void try_to_pair(const Job& job, bridge::Text* text) {
    MemoryContext memory = CurrentMemoryContext;
    ResourceOwner resources = CurrentResourceOwner;
    const char* volatile reason = nullptr;
    BeginInternalSubTransaction(nullptr);
    MemoryContextSwitchTo(memory);
    PG_TRY();
    {
        Pairing pairing = {&job, load(job.link, memory), text, nullptr, 0};
        if (pairing.linked == nullptr)
            ereport(ERROR, (errmsg("the linked table or one of its columns is gone")));
        Refusal refusal;
        if (!job.match.empty() &&
            !natural_keys(*pairing.linked, job.match, &pairing.natural, &refusal))
            ereport(ERROR, (errcode(refusal.sqlstate), errmsg("%s", refusal.message)));
        pair_all(pairing);
        if (pairing.differing > 0)
            ereport(ERROR, (errmsg("%lld matched %s: say which side to prefer, by "
                                   "notion.sync(…, prefer => 'postgres' or 'notion'); "
                                   "notion.plan shows them",
                                   static_cast<long long>(pairing.differing),
                                   pairing.differing == 1 ? "pair differs" : "pairs differ")));
        finish_pairing(pairing);
        ReleaseCurrentSubTransaction();
    }
    PG_CATCH();
    {
        MemoryContextSwitchTo(memory);
        ErrorData* error = CopyErrorData();
        FlushErrorState();
        RollbackAndReleaseCurrentSubTransaction();
        reason = error->message;
    }
    PG_END_TRY();
    MemoryContextSwitchTo(memory);
    CurrentResourceOwner = resources;
    if (reason != nullptr)
        fail(job, reason);
}

} // namespace

bool pair_one_job() {
    worker::begin("pairing rows and pages");
    const bool found = run(select_job) > 0;
    if (found) {
        const Job job = {column_int8(0, 1), int32(column_int8(0, 2)), column_view(0, 3),
                         column_view(0, 4)};
        auto* text = own<bridge::Text, bridge::text_free>(
            CurrentMemoryContext, [](bridge::Fault& fault) { return bridge::text_new(fault); });
        try_to_pair(job, text);
    }
    worker::commit();
    if (found)
        worker::wake_net(MyDatabaseId);
    return found;
}

} // namespace notion::pg::apply
