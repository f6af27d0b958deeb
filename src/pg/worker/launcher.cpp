// The launcher: see the header. Children are BGW_NEVER_RESTART and started by it alone, so that the
// postmaster and it never both start one. scope: cluster (one process).
#include "pg/postgres.hpp"

#include "pg/settings.hpp"
#include "pg/wait.hpp"
#include "pg/worker/launcher.hpp"
#include "pg/worker/process.hpp"
#include "pg/worker/shared.hpp"

extern "C" {
PGDLLEXPORT void notion_launcher_main(Datum unused);
}

namespace notion::pg::worker {
namespace {

constexpr int64_t look_interval_ms = 10'000; // new databases made without our hook
constexpr int64_t no_slot_ms = 10'000;       // max_worker_processes is used up
constexpr int64_t healthy_ms = 60'000;       // who lived that long starts with a clean record
constexpr int64_t restart_delays_ms[] = {100, 500, 2'000, 5'000, 15'000, 60'000};

struct Child {
    BackgroundWorkerHandle* handle; ///< null: none that this launcher started
    int64_t started_ms;
    int64_t next_ms; ///< not before
    int deaths;      ///< in a row
};

Child children[databases_max][roles];
List* without; // databases seen in this run that have no extension
int64_t next_look_ms;
bool warned;

/// Existing databases that may be connected to; valid until the context is reset.
List* connectable() {
    List* databases = NIL;
    MemoryContext context = CurrentMemoryContext;
    SetCurrentStatementStartTimestamp();
    StartTransactionCommand();
    (void)GetTransactionSnapshot();
    Relation relation = table_open(DatabaseRelationId, AccessShareLock);
    TableScanDesc scan = table_beginscan_catalog(relation, 0, nullptr);
    HeapTuple tuple;
    while (HeapTupleIsValid(tuple = heap_getnext(scan, ForwardScanDirection))) {
        auto* row = reinterpret_cast<Form_pg_database>(GETSTRUCT(tuple));
        if (!row->datallowconn || row->datconnlimit == DATCONNLIMIT_INVALID_DB)
            continue;
        MemoryContext before = MemoryContextSwitchTo(context);
        databases = lappend_oid(databases, row->oid);
        MemoryContextSwitchTo(before);
    }
    table_endscan(scan);
    table_close(relation, AccessShareLock);
    CommitTransactionCommand();
    MemoryContextSwitchTo(context);
    return databases;
}

bool has_nobody(const Slot& slot) {
    for (const Process& process : slot.process)
        if (process.pid != 0)
            return false;
    return true;
}

/// Slots for what is new, none for what is gone.
void look() {
    List* databases = connectable();
    Roster* all = roster();
    MemoryContext before = MemoryContextSwitchTo(TopMemoryContext);
    bool full = false;
    LWLockAcquire(&all->head.lock, LW_EXCLUSIVE);
    all->look = false;
    for (Slot& slot : all->slots)
        if (slot.state != State::free && !list_member_oid(databases, slot.database) &&
            has_nobody(slot))
            slot.state = State::free;
    ListCell* cell;
    foreach (cell, databases) {
        Oid database = lfirst_oid(cell);
        if (!list_member_oid(without, database) && find_slot(all, database) == nullptr)
            full |= take_slot(all, database) == nullptr;
    }
    LWLockRelease(&all->head.lock);
    list_free(databases);
    MemoryContextSwitchTo(before);
    if (full && !warned)
        ereport(WARNING, (errmsg("pg_notion serves no more than %d databases", databases_max)));
    warned |= full;
}

/// Those who were sent home are gone and asked for again: what dies from now on died by itself.
void forget_sent_home() {
    Roster* all = roster();
    LWLockAcquire(&all->head.lock, LW_EXCLUSIVE);
    for (Slot& slot : all->slots)
        if (slot.sent_home && has_nobody(slot) && !is_withdrawn(all, slot.database))
            slot.sent_home = false;
    LWLockRelease(&all->head.lock);
}

/// A database without the extension gives its slot back; only an announcement brings it here again.
void retire_absent() {
    Roster* all = roster();
    Oid gone[databases_max];
    int count = 0;
    LWLockAcquire(&all->head.lock, LW_EXCLUSIVE);
    for (Slot& slot : all->slots)
        if (slot.state == State::absent && has_nobody(slot)) {
            gone[count++] = slot.database;
            slot.state = State::free;
        }
    LWLockRelease(&all->head.lock);
    MemoryContext before = MemoryContextSwitchTo(TopMemoryContext);
    for (int i = 0; i < count; i++)
        without = list_append_unique_oid(without, gone[i]);
    MemoryContextSwitchTo(before);
}

bool launch(Oid database, Role role, Child& child) {
    BackgroundWorker worker;
    memset(&worker, 0, sizeof worker);
    snprintf(worker.bgw_name, BGW_MAXLEN, "pg_notion %s of database %u", name_of(role), database);
    snprintf(worker.bgw_type, BGW_MAXLEN, "pg_notion %s", name_of(role));
    worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
    worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
    worker.bgw_restart_time = BGW_NEVER_RESTART;
    snprintf(worker.bgw_library_name, sizeof worker.bgw_library_name, "pg_notion");
    snprintf(worker.bgw_function_name, sizeof worker.bgw_function_name, "notion_%s_main",
             name_of(role));
    worker.bgw_main_arg = ObjectIdGetDatum(database);
    worker.bgw_notify_pid = MyProcPid;
    MemoryContext before = MemoryContextSwitchTo(TopMemoryContext);
    bool registered = RegisterDynamicBackgroundWorker(&worker, &child.handle);
    MemoryContextSwitchTo(before);
    return registered;
}

void start_child(Oid database, Role role, Child& child, int64_t now) {
    child.started_ms = now;
    if (launch(database, role, child))
        return;
    child.handle = nullptr;
    child.next_ms = now + no_slot_ms;
    if (!warned)
        ereport(WARNING, (errmsg("no background worker is free for pg_notion"),
                          errhint("Raise max_worker_processes; each database with the extension "
                                  "needs two.")));
    warned = true;
}

/// Whether it runs or is about to; takes note of its death.
bool is_up(Child& child, const Process& process, bool was_wanted, int64_t now) {
    if (child.handle == nullptr)
        return process.pid != 0 && BackendPidGetProc(process.pid) != nullptr;
    pid_t pid;
    BgwHandleStatus status = GetBackgroundWorkerPid(child.handle, &pid);
    if (status == BGWH_STARTED || status == BGWH_NOT_YET_STARTED)
        return true;
    pfree(child.handle);
    child.handle = nullptr;
    if (!was_wanted)
        return false;
    child.deaths = now - child.started_ms >= healthy_ms ? 0 : child.deaths;
    int last = static_cast<int>(lengthof(restart_delays_ms)) - 1;
    child.next_ms = now + restart_delays_ms[Min(child.deaths, last)];
    child.deaths++;
    return false;
}

/// Starts, stops or leaves alone; how long until this child wants to be looked at again.
int64_t supervise(int index, Role role, int64_t now) {
    Roster* all = roster();
    LWLockAcquire(&all->head.lock, LW_SHARED);
    Slot slot = all->slots[index];
    bool withdrawn = slot.state != State::free && is_withdrawn(all, slot.database);
    LWLockRelease(&all->head.lock);
    Child& child = children[index][static_cast<int>(role)];
    const Process& process = slot.process[static_cast<int>(role)];
    bool wanted = settings::worker && !withdrawn &&
                  (slot.state == State::run || (slot.state == State::unseen && role == Role::net));
    if (is_up(child, process, wanted && !slot.sent_home, now)) {
        bool leaving = !settings::worker || slot.state == State::copy;
        if (leaving && process.pid != 0)
            kill(process.pid, SIGTERM);
        return look_interval_ms;
    }
    if (!wanted || slot.sent_home) {
        child.deaths = 0;
        child.next_ms = 0;
        if (!wanted)
            return look_interval_ms;
    }
    if (now < child.next_ms)
        return child.next_ms - now;
    start_child(slot.database, role, child, now);
    return look_interval_ms;
}

int64_t round(int64_t now) {
    Roster* all = roster();
    forget_dead_withdrawals();
    if (now >= next_look_ms || all->look) {
        look();
        next_look_ms = now + look_interval_ms;
    }
    int64_t wait_ms = Max(next_look_ms - now, 1);
    for (int index = 0; index < databases_max; index++)
        for (int role = 0; role < roles; role++)
            wait_ms = Min(wait_ms, supervise(index, static_cast<Role>(role), now));
    forget_sent_home();
    retire_absent();
    return wait_ms;
}

void fill(BackgroundWorker& worker) {
    memset(&worker, 0, sizeof worker);
    snprintf(worker.bgw_name, BGW_MAXLEN, "pg_notion launcher");
    snprintf(worker.bgw_type, BGW_MAXLEN, "pg_notion launcher");
    worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
    // On a standby there is nothing to rest: it starts at promotion.
    worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
    worker.bgw_restart_time = 1;
    snprintf(worker.bgw_library_name, sizeof worker.bgw_library_name, "pg_notion");
    snprintf(worker.bgw_function_name, sizeof worker.bgw_function_name, "notion_launcher_main");
}

} // namespace

void register_launcher() {
    BackgroundWorker worker;
    fill(worker);
    RegisterBackgroundWorker(&worker);
}

bool start_launcher() {
    BackgroundWorker worker;
    fill(worker);
    BackgroundWorkerHandle* handle;
    worker.bgw_notify_pid = MyProcPid;
    if (!RegisterDynamicBackgroundWorker(&worker, &handle))
        return false;
    pid_t pid;
    return WaitForBackgroundWorkerStartup(handle, &pid) == BGWH_STARTED;
}

} // namespace notion::pg::worker

extern "C" void notion_launcher_main(Datum) {
    using namespace notion::pg;
    pqsignal(SIGHUP, SignalHandlerForConfigReload);
    pqsignal(SIGTERM, die);
    BackgroundWorkerUnblockSignals();
    if (!worker::join_as_launcher())
        proc_exit(0); // another one is at work, or there is no room in shared memory
    BackgroundWorkerInitializeConnection(nullptr, nullptr, 0);
    for (;;) {
        worker::reload();
        int64_t wait_ms = worker::round(now_ms());
        wait_once(-1, wait_ms, WaitFor::work);
    }
}
