// What net does seldom: taking over after a promotion, asking for scans, forgetting what is old.
// scope: worker.
#include "pg/postgres.hpp"

#include "pg/settings.hpp"
#include "pg/worker/net.hpp"
#include "pg/worker/process.hpp"
#include "pg/worker/query.hpp"

namespace notion::pg::worker {
namespace {

constexpr int64_t keep_house_ms = 60 * 60'000;
int64_t next_house_ms;

// From now on creates queued before are looked up first (claim.cpp), every source is asked at once,
// and a scan finds what the old primary did and we never heard of (protocol.md 1.8).
constinit Query take_over = {
    "WITH home AS ("
    "    UPDATE notion.instance SET timeline = $1, since = clock_timestamp() RETURNING 1),"
    " polls AS (UPDATE notion.polls SET next_at = clock_timestamp() RETURNING 1)"
    "INSERT INTO notion.jobs (kind, link, args)"
    " SELECT 'sync', l.id, '{}' FROM notion.links l WHERE l.state IN ('active', 'resting')"};

// Notion delivers an event again for a day at most; unknown ones are kept longer.
constinit Query forget_events = {
    "DELETE FROM notion.inbox WHERE state = 'done' AND received_at < now() - interval '2 days'"};

constinit Query forget_receipts = {
    "DELETE FROM notion.receipts WHERE acked_at < now() - interval '48 hours'"};

constinit Query forget_appends = {
    "DELETE FROM notion.appends WHERE state = 'done' AND done_at < now() - interval '48 hours'"};

// What the old primary appended and published it may not have told.
constinit Query doubt_queued = {
    "SELECT notion.doubt_queued('queued before this database took over',"
    "                           $1 * interval '1 millisecond')"};

constinit Query forget_states = {
    "DELETE FROM notion.oauth_states WHERE expires_at < now() - interval '1 day'"};

constinit Query keep_log = {"SELECT notion.keep_log($1 * interval '1 minute')"};

constinit Query forget_settled = {
    "WITH events AS (DELETE FROM notion.inbox WHERE state = 'kept'"
    "                   AND received_at < now() - $1 * interval '1 minute'),"
    " conflicts AS (DELETE FROM notion.conflicts WHERE state = 'closed'"
    "                      AND closed_at < now() - $1 * interval '1 minute')"
    "DELETE FROM notion.jobs WHERE finished_at < now() - $1 * interval '1 minute'"};

// Rows that were deleted and whose pages are in the trash. Notion empties it after thirty days;
// until then either may come back. What apply has locked goes the next time.
constinit Query forget_trashed = {
    "WITH old AS ("
    "    SELECT m.link, m.key FROM notion.mappings m"
    "     WHERE m.row_state = 'deleted' AND m.page_state IN ('none', 'trashed', 'gone')"
    "       AND m.flight = 'none' AND m.held = '{}'"
    "       AND greatest(m.sent_at, m.seen_at, m.looked_at, m.changed_at)"
    "           < now() - greatest($1 * interval '1 minute', interval '30 days')"
    "       AND NOT EXISTS (SELECT FROM notion.work w WHERE w.link = m.link"
    "                          AND (w.key = m.key OR w.renamed_from = m.key))"
    "       FOR UPDATE SKIP LOCKED),"
    " gone AS ("
    "    DELETE FROM notion.mappings m USING old o WHERE m.link = o.link AND m.key = o.key"
    "    RETURNING m.link, m.page)"
    "DELETE FROM notion.contents c USING gone g WHERE c.link = g.link AND c.page = g.page"};

// What neither trigger nor event saw is found by reading everything, seldom and last of all.
constinit Query plan_scans = {
    "INSERT INTO notion.jobs (kind, link, args)"
    " SELECT 'sync', l.id, '{\"scan\": true}' FROM notion.links l"
    "  WHERE l.state = 'active' AND l.synced_at IS NOT NULL AND NOT EXISTS ("
    "        SELECT FROM notion.jobs j WHERE j.link = l.id AND j.kind = 'sync'"
    "           AND (j.finished_at IS NULL"
    "                OR j.finished_at > now() - $1 * interval '1 minute'))"
    "    AND l.synced_at < now() - $1 * interval '1 minute'"};
constexpr int64_t plan_scans_ms = 10'000;
int64_t next_plan_scans_ms;

/// As often as a part of the log may be due, and at once after the setting has changed.
void keep_what_happened() {
    static int retention_min;
    static int64_t next_ms;
    if (settings::log_retention_min < 0 ||
        (net.now_ms < next_ms && retention_min == settings::log_retention_min))
        return;
    retention_min = settings::log_retention_min;
    next_ms = net.now_ms + Max(60'000, Min(keep_house_ms, retention_min * 60'000LL / 6));
    run(keep_log, {as_int8(retention_min)});
    run(forget_settled, {as_int8(retention_min)});
    run(forget_trashed, {as_int8(retention_min)});
}

} // namespace

void recover_at_start() {
    if (home() != Home::promoted)
        return;
    ereport(LOG, (errmsg("pg_notion takes over after a promotion"),
                  errdetail("Creates that were queued before it are looked up first.")));
    run(doubt_queued, {as_int8(settings::settle_ms)});
    run(take_over, {as_int4(static_cast<int32_t>(GetWALInsertionTimeLine()))});
}

void ask_for_scans() {
    if (settings::scan_interval_min <= 0 || net.now_ms < next_plan_scans_ms)
        return;
    next_plan_scans_ms = net.now_ms + plan_scans_ms;
    waiting.jobs |= run(plan_scans, {as_int8(settings::scan_interval_min)}) > 0;
}

void keep_house() {
    keep_what_happened();
    if (net.now_ms < next_house_ms)
        return;
    next_house_ms = net.now_ms + keep_house_ms;
    run(forget_events);
    run(forget_receipts);
    run(forget_appends);
    run(forget_states);
}

} // namespace notion::pg::worker
