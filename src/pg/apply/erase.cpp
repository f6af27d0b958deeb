// Erase: what notion.forget deleted is gone from the files once the tables were rewritten, and no
// transaction could see it any more. One table a transaction; where somebody uses it, later.
// scope: step.
#include "pg/postgres.hpp"

#include "pg/apply/tasks.hpp"
#include "pg/worker/process.hpp"
#include "pg/worker/query.hpp"

namespace notion::pg::apply {
namespace {

using namespace worker;

constinit Query select_erasures = {
    "SELECT xid::text::bigint FROM notion.erasures WHERE done_at IS NULL AND xid IS NOT NULL"
    " ORDER BY xid LIMIT 1"};

constinit Query finish = {"UPDATE notion.erasures SET done_at = clock_timestamp()"
                          " WHERE done_at IS NULL AND xid::text::bigint <= $1"};

struct Rewrite {
    const char* table;
    Query cluster; ///< a rewrite that takes along what is alive, TOAST and indexes included
};
constinit Rewrite rewrites[] = {
    {"outbox", {"CLUSTER notion.outbox USING outbox_pkey"}},
    {"log_0", {"CLUSTER notion.log_0 USING log_0_pkey"}},
    {"log_1", {"CLUSTER notion.log_1 USING log_1_pkey"}},
    {"log_2", {"CLUSTER notion.log_2 USING log_2_pkey"}},
    {"log_3", {"CLUSTER notion.log_3 USING log_3_pkey"}},
    {"log_4", {"CLUSTER notion.log_4 USING log_4_pkey"}},
    {"log_5", {"CLUSTER notion.log_5 USING log_5_pkey"}},
    {"log_6", {"CLUSTER notion.log_6 USING log_6_pkey"}},
    {"log_7", {"CLUSTER notion.log_7 USING log_7_pkey"}},
    {"conflicts", {"CLUSTER notion.conflicts USING conflicts_pkey"}},
    {"work", {"CLUSTER notion.work USING work_pkey"}},
    {"snapshots", {"CLUSTER notion.snapshots USING snapshots_pkey"}},
    {"mappings", {"CLUSTER notion.mappings USING mappings_pkey"}},
    {"appends", {"CLUSTER notion.appends USING appends_pkey"}},
    {"contents", {"CLUSTER notion.contents USING contents_pkey"}},
    {"inbox", {"CLUSTER notion.inbox USING inbox_pkey"}},
    {"requests", {"CLUSTER notion.requests USING requests_pkey"}},
    {"jobs", {"CLUSTER notion.jobs USING jobs_pkey"}},
    {"waits", {"CLUSTER notion.waits USING waits_pkey"}},
    {"arrivals", {"CLUSTER notion.arrivals USING arrivals_pkey"}},
};

/// False while somebody uses the table: a worker that waits here would hold up all links.
bool rewrite(Rewrite& it) {
    worker::begin("erasing a forgotten row");
    const Oid table = get_relname_relid(it.table, get_namespace_oid("notion", false));
    const bool locked = ConditionalLockRelationOid(table, AccessExclusiveLock);
    if (locked)
        (void)run(it.cluster);
    worker::commit();
    return locked;
}

} // namespace

bool erase_forgotten() {
    worker::begin("looking for rows to be forgotten");
    const bool wanted = run(select_erasures) > 0;
    const int64_t full_xid = wanted ? column_int8(0, 1) : 0;
    const auto xid = TransactionId(full_xid); // its low half
    // A rewrite keeps what an old snapshot may still look at.
    const bool visible =
        wanted && !TransactionIdPrecedes(xid, GetOldestNonRemovableTransactionId(nullptr));
    worker::commit();
    if (!wanted || visible)
        return false;
    for (Rewrite& it : rewrites)
        if (!rewrite(it))
            return false;
    worker::begin("erased a forgotten row");
    (void)run(finish, {as_int8(full_xid)});
    worker::commit();
    return true;
}

} // namespace notion::pg::apply
