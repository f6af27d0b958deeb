// What this transaction has written to Notion: see the header. The callbacks allocate nothing.
// scope: transaction.
#include "pg/postgres.hpp"

#include "pg/fdw/written.hpp"

namespace notion::pg {
namespace {

// Subtransactions that are told apart; beyond that rows count for the whole transaction, which
// then says so at its own end.
constexpr int levels_max = 64;

struct Level {
    SubTransactionId id;
    int64_t rows;
};
Level levels[levels_max];
int level_count;
bool registered;

void warn(int64_t rows) {
    if (rows == 0)
        return;
    ereport(WARNING,
            (errmsg(rows == 1 ? "one row that was written to Notion stays there, although its "
                                "transaction is rolled back"
                              : "%lld rows that were written to Notion stay there, although their "
                                "transaction is rolled back",
                    static_cast<long long>(rows)),
             errdetail("Notion has no transactions.")));
}

void at_end(XactEvent event, void*) {
    if (event == XACT_EVENT_PRE_PREPARE && level_count > 0)
        ereport(ERROR,
                (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                 errmsg("cannot PREPARE a transaction that has written to Notion"),
                 errdetail("Notion has no transactions: what was written cannot be undone by "
                           "ROLLBACK PREPARED."),
                 errhint("COMMIT, or write to a linked table instead: what the sync sends leaves "
                         "after COMMIT PREPARED.")));
    bool aborts = event == XACT_EVENT_ABORT || event == XACT_EVENT_PARALLEL_ABORT;
    bool commits = event == XACT_EVENT_COMMIT || event == XACT_EVENT_PREPARE ||
                   event == XACT_EVENT_PARALLEL_COMMIT;
    if (!aborts && !commits)
        return;
    int64_t rows = 0;
    for (int at = 0; at < level_count; at++)
        rows += levels[at].rows;
    level_count = 0;
    if (aborts)
        warn(rows);
}

/// Adds to the level's rows; takes them all away with `rows` < 0. What was there.
int64_t add(SubTransactionId id, int64_t rows) {
    for (int at = 0; at < level_count; at++) {
        if (levels[at].id != id)
            continue;
        int64_t before = levels[at].rows;
        levels[at].rows += rows;
        if (rows < 0)
            levels[at] = levels[--level_count];
        return before;
    }
    if (rows <= 0)
        return 0;
    if (level_count == levels_max)
        levels[0].rows += rows;
    else
        levels[level_count++] = {id, rows};
    return 0;
}

void at_sub_end(SubXactEvent event, SubTransactionId mine, SubTransactionId parent, void*) {
    if (level_count == 0)
        return;
    if (event == SUBXACT_EVENT_COMMIT_SUB)
        add(parent, add(mine, -1));
    if (event == SUBXACT_EVENT_ABORT_SUB)
        warn(add(mine, -1));
}

} // namespace

void note_written(int64_t rows) {
    if (!registered) {
        RegisterXactCallback(at_end, nullptr);
        RegisterSubXactCallback(at_sub_end, nullptr);
        registered = true;
    }
    add(GetCurrentSubTransactionId(), rows);
}

} // namespace notion::pg
