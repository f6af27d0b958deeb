// Merge: an admitted snapshot into its row, in one transaction with the base, the log and the
// conflicts. Attempts are counted before they are made, in a transaction of their own, so that a
// snapshot that ends the process is set aside in the end.
// scope: step.
#include "pg/apply/tasks.hpp"

#include "pg/apply/image.hpp"
#include "pg/apply/origin.hpp"
#include "pg/apply/references.hpp"
#include "pg/apply/rule.hpp"
#include "pg/capture/outbox.hpp"
#include "pg/own.hpp"
#include "pg/settings.hpp"
#include "pg/worker/process.hpp"
#include "pg/worker/query.hpp"

namespace notion::pg::apply {
namespace {

using namespace worker;

constexpr int batch = 50;

/// Only where something is about to be deleted: merges are many, and most delete nothing.
constinit Query brake = {R"(
SELECT notion.brake() WHERE EXISTS (SELECT FROM notion.snapshots WHERE in_trash))"};

constinit Query claim = {R"(
UPDATE notion.snapshots s
   SET attempts = attempts + 1, failed = attempts >= 30,
       due = now() + least(interval '200 ms' * power(2, least(attempts, 12)), interval '5 min')
 WHERE (s.link, s.page) IN (
    SELECT d.link, d.page FROM notion.snapshots d
      JOIN notion.links l ON l.id = d.link AND l.state = 'active'
     WHERE NOT d.failed AND d.job IS NULL AND d.due <= now()
     ORDER BY d.due LIMIT $1 FOR UPDATE OF d SKIP LOCKED)
RETURNING s.link, s.page::text)"};

/// A row that ends the process is a row that Notion's change cannot be applied to.
constinit Query count_death = {R"(
UPDATE notion.snapshots
   SET deaths = deaths + 1, failed = deaths >= 2, due = now() + (deaths + 1) * interval '2 s',
       reason = 'applying it ended the process: code of the table runs for too long and goes on '
                'when it is cancelled'
 WHERE link = $1 AND page = $2::uuid)"};

/// The mapping first: its lock is what the two processes exclude each other by.
constinit Query lock_mapping = {R"(
SELECT m.key, m.flight, to_jsonb(m)::text FROM notion.mappings m
 WHERE m.link = $1 AND m.page = $2::uuid FOR UPDATE)"};

constinit Query select_snapshot = {R"(
SELECT to_jsonb(s)::text,
       jsonb_build_object('row_changed_at', coalesce(w.captured_at, m.changed_at),
           'row_changed_by', w.who, 'snapshot_asked_at', s.asked_at, 'edited', s.edited,
           'edited_by', s.edited_by, 'hops', coalesce(h.hops, 0), 'dirty_hint', w.key IS NOT NULL,
           'deleted', coalesce(w.deleted, false), 'trashed_since', m.trashed_since,
           'trash_grace_ms', $3::bigint,
           'resolutions', CASE WHEN m.held::text LIKE '%"resolve: %'
                               THEN notion.resolutions(m.link, m.key) END)::text,
       coalesce(h.hops, 0), s.edited_by::text
  FROM notion.snapshots s
  LEFT JOIN notion.mappings m ON m.link = s.link AND m.page = s.page
  LEFT JOIN notion.work w ON w.link = m.link AND w.key = m.key
  LEFT JOIN LATERAL (SELECT m.hops WHERE m.hopped_at > now() - interval '10 min') h ON true
 WHERE s.link = $1 AND s.page = $2::uuid AND NOT s.failed FOR UPDATE OF s)"};

/// $1 link, $2 page, $3 key, $4 what the core told, $5 what it told of the row as written.
constinit Query keep_merged = {R"(
WITH told AS (
    SELECT $4 AS j, coalesce($5 -> 'base', $4 -> 'base') AS base,
           coalesce($4 -> 'log', '[]') || coalesce($5 -> 'log', '[]') AS changes,
           coalesce($5 ->> 'dirty', $4 ->> 'dirty')::boolean AS dirty,
           -- What was applied came out different, and goes back: one hop (protocol.md 1.9).
           ($5 ->> 'dirty')::boolean AND jsonb_array_length($5 -> 'log') > 0 AS hops),
seen AS (DELETE FROM notion.snapshots s WHERE s.link = $1 AND s.page = $2::uuid RETURNING s.*),
mapped AS (
    INSERT INTO notion.mappings AS m (link, key, page, url, page_state, row_state, base, held,
                                      edited, seen_at, looked_at, hops, hopped_at, fence)
    SELECT $1, $3, $2::uuid, seen.url, coalesce(j ->> 'page_state', 'live'),
           j ->> 'row_state',
           told.base, coalesce(j -> 'held', '{}'), seen.edited, seen.asked_at,
           CASE WHEN seen.via IN ('get', 'answer') THEN seen.asked_at END,
           CASE WHEN told.hops THEN 1 ELSE 0 END, CASE WHEN told.hops THEN now() END,
           seen.tick
      FROM told, seen
    ON CONFLICT (link, key) DO UPDATE
       SET page = excluded.page, url = excluded.url, page_state = excluded.page_state,
           row_state = excluded.row_state, base = excluded.base, held = excluded.held,
           edited = greatest(m.edited, excluded.edited), seen_at = excluded.seen_at,
           looked_at = coalesce(excluded.looked_at, m.looked_at),
           hops = CASE WHEN excluded.hopped_at IS NULL THEN m.hops
                       WHEN m.hopped_at > now() - interval '10 min' THEN m.hops + 1 ELSE 1 END,
           hopped_at = coalesce(excluded.hopped_at, m.hopped_at),
           fence = greatest(m.fence, excluded.fence),
           trashed_since = CASE excluded.page_state WHEN 'trashed'
                           THEN coalesce(m.trashed_since, excluded.seen_at) END,
           tombstone = CASE excluded.row_state WHEN 'deleted' THEN m.tombstone END),
logged AS (
    INSERT INTO notion.log (link, key, page, side, action, changes, actor)
    SELECT $1, $3, $2::uuid, 'notion', j ->> 'action',
           (SELECT jsonb_object_agg(c ->> 'column', c - 'column')
                       FILTER (WHERE c ->> 'column' IS NOT NULL)
              FROM jsonb_array_elements(told.changes) c), seen.edited_by::text
      FROM told, seen
     WHERE j ->> 'action' <> 'none' OR jsonb_array_length(told.changes) > 0)
INSERT INTO notion.work AS w (link, key, hops, captured_at, who)
SELECT $1, $3, 1, coalesce(m.changed_at, now()), m.changed_by
  FROM told LEFT JOIN notion.mappings m ON m.link = $1 AND m.key = $3
 WHERE told.dirty
ON CONFLICT (link, key) DO UPDATE SET version = w.version + 1, state = 'new', due = now())"};

/// What was asked for before the last acknowledgement, or shows an older minute, is no news any
/// more: a snapshot that was refused for long, and then retried. The page is read again instead.
constinit Query drop_stale = {R"(
WITH stale AS (
    DELETE FROM notion.snapshots s USING notion.mappings m
     WHERE s.link = $1 AND s.page = $2::uuid AND m.link = s.link AND m.page = s.page
       AND (s.tick < m.fence OR s.edited < m.edited) RETURNING s.link, s.page)
INSERT INTO notion.due_pages AS d (link, page, why)
SELECT link, page, 'overtaken while it waited' FROM stale
    ON CONFLICT (link, page) DO UPDATE SET due = least(d.due, now()), attempts = 0)"};

/// A page that nobody maps, with the marker of a row whose own page is not known yet: that row's
/// create decides, or the look-up of what became of it. Taken for a new page, it would be doubled.
constinit Query select_claimant = {R"(
SELECT FROM notion.snapshots s
  LEFT JOIN notion.mappings m ON m.link = s.link AND m.key = s.marker
  LEFT JOIN notion.work w ON w.link = s.link AND w.key = s.marker
 WHERE s.link = $1 AND s.page = $2::uuid AND m.page IS NULL
   AND (m.flight <> 'none' OR w.state IN ('new', 'wish', 'sending') AND NOT w.deleted))"};

/// A wish was decided before this snapshot was merged: it is decided again.
constinit Query decide_again = {R"(
UPDATE notion.work SET state = 'new', version = version + 1, due = now()
 WHERE link = $1 AND key = $2 AND state = 'wish')"};

constinit Query keep_conflicts = {"SELECT notion.keep_conflicts($1, $2, $3::uuid, $4)"};

constinit Query drop_snapshot = {
    "DELETE FROM notion.snapshots WHERE link = $1 AND page = $2::uuid"};

constinit Query set_aside = {R"(
UPDATE notion.snapshots
   SET reason = $3, failed = failed OR (NOT $4 AND asked_at < now() - interval '10 min')
 WHERE link = $1 AND page = $2::uuid)"};

constinit Query mark_deleted = {"SELECT ($1::jsonb || '{\"deleted\": true}')::text"};

constinit Query read_told = {
    "SELECT j ->> 'action', coalesce(j -> 'write', '{}')::text, coalesce(j ->> 'reason', ''), "
    "       coalesce(j -> 'asks', '[]')::text, coalesce(j ->> 'mark', ''), "
    "       coalesce((j ->> 'recheck')::boolean, false) "
    "FROM (SELECT $1::jsonb AS j) told"};

/// The key of a mapping that remembers a page, and not whose it was (notion.forget).
constexpr std::string_view forgotten_prefix = "forgotten:";

constinit Query keep_tombstone = {
    "UPDATE notion.mappings SET tombstone = $3 WHERE link = $1 AND key = $2"};

/// The image of the row that comes back, with what the page says now.
constinit Query read_tombstone = {
    "SELECT notion.revived(m.link, m.tombstone, $3)::text FROM notion.mappings m"
    " WHERE m.link = $1 AND m.key = $2 AND m.tombstone IS NOT NULL"};

constinit Query read_mark = {"SELECT substr(on_notion_trash, 6) FROM notion.links"
                             " WHERE id = $1 AND on_notion_trash LIKE 'mark:%'"};

/// A page becomes no row yet: a column that may not be NULL needs another's, or its own is near.
constinit Query is_early = {R"(
SELECT EXISTS (
    SELECT FROM jsonb_array_elements($2::jsonb) w
      JOIN notion.link_columns c ON c.link = $1 AND c.column_name = w ->> 'column_name'
      LEFT JOIN notion.links t ON t.table_id = c.refers_to
     WHERE c.not_null
        OR EXISTS (SELECT FROM notion.snapshots s
                    WHERE s.link = t.id AND s.page::text = w ->> 'wanted' AND NOT s.failed)
        OR EXISTS (SELECT FROM notion.jobs j WHERE j.link = t.id AND j.finished_at IS NULL
                      AND t.synced_at IS NULL AND t.state <> 'paused')))"};

/// Nobody announces that a page is still in the trash.
constinit Query look_again = {R"(
INSERT INTO notion.due_pages (link, page, why, due)
VALUES ($1, $2::uuid, 'trash grace', now() + $3 * interval '1 millisecond')
    ON CONFLICT (link, page) DO NOTHING)"};

struct Arrival {
    int32 link;
    std::string_view page;
};

void wait_with(const Arrival& arrival, const char* reason, bool busy) {
    (void)run(set_aside,
              {as_int4(arrival.link), as_text(arrival.page), as_text(reason), as_bool(busy)});
}

/// What the core told, as far as glue must know.
struct Told {
    std::string_view action;
    std::string_view write;
    const char* reason;
    std::string_view asks;
    std::string_view mark; ///< "true", "false", or "": the column of on_notion_trash stays
    bool recheck;
};

Told told_of(std::string_view json) {
    (void)run(read_told, {as_jsonb(json)});
    return {column_view(0, 1), column_view(0, 2), column_text(0, 3),
            column_view(0, 4), column_view(0, 5), column_bool(0, 6)};
}

struct Merging {
    const Arrival* arrival;
    const Linked* linked;
    bridge::Text* text;
    std::string_view key; ///< "" for a page without a row, until it has one
    std::string_view mapping;
    std::string_view snapshot;
    std::string_view times;
    std::string_view waits; ///< of relations of the page that nobody can follow yet
};

/// A row that Notion's trash takes away leaves its image, for the day when the page comes back.
bool remove(const Merging& merging, Refusal* refusal) {
    std::string_view image;
    if (!read_image(*merging.linked, merging.key, &image, refusal))
        return false;
    (void)run(keep_tombstone,
              {as_int4(merging.arrival->link), as_text(merging.key), as_jsonb(image)});
    return delete_row(*merging.linked, merging.key, refusal);
}

/// A new row, or one that comes back with all that it held beside the paired columns.
bool insert(Merging& merging, std::string_view values, Refusal* refusal) {
    (void)run(read_tombstone,
              {as_int4(merging.arrival->link), as_text(merging.key), as_jsonb(values)});
    if (SPI_processed == 0)
        return insert_row(*merging.linked, assignments(values), &merging.key, refusal);
    return revive_row(*merging.linked, column_view(0, 1), refusal);
}

/// Writes what the core told. False if the table refused. The key is set for a new row.
bool write(Merging& merging, Told told, Refusal* refusal) {
    if (merging.linked->refers && !unfollow(*merging.linked, &told.write)) {
        *refusal = {ERRCODE_LOCK_NOT_AVAILABLE, "a row to which it refers has just gone", ""};
        return false;
    }
    if (told.action == "delete")
        return remove(merging, refusal);
    if (told.action == "insert")
        return insert(merging, told.write, refusal);
    if (told.action == "update") {
        const Assignments values = assignments(told.write);
        if (values.count > 0 && !update_row(*merging.linked, merging.key, values, refusal))
            return false;
    }
    if (told.mark.empty() || run(read_mark, {as_int4(merging.arrival->link)}) == 0)
        return true;
    return mark_row(*merging.linked, merging.key, column_view(0, 1), told.mark == "true", refusal);
}

/// Base, log and conflicts, after the row was written: read back, since a trigger may have made
/// something else of it.
void keep(const Merging& merging, std::string_view told) {
    const Arg link = as_int4(merging.arrival->link);
    const Arg page = as_text(merging.arrival->page);
    const Arg key = as_text(merging.key);
    Row row = {};
    Refusal refusal;
    bridge::Fault fault;
    std::string_view rebased;
    if (read_row(*merging.linked, merging.key, Lock::none, &row, &refusal) && row.found &&
        bridge::sync_rebase(merging.linked->core, merging.mapping, told, row.json, merging.text,
                            fault))
        rebased = bridge::text_view(merging.text);
    (void)run(keep_conflicts, {link, key, page, as_jsonb(told)});
    (void)run(keep_merged, {link, page, key, as_jsonb(told), as_jsonb(rebased)});
    (void)run(decide_again, {link, key});
}

/// What the core says of the two sides. False: the snapshot waits.
bool reconcile(const Merging& merging, std::string_view row, std::string_view* json, Told* told) {
    bridge::Fault fault;
    if (!bridge::sync_merge(merging.linked->core, merging.mapping, row, merging.snapshot,
                            merging.times, merging.text, fault)) {
        wait_with(*merging.arrival, fault.message, false);
        return false;
    }
    *json = apply::keep(CurrentMemoryContext, bridge::text_view(merging.text));
    *told = told_of(*json);
    return true;
}

/// Relations that nobody can follow yet are not merged. False: the whole page waits for them.
bool follow(Merging& merging) {
    merging.waits = follow_page(*merging.linked, merging.key, merging.mapping, merging.snapshot,
                                &merging.times);
    if (!merging.key.empty() || merging.waits.empty())
        return true;
    keep_waits(*merging.linked, merging.arrival->page, Waiting::pages, merging.waits);
    (void)run(is_early, {as_int4(merging.arrival->link), as_jsonb(merging.waits)});
    return !column_bool(0, 1);
}

void merge(Merging& merging) {
    const Arrival& arrival = *merging.arrival;
    if (merging.linked->refers && !follow(merging))
        return wait_with(arrival, "a page to which it relates has no row yet", true);
    const bool mapped = !merging.key.empty();
    Row row = {};
    Refusal refusal;
    if (mapped && !read_row(*merging.linked, merging.key, Lock::row, &row, &refusal))
        return wait_with(arrival, refusal.message, refusal.is_busy());
    if (row.outside) { // it does not fulfil the filter any more: as if deleted
        (void)run(mark_deleted, {as_jsonb(merging.times)});
        merging.times = apply::keep(CurrentMemoryContext, column_view(0, 1));
    }
    const std::string_view here = row.found ? row.json : std::string_view();
    std::string_view json;
    Told told;
    if (!reconcile(merging, here, &json, &told))
        return;
    if (told.action == "ask") {
        const Question question = {arrival.link, merging.key, arrival.page, told.asks};
        if (!ask_functions(*merging.linked, question, &merging.times, &refusal))
            return wait_with(arrival, refusal.message, refusal.is_busy());
        if (!reconcile(merging, here, &json, &told))
            return;
    }
    if (told.action == "wait")
        return wait_with(arrival, told.reason, false);
    if (!write(merging, told, &refusal))
        return wait_with(arrival, refusal.message, refusal.is_busy());
    if (merging.key.empty())
        (void)run(drop_snapshot, {as_int4(arrival.link), as_text(arrival.page)});
    else
        keep(merging, json);
    if (merging.linked->refers && !merging.key.empty()) {
        if (!mapped)
            keep_waits(*merging.linked, arrival.page, Waiting::pages, {});
        keep_waits(*merging.linked, merging.key, Waiting::pages, merging.waits);
    }
    if (told.recheck)
        (void)run(look_again, {as_int4(arrival.link), as_text(arrival.page),
                               as_int8(settings::trash_grace_ms)});
}

void merge_arrival(const Arrival& arrival, const Linked& linked, bridge::Text* text) {
    const Arg link = as_int4(arrival.link);
    const Arg page = as_text(arrival.page);
    Merging merging = {&arrival, &linked, text, {}, {}, {}, {}, {}};
    if (run(lock_mapping, {link, page}) > 0) {
        if (column_view(0, 2) != "none")
            return; // net decides about the flight first, and wakes us
        merging.key = column_view(0, 1);
        merging.mapping = column_view(0, 3);
        if (run(drop_stale, {link, page}) > 0)
            return;
    }
    if (run(select_snapshot, {link, page, as_int8(settings::trash_grace_ms)}) == 0)
        return;
    merging.snapshot = column_view(0, 1);
    merging.times = column_view(0, 2);
    const char* editor = column_text(0, 4);
    capture::set_hops(int32(column_int8(0, 3)) + 1);
    begin_applying(editor != nullptr ? editor : "");
    const bool forgotten = merging.key.substr(0, forgotten_prefix.size()) == forgotten_prefix;
    if ((merging.key.empty() && !linked.inserts) || forgotten)
        (void)run(drop_snapshot, {link, page});
    else if (merging.key.empty() && run(select_claimant, {link, page}) > 0)
        wait_with(arrival, "the row of its marker is being sent", true);
    else
        merge(merging);
}

void merge_in_transaction(const Arrival& arrival) {
    worker::now_at(arrival.link, arrival.page.data());
    worker::begin("merging a page into its row");
    Linked* linked = load(arrival.link, CurrentMemoryContext);
    if (linked != nullptr) {
        auto* text = own<bridge::Text, bridge::text_free>(
            CurrentMemoryContext, [](bridge::Fault& fault) { return bridge::text_new(fault); });
        merge_arrival(arrival, *linked, text);
    } else {
        wait_with(arrival, unusable, false);
    }
    worker::commit();
    worker::now_at(0, "");
    end_applying();
}

} // namespace

void count_last_death() {
    const worker::Place place = worker::last_at();
    if (place.link == 0)
        return;
    worker::begin("noting what ended the process");
    if (run(count_death, {as_int4(place.link), as_text(place.page)}) > 0)
        ereport(LOG, (errmsg("pg_notion apply ended while it merged page %s", place.page)));
    worker::commit();
}

bool merge_some() {
    MemoryContext memory =
        AllocSetContextCreate(TopMemoryContext, "pg_notion arrivals", ALLOCSET_DEFAULT_SIZES);
    worker::begin("taking admitted snapshots");
    (void)run(brake);
    const int count = int(run(claim, {as_int4(batch)}));
    auto* arrivals =
        static_cast<Arrival*>(MemoryContextAlloc(memory, sizeof(Arrival) * (count + 1)));
    for (int i = 0; i < count; i++)
        arrivals[i] = {int32(column_int8(i, 1)), MemoryContextStrdup(memory, column_text(i, 2))};
    worker::commit();
    for (int i = 0; i < count; i++) {
        CHECK_FOR_INTERRUPTS();
        merge_in_transaction(arrivals[i]);
    }
    MemoryContextDelete(memory);
    if (count > 0)
        worker::wake_net(MyDatabaseId);
    return count == batch;
}

} // namespace notion::pg::apply
