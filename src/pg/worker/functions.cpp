// SQL functions about the workers: announce, start_worker, adopt, workers.
// Assumes their privileges are set in extension/40-worker.sql. scope: call.
#include "pg/postgres.hpp"

#include "pg/wait.hpp"
#include "pg/worker/launcher.hpp"
#include "pg/worker/process.hpp"
#include "pg/worker/shared.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(notion_announce);
PG_FUNCTION_INFO_V1(notion_start_worker);
PG_FUNCTION_INFO_V1(notion_identity);
PG_FUNCTION_INFO_V1(notion_wake);
PG_FUNCTION_INFO_V1(notion_workers);
}

namespace notion::pg::worker {
namespace {

const char* words_for(State state) {
    switch (state) {
    case State::free:
    case State::absent:
        return "without the extension";
    case State::unseen:
        return "to be looked at";
    case State::copy:
        return "resting: not the database that the links know";
    case State::run:
        return "running";
    }
    return "";
}

void put_row(ReturnSetInfo* result, Oid database, const char* role, pid_t pid, const char* words) {
    Datum values[4] = {ObjectIdGetDatum(database), CStringGetTextDatum(role), Int32GetDatum(pid),
                       CStringGetTextDatum(words)};
    bool nulls[4] = {!OidIsValid(database), false, pid == 0, false};
    tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

bool launcher_is_up(Roster* all) {
    LWLockAcquire(&all->head.lock, LW_SHARED);
    pid_t pid = all->launcher.pid;
    LWLockRelease(&all->head.lock);
    return pid != 0 && kill(pid, 0) == 0;
}

} // namespace
} // namespace notion::pg::worker

using namespace notion::pg;

/// Looks at this database again once the transaction has committed.
extern "C" Datum notion_announce(PG_FUNCTION_ARGS) {
    (void)fcinfo;
    worker::announce_at_commit();
    PG_RETURN_VOID();
}

/// Where the library is not preloaded: starts the launcher, once.
extern "C" Datum notion_start_worker(PG_FUNCTION_ARGS) {
    (void)fcinfo;
    worker::Roster* all = worker::roster();
    if (all == nullptr)
        ereport(ERROR,
                (errcode(ERRCODE_OUT_OF_MEMORY),
                 errmsg("no room in shared memory for the workers of pg_notion"),
                 errhint("Add pg_notion to shared_preload_libraries and restart the server.")));
    worker::announce_at_commit();
    if (worker::launcher_is_up(all))
        PG_RETURN_BOOL(false);
    if (!worker::start_launcher())
        ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_RESOURCES),
                        errmsg("no background worker is free for pg_notion"),
                        errhint("Raise max_worker_processes.")));
    PG_RETURN_BOOL(true);
}

/// (system identifier, database oid, timeline) of where this runs: what notion.instance compares.
extern "C" Datum notion_identity(PG_FUNCTION_ARGS) {
    TupleDesc shape;
    if (get_call_result_type(fcinfo, nullptr, &shape) != TYPEFUNC_COMPOSITE)
        elog(ERROR, "return type must be a row type");
    Datum values[3] = {Int64GetDatum(static_cast<int64>(GetSystemIdentifier())),
                       ObjectIdGetDatum(MyDatabaseId),
                       Int32GetDatum(static_cast<int32>(GetWALInsertionTimeLine()))};
    bool nulls[3] = {false, false, false};
    PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(shape), values, nulls)));
}

/// Wakes both workers of this database when the transaction commits.
extern "C" Datum notion_wake(PG_FUNCTION_ARGS) {
    (void)fcinfo;
    worker::wake_net_at_commit();
    worker::wake_apply_at_commit();
    PG_RETURN_VOID();
}

extern "C" Datum notion_workers(PG_FUNCTION_ARGS) {
    InitMaterializedSRF(fcinfo, 0);
    auto* result = reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo);
    worker::Roster* all = worker::roster();
    if (all == nullptr)
        PG_RETURN_NULL();
    auto* copy = static_cast<worker::Roster*>(palloc(sizeof(worker::Roster)));
    LWLockAcquire(&all->head.lock, LW_SHARED);
    memcpy(copy, all, sizeof *copy);
    LWLockRelease(&all->head.lock);
    worker::put_row(result, InvalidOid, "launcher", copy->launcher.pid,
                    copy->launcher.pid != 0 ? "running" : "not started");
    for (const worker::Slot& slot : copy->slots)
        for (int role = 0; slot.state != worker::State::free && role < worker::roles; role++)
            worker::put_row(result, slot.database, worker::name_of(static_cast<worker::Role>(role)),
                            slot.process[role].pid,
                            worker::is_withdrawn(copy, slot.database)
                                ? "withdrawn"
                                : worker::words_for(slot.state));
    PG_RETURN_NULL();
}
