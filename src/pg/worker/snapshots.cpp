// Keeping what pages showed: admitted snapshots for apply, pages that must be read themselves,
// pages that showed the base. Refuses to replace a snapshot by an older one. scope: worker.
#include "pg/postgres.hpp"

#include "pg/worker/net.hpp"
#include "pg/worker/query.hpp"

namespace notion::pg::worker {
namespace {

constinit Query insert_snapshots = {
    "WITH shown AS MATERIALIZED (SELECT o, (o ->> 'page')::uuid AS page,"
    "           (o ->> 'edited')::timestamptz AS edited FROM jsonb_array_elements($6::jsonb) o"
    // Of a row that was forgotten no values are to be kept again.
    "     WHERE NOT EXISTS (SELECT FROM notion.mappings m WHERE m.link = $1"
    "                 AND m.page = (o ->> 'page')::uuid AND m.held ->> '*' = 'forgotten')),"
    // What apply is merging just now may wait for code of a user's table: we may not.
    " free AS (SELECT f.page FROM notion.snapshots f"
    "           WHERE f.link = $1 AND f.page IN (SELECT page FROM shown) FOR UPDATE SKIP LOCKED),"
    " taken AS MATERIALIZED (SELECT t.page FROM notion.snapshots t"
    "           WHERE t.link = $1 AND t.page IN (SELECT page FROM shown)"
    "             AND t.page NOT IN (SELECT page FROM free)),"
    " kept AS ("
    "INSERT INTO notion.snapshots AS s (link, page, via, tick, asked_at, edited, lagging, created,"
    "       edited_by, created_by, in_trash, url, marker, properties, job, due)"
    " SELECT $1, page, $2, $3, $4, edited,"
    "        $2 IN ('poll', 'scan') AND edited + interval '1 minute' >= $7,"
    "        (o ->> 'created')::timestamptz, nullif(o ->> 'edited_by', '')::uuid,"
    "        nullif(o ->> 'created_by', '')::uuid, (o ->> 'in_trash')::boolean, o ->> 'url',"
    "        o ->> 'marker', o -> 'properties', nullif($5, 0), clock_timestamp()"
    "   FROM shown WHERE page NOT IN (SELECT t.page FROM taken t) ORDER BY page"
    " ON CONFLICT (link, page) DO UPDATE SET via = excluded.via, tick = excluded.tick,"
    "       asked_at = excluded.asked_at, edited = excluded.edited, lagging = excluded.lagging,"
    "       created = excluded.created,"
    "       edited_by = excluded.edited_by, created_by = excluded.created_by,"
    "       in_trash = excluded.in_trash, url = excluded.url, marker = excluded.marker,"
    "       properties = excluded.properties, job = coalesce(excluded.job, s.job),"
    "       due = excluded.due, attempts = 0, failed = false,"
    // What is refused stays so for as long as it is shown, however often it is looked at.
    "       reason = CASE WHEN s.properties = excluded.properties THEN s.reason END,"
    "       detail = CASE WHEN s.properties = excluded.properties THEN s.detail END,"
    "       refused_at = CASE WHEN s.properties = excluded.properties THEN s.refused_at END"
    " WHERE excluded.tick >= s.tick AND (NOT excluded.lagging OR excluded.edited > s.edited"
    "                                    OR excluded.job IS NOT NULL)"
    " RETURNING s.page)"
    "INSERT INTO notion.due_pages AS d (link, page, why, due)"
    " SELECT $1, page, 'crossed by another look',"
    "        now() + CASE WHEN page IN (SELECT t.page FROM taken t) THEN interval '1 s'"
    "                     ELSE '0' END FROM shown"
    "  WHERE page NOT IN (SELECT k.page FROM kept k) AND NOT EXISTS ("
    "        SELECT FROM notion.snapshots w WHERE w.link = $1 AND w.page = shown.page"
    "           AND w.properties = o -> 'properties'"
    "           AND w.in_trash = (o ->> 'in_trash')::boolean) ORDER BY page"
    " ON CONFLICT (link, page) DO UPDATE SET due = least(d.due, excluded.due), attempts = 0,"
    "       why = excluded.why"};

// A reading under way began before what is said now. A stronger reason stays: an answer, or the
// mapping of a page, takes away only what waited for nothing else.
constinit Query insert_due = {
    "INSERT INTO notion.due_pages AS d (link, page, why, due)"
    " SELECT $1, p::uuid, $3, clock_timestamp() + $4 * interval '1 millisecond'"
    "   FROM jsonb_array_elements_text($2::jsonb) p"
    " ON CONFLICT (link, page) DO UPDATE SET due = least(d.due, excluded.due), asked = NULL,"
    "       why = CASE WHEN $5 THEN d.why ELSE excluded.why END"};

// A mapping that apply has locked just now is left out: it may wait for a user's lock, we may not.
constinit Query update_seen = {
    "UPDATE notion.mappings m SET seen_at = $3"
    "  FROM ("
    "    SELECT k.link, k.key FROM notion.mappings k WHERE k.link = $1 AND k.page = ANY ("
    "           SELECT p::uuid FROM jsonb_array_elements_text($2::jsonb) p)"
    "       AND (k.seen_at IS NULL OR k.seen_at < $3 - $4 * interval '1 millisecond')"
    "       FOR UPDATE SKIP LOCKED) s"
    " WHERE m.link = s.link AND m.key = s.key"};

} // namespace

void keep_snapshots(int32 link, const char* via, int64_t tick, int64_t asked_ms, int64_t job,
                    const char* array, int64_t index_ms) {
    run(insert_snapshots, {as_int4(link), as_text(via), as_int8(tick), as_time_ms(asked_ms),
                           as_int8(job), as_jsonb(array), as_time_ms(index_ms)});
    net.wakes_apply = true;
}

void make_due(int32 link, const char* pages, const char* why, int64_t wait_ms) {
    bool is_weak = strcmp(why, lost_to_flight) == 0 || strcmp(why, may_be_ours) == 0;
    run(insert_due,
        {as_int4(link), as_jsonb(pages), as_text(why), as_int8(wait_ms), as_bool(is_weak)});
    due_in(wait_ms);
}

void touch_seen(int32 link, const char* pages, int64_t asked_ms, int64_t slack_ms) {
    run(update_seen, {as_int4(link), as_jsonb(pages), as_time_ms(asked_ms), as_int8(slack_ms)});
}

} // namespace notion::pg::worker
