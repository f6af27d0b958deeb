// Step: what the apply process does each time it wakes, and how long it may sleep.
// scope: worker.
#include "pg/postgres.hpp"

#include "pg/apply/tasks.hpp"
#include "pg/worker/apply.hpp"
#include "pg/worker/process.hpp"
#include "pg/worker/query.hpp"

namespace notion::pg::worker {
namespace {

/// What is due later by the clock alone; everything else is announced by a wake-up.
constinit worker::Query select_next = {R"(
SELECT ceil(extract(epoch FROM min(due) - clock_timestamp()) * 1000)::bigint FROM (
    SELECT min(s.due) AS due FROM notion.snapshots s JOIN notion.links l ON l.id = s.link
     WHERE NOT s.failed AND s.job IS NULL AND l.state = 'active'
    UNION ALL
    SELECT min(w.due) FROM notion.work w JOIN notion.links l ON l.id = w.link
      LEFT JOIN notion.mappings m ON m.link = w.link AND m.key = w.key
     WHERE w.state = 'new' AND l.state = 'active' AND coalesce(m.flight, 'none') = 'none'
    UNION ALL -- nobody announces that a page was read, and is as it was
    SELECT now() + interval '1 s' FROM notion.waits w WHERE w.wanted_by = 'left'
    UNION ALL
    SELECT p.due FROM notion.publications p WHERE p.step = 'link' AND p.state = 'due'
    UNION ALL
    SELECT min(c.apply_at) FROM notion.contents c JOIN notion.links l ON l.id = c.link
     WHERE c.arrived IS NOT NULL AND NOT c.failed AND l.state = 'active'
    UNION ALL
    SELECT now() + interval '500 ms' FROM notion.erasures e
     WHERE e.done_at IS NULL AND e.xid IS NOT NULL) d)"};

/// A wait that is never shorter: what is due but cannot be done yet must not become a busy loop.
constexpr int64 wait_ms_min = 20;

int64 next_due_ms() {
    begin("looking for what is due");
    (void)run(select_next);
    const int64 wait_ms = column_null(0, 1) ? -1 : Max(column_int8(0, 1), wait_ms_min);
    commit();
    return wait_ms;
}

} // namespace

int64_t apply_step() {
    // Snapshots before rows: what is sent should have seen what came.
    const bool paired = apply::pair_one_job();
    const bool merged = apply::merge_some();
    const bool followed = apply::follow_arrivals();
    const bool examined = apply::examine_some();
    const bool took = apply::take_contents();
    const bool published = apply::publish_one();
    const bool erased = apply::erase_forgotten();
    const bool more = paired || merged || followed || examined || took || published || erased;
    return more ? 0 : next_due_ms();
}

} // namespace notion::pg::worker
