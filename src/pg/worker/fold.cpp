// Folding: batches of the outbox become rows of work.
// Only what is committed is visible, so nothing is sent that may roll back. scope: worker.
#include "pg/postgres.hpp"

#include "pg/worker/net.hpp"
#include "pg/worker/query.hpp"

namespace notion::pg::worker {
namespace {

constexpr int batches_max = 100; // of at most some hundred keys each

// Batches commit out of order of their xid: everything below the oldest running transaction has
// been seen and folded, nothing above it is skipped. The bound keeps the scan off the dead entries
// that folded batches leave behind while some old snapshot is held.
int64_t bound = 0;

// Before the keys themselves: rows that were given other keys keep their pages.
// The new bound is that of this statement's snapshot: what the next one sees beyond it may have to
// wait for its renames.
constinit Query take_renames = {"SELECT notion.take_renames($1::text::xid8, $2),"
                                "       pg_snapshot_xmin(pg_current_snapshot())::text"};

// One row a key, in an order of keys, since apply takes the same rows. TRUNCATE deleted whatever is
// mapped or queued. A deletion anywhere in the batches is evidence, in whatever order they come:
// the row itself says whether it is there (docs/sync.md). While a write of the key is under way,
// its row stays `sending`, with a higher version: record() sees that, and makes it new.
constinit Query fold_batches = {
    "WITH batch AS ("
    "    DELETE FROM notion.outbox o USING ("
    "        SELECT b.xid, b.part, b.system FROM notion.outbox b WHERE b.xid >= $1::text::xid8"
    // Renames of it came in since they were taken: the next round has them first.
    "           AND NOT EXISTS (SELECT FROM notion.outbox r WHERE r.xid = b.xid AND r.part = 0"
    "                              AND r.evidence ~ '^[rR]')"
    "         ORDER BY b.xid, b.part LIMIT $2) d"
    "     WHERE (o.xid, o.part, o.system) = (d.xid, d.part, d.system) RETURNING o.*),"
    " captured AS ("
    "    SELECT b.link, k.key, substr(b.evidence, k.n::int, 1) AS evidence, b.bulk, b.hops,"
    "           b.captured_at, b.who"
    "      FROM batch b JOIN notion.links l ON l.id = b.link,"
    "           unnest(b.keys) WITH ORDINALITY k(key, n)),"
    " known AS ("
    "    SELECT m.link, m.key FROM notion.mappings m WHERE m.row_state = 'present'"
    "     UNION SELECT w.link, w.key FROM notion.work w),"
    " facts AS ("
    "    SELECT * FROM captured WHERE evidence <> 't'"
    "     UNION ALL"
    "    SELECT c.link, k.key, 'd', true, c.hops, c.captured_at, c.who"
    "      FROM captured c JOIN known k ON k.link = c.link WHERE c.evidence = 't'),"
    " keys AS ("
    "    SELECT link, key, bool_or(evidence = 'd') AS deleted, bool_and(bulk) AS bulk,"
    "           max(hops) AS hops, max(captured_at) AS captured_at, min(captured_at) AS queued_at,"
    "           (array_agg(who ORDER BY captured_at DESC))[1] AS who"
    "      FROM facts GROUP BY link, key),"
    " folded AS ("
    "    INSERT INTO notion.work AS w (link, key, deleted, bulk, hops, who, captured_at, queued_at,"
    "           due)"
    "    SELECT link, key, deleted, bulk, hops, who, captured_at, queued_at, clock_timestamp()"
    "      FROM keys"
    "     ORDER BY link, key COLLATE \"C\""
    "        ON CONFLICT (link, key) DO UPDATE"
    "       SET version = w.version + 1,"
    "           state = CASE w.state WHEN 'sending' THEN 'sending' ELSE 'new' END,"
    "           deleted = w.deleted OR excluded.deleted, bulk = w.bulk AND excluded.bulk,"
    "           hops = greatest(w.hops, excluded.hops), who = excluded.who,"
    "           captured_at = greatest(w.captured_at, excluded.captured_at),"
    "           queued_at = least(w.queued_at, excluded.queued_at),"
    "           due = clock_timestamp(), attempts = 0, refusals = 0, reason = NULL"
    "    RETURNING 1)"
    "SELECT (SELECT count(*) FROM batch), (SELECT count(*) FROM folded)"};

// Below the next bound: more than fits into one round, or renames that are to be taken first.
constinit Query find_left = {
    "SELECT FROM notion.outbox WHERE xid >= $1::text::xid8 AND xid < $2::text::xid8 LIMIT 1"};

} // namespace

int64_t fold_bound() {
    return bound;
}

bool fold_outbox() {
    char from[32];
    snprintf(from, sizeof from, "%lld", static_cast<long long>(bound));
    run(take_renames, {as_text(from), as_int4(batches_max)});
    net.wakes_apply |= column_bool(0, 1);
    const char* next_bound = column_text(0, 2);
    run(fold_batches, {as_text(from), as_int4(batches_max)});
    int64_t batches = column_int8(0, 1);
    if (column_int8(0, 2) > 0)
        net.wakes_apply = true;
    if (batches == batches_max || run(find_left, {as_text(from), as_text(next_bound)}) > 0) {
        due_in(0);
        return false;
    }
    bound = strtoll(next_bound, nullptr, 10);
    return true;
}

} // namespace notion::pg::worker
