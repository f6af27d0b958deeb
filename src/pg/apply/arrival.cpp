// Arrival: see the header. What is known of the page is read here, with its mapping locked before
// the row, and written down in the end; decide.cpp has what is between.
// scope: step.
#include "pg/apply/arrival.hpp"

#include "pg/apply/references.hpp"
#include "pg/apply/rows.hpp"
#include "pg/settings.hpp"
#include "pg/worker/query.hpp"

namespace notion::pg::apply {
namespace {

using namespace worker;

/// The mapping first: its lock is what the two processes exclude each other by.
constinit Query lock_mapping = {R"(
SELECT m.key, m.flight, to_jsonb(m)::text, coalesce(m.held ->> '*' = 'forgotten', false)
  FROM notion.mappings m
 WHERE m.link = $1 AND m.page = $2::uuid FOR UPDATE)"};

constinit Query select_snapshot = {R"(
SELECT to_jsonb(s)::text,
       jsonb_build_object('row_changed_at', coalesce(w.captured_at, m.changed_at),
           'row_changed_by', w.who, 'snapshot_asked_at', s.asked_at, 'edited', s.edited,
           'edited_by', s.edited_by, 'hops', coalesce(h.hops, 0), 'dirty_hint', w.key IS NOT NULL,
           'deleted', coalesce(w.deleted, false),
           -- Whose data source is in the trash as well may be there because of that alone.
           'trashed_since', CASE WHEN EXISTS (
               SELECT FROM notion.schemas c WHERE c.link = s.link AND NOT c.in_trash
                  AND c.read_at > m.trashed_since) THEN m.trashed_since END,
           'trash_grace_ms', $3::bigint,
           'resolutions', CASE WHEN m.held::text LIKE '%"resolve: %'
                               THEN notion.resolutions(m.link, m.key) END)::text,
       coalesce(h.hops, 0), s.edited_by::text
  FROM notion.snapshots s
  LEFT JOIN notion.mappings m ON m.link = s.link AND m.page = s.page
  LEFT JOIN notion.work w ON w.link = m.link AND w.key = m.key
  LEFT JOIN LATERAL (SELECT m.hops WHERE m.hopped_at > now() - interval '10 min') h ON true
 WHERE s.link = $1 AND s.page = $2::uuid AND s.job IS NULL AND (NOT s.failed OR $4)
   FOR UPDATE OF s)"};

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
           CASE seen.via WHEN 'get' THEN seen.asked_at END, -- of an answer: the flight's end
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

/// A snapshot is admitted, waits, and meanwhile the mapping learns something else: what was asked
/// for before that, shows an older minute, or the same one by a query whose index may lag behind,
/// is no news any more. The page is read again instead.
constinit Query drop_stale = {R"(
WITH stale AS (
    DELETE FROM notion.snapshots s USING notion.mappings m
     WHERE s.link = $1 AND s.page = $2::uuid AND m.link = s.link AND m.page = s.page
       AND (s.tick < m.fence OR s.edited < m.edited OR s.lagging AND s.edited = m.edited)
    RETURNING s.link, s.page)
INSERT INTO notion.due_pages AS d (link, page, why)
SELECT link, page, 'overtaken while it waited' FROM stale
    ON CONFLICT (link, page) DO UPDATE SET due = least(d.due, now()), attempts = 0,
       why = excluded.why)"};

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

/// $4: it is not its fault, and whoever holds a lock may hold it overnight: that attempt does not
/// count. $6: it is listed from now on.
constinit Query note_reason = {R"(
UPDATE notion.snapshots s
   SET reason = $3, detail = nullif($5, ''),
       attempts = CASE WHEN $4 THEN least(s.attempts, 12) ELSE s.attempts END,
       refused_at = CASE WHEN $6 THEN r.since ELSE s.refused_at END,
       failed = s.failed OR (NOT $4 AND r.since <= now() - interval '10 min'),
       due = CASE WHEN $4 OR s.failed THEN s.due
                  ELSE least(s.due, greatest(r.since + interval '10 min', now())) END
  FROM (SELECT coalesce(o.refused_at, now()) AS since FROM notion.snapshots o
         WHERE o.link = $1 AND o.page = $2::uuid) r
 WHERE s.link = $1 AND s.page = $2::uuid)"};

/// Nobody announces that a page is still in the trash, nor whether its data source is.
constinit Query look_again = {R"(
WITH doubt AS (
    INSERT INTO notion.schemas AS s (link) VALUES ($1) ON CONFLICT (link) DO UPDATE
       SET next_at = least(s.next_at, now())
     WHERE s.read_at IS NULL OR s.read_at <= (SELECT m.trashed_since FROM notion.mappings m
                                               WHERE m.link = $1 AND m.page = $2::uuid))
INSERT INTO notion.due_pages (link, page, why, due)
VALUES ($1, $2::uuid, 'trash grace', now() + greatest($3, 500) * interval '1 millisecond')
    ON CONFLICT (link, page) DO NOTHING)"};

/// Base, log and conflicts, after the row was written: read back, since a trigger may have made
/// something else of it.
void keep_base(const Arrival& arrival) {
    const std::string_view told = arrival.told.json;
    const Arg link = as_int4(arrival.link);
    const Arg page = as_text(arrival.page);
    const Arg key = as_text(arrival.key);
    Row row = {};
    Refusal refusal;
    bridge::Fault fault;
    std::string_view rebased;
    if (read_row(*arrival.linked, arrival.key, Lock::none, &row, &refusal) && row.found &&
        bridge::sync_rebase(arrival.linked->core, arrival.mapping, told, row.json, arrival.text,
                            fault))
        rebased = bridge::text_view(arrival.text);
    (void)run(keep_conflicts, {link, key, page, as_jsonb(told)});
    (void)run(keep_merged, {link, page, key, as_jsonb(told), as_jsonb(rebased)});
    (void)run(decide_again, {link, key});
}

} // namespace

void set_aside(const Arrival& arrival, const char* reason, bool busy) {
    (void)run(note_reason, {as_int4(arrival.link), as_text(arrival.page), as_text(reason),
                            as_bool(busy), as_text(""), as_bool(!busy)});
}

void set_aside(const Arrival& arrival, const Refusal& refusal) {
    // What takes too long may pass by itself, and may not: it is listed, and never failed.
    (void)run(note_reason, {as_int4(arrival.link), as_text(arrival.page), as_text(refusal.message),
                            as_bool(refusal.is_busy()), as_text(refusal.detail),
                            as_bool(!refusal.is_busy() || refusal.is_late())});
}

bool open_arrival(Arrival* arrival, Failed failed) {
    const Arg link = as_int4(arrival->link);
    const Arg page = as_text(arrival->page);
    bool forgotten = false; // notion.forget: the page is remembered, and not whose it was
    if (run(lock_mapping, {link, page}) > 0) {
        if (column_view(0, 2) != "none")
            return false; // net decides about the flight first, and wakes us
        arrival->is_mapped = true;
        arrival->key = column_view(0, 1);
        arrival->mapping = column_view(0, 3);
        forgotten = column_bool(0, 4);
        if (run(drop_stale, {link, page}) > 0)
            return false;
    }
    if (run(select_snapshot,
            {link, page, as_int8(settings::trash_grace_ms), as_bool(failed == Failed::taken)}) == 0)
        return false;
    arrival->snapshot = column_view(0, 1);
    arrival->times = column_view(0, 2);
    arrival->hops = int32(column_int8(0, 3)) + 1;
    const char* editor = column_text(0, 4);
    arrival->editor = editor != nullptr ? editor : "";
    if (!forgotten && (arrival->is_mapped || arrival->linked->inserts)) {
        if (arrival->is_mapped || run(select_claimant, {link, page}) == 0)
            return true;
        set_aside(*arrival, "the row of its marker is being sent", true);
        return false;
    }
    (void)run(drop_snapshot, {link, page});
    return false;
}

void conclude(const Arrival& arrival) {
    if (arrival.key.empty())
        (void)run(drop_snapshot, {as_int4(arrival.link), as_text(arrival.page)});
    else
        keep_base(arrival);
    if (arrival.linked->refers && !arrival.key.empty()) {
        if (!arrival.is_mapped)
            keep_waits(*arrival.linked, arrival.page, Waiting::pages, {});
        keep_waits(*arrival.linked, arrival.key, Waiting::pages, arrival.waits);
    }
    if (arrival.told.recheck)
        (void)run(look_again, {as_int4(arrival.link), as_text(arrival.page),
                               as_int8(settings::trash_grace_ms)});
}

} // namespace notion::pg::apply
