// How often a data source is polled. A webhook is live for a link as long as what it last told is
// newer than what a poll last found untold: one that goes silent costs one long pause, once, and
// one that speaks again is believed with its first event. scope: worker.
#include "pg/postgres.hpp"

#include "bridge/pacing.hpp"
#include "pg/settings.hpp"
#include "pg/worker/net.hpp"
#include "pg/worker/query.hpp"

namespace notion::pg::worker {
namespace {

// Told, and not settled yet: the event waits, or its page does, or the page's snapshot for its row.
constinit Query note = {
    "UPDATE notion.polls p SET missed_at = clock_timestamp()"
    " WHERE p.link = $1 AND (p.told_at > coalesce(p.missed_at, '-infinity')"
    // A subscription that never spoke misses its first edit; a new one has another chance.
    "        OR p.told_at IS NULL AND EXISTS (SELECT FROM notion.webhooks w"
    "              JOIN pg_foreign_server s ON s.srvname = w.server"
    "              JOIN pg_foreign_table f ON f.ftserver = s.oid"
    "              JOIN notion.links l ON l.foreign_table_id = f.ftrelid"
    "             WHERE l.id = $1 AND w.verified_at > coalesce(p.missed_at, '-infinity')))"
    "   AND EXISTS ("
    "       SELECT FROM (SELECT jsonb_array_elements_text($2) UNION ALL"
    "              SELECT s.page::text FROM jsonb_to_recordset($3) s(page uuid, edited timestamptz)"
    "                JOIN notion.contents t ON t.link = $1 AND t.page = s.page"
    "                     AND t.due IS NULL AND t.read_at < s.edited) e(page)"
    "        WHERE NOT EXISTS (SELECT FROM notion.inbox i WHERE i.state = 'new'"
    "                             AND i.entity = e.page)"
    "          AND NOT EXISTS (SELECT FROM notion.due_pages d WHERE d.link = $1"
    "                             AND d.page = e.page::uuid)"
    "          AND NOT EXISTS (SELECT FROM notion.snapshots s WHERE s.link = $1"
    "                             AND s.page = e.page::uuid))"};

constinit Query read = {
    "SELECT p.quiet, coalesce(p.told_at > coalesce(p.missed_at, '-infinity'), false)"
    "  FROM notion.polls p WHERE p.link = $1"};

} // namespace

void note_untold(int32 link, const char* edited, const char* shown) {
    if (edited != nullptr || shown != nullptr)
        run(note, {as_int4(link), as_jsonb(edited != nullptr ? edited : "[]"),
                   as_jsonb(shown != nullptr ? shown : "[]")});
}

Pace pace_of(int32 link, bool has_news) {
    bool known = run(read, {as_int4(link)}) > 0;
    int32_t quiet = !known || has_news ? 0 : static_cast<int32_t>(column_int8(0, 1)) + 1;
    sync::Webhook webhook = known && column_bool(0, 2) ? sync::Webhook::live : sync::Webhook::none;
    int64_t interval_ms = int64_t{settings::poll_interval_s} * 1000;
    return {bridge::poll_pause_ms(interval_ms, quiet, webhook), quiet};
}

} // namespace notion::pg::worker
