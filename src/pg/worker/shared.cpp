// The roster of the workers: see the header. scope: cluster.
#include "pg/postgres.hpp"

#include "pg/wait.hpp"
#include "pg/worker/shared.hpp"

namespace notion::pg::worker {
namespace {

Roster* mine;
bool asked;

// What this backend owes when its transaction ends.
struct Debts {
    bool registered;
    bool wake[roles];
    bool announce;
    bool withdrawal;
};
Debts debts;

Process* self; // this process's entry in the roster
Slot* my_slot;
Place found_at; // when this process came
uint32 announcements_known;

void call(Process& process) {
    pg_atomic_fetch_add_u32(&process.wakes, 1);
    if (process.pid != 0)
        SetLatch(&GetPGProcByNumber(process.procno)->procLatch);
}

void release_withdrawals() {
    Roster* all = mine;
    LWLockAcquire(&all->head.lock, LW_EXCLUSIVE);
    for (Withdrawal& entry : all->withdrawals)
        if (entry.pid == MyProcPid)
            entry.pid = 0;
    all->look = true;
    LWLockRelease(&all->head.lock);
    wake_launcher();
}

void look_here() {
    Roster* all = mine;
    LWLockAcquire(&all->head.lock, LW_EXCLUSIVE);
    Slot* slot = take_slot(all, MyDatabaseId);
    if (slot != nullptr)
        slot->announcements++;
    if (slot != nullptr && slot->state != State::run)
        slot->state = State::unseen;
    all->look = true;
    LWLockRelease(&all->head.lock);
    wake_launcher();
}

void at_end(XactEvent event, void*) {
    bool committed = event == XACT_EVENT_COMMIT;
    if (!committed && event != XACT_EVENT_ABORT && event != XACT_EVENT_PREPARE)
        return;
    Debts due = debts;
    debts = {.registered = true, .wake = {false, false}, .announce = false, .withdrawal = false};
    if (mine == nullptr)
        return;
    if (due.withdrawal)
        release_withdrawals();
    if (!committed)
        return;
    if (due.announce)
        look_here();
    for (int role = 0; role < roles; role++)
        if (due.wake[role])
            wake(MyDatabaseId, static_cast<Role>(role));
}

void owe() {
    roster();
    if (!debts.registered)
        RegisterXactCallback(at_end, nullptr);
    debts.registered = true;
}

void leave(int, Datum) {
    LWLockAcquire(&mine->head.lock, LW_EXCLUSIVE);
    if (self != nullptr && self->pid == MyProcPid)
        self->pid = 0;
    LWLockRelease(&mine->head.lock);
    wake_launcher();
}

bool is_alive(const Process& process) {
    return process.pid != 0 && process.pid != MyProcPid && kill(process.pid, 0) == 0;
}

/// requires: the lock is held exclusively.
bool sit_down(Process& chair) {
    if (is_alive(chair))
        return false;
    chair.procno = my_proc_number();
    chair.pid = MyProcPid;
    self = &chair;
    return true;
}

/// The pids of the database's workers; how many.
int pids_of(Oid database, pid_t (&pids)[roles]) {
    int count = 0;
    LWLockAcquire(&mine->head.lock, LW_SHARED);
    const Slot* slot = find_slot(mine, database);
    for (int role = 0; slot != nullptr && role < roles; role++)
        if (slot->process[role].pid != 0)
            pids[count++] = slot->process[role].pid;
    LWLockRelease(&mine->head.lock);
    return count;
}

// A process leaves the roster a moment before it leaves the array of those whom DROP DATABASE
// counts: waiting for the latter spares that statement its own wait of 100 ms.
void wait_for_exit(const pid_t (&pids)[roles], int count) {
    for (int i = 0; i < count; i++)
        while (BackendPidGetProc(pids[i]) != nullptr)
            wait_once(-1, 5, WaitFor::work);
}

} // namespace

const char* name_of(Role role) {
    return role == Role::net ? "net" : "apply";
}

Roster* roster() {
    if (asked)
        return mine;
    mine = static_cast<Roster*>(shared_struct("notion_workers", sizeof(Roster), nullptr));
    asked = true;
    return mine;
}

Slot* find_slot(Roster* roster, Oid database) {
    for (Slot& slot : roster->slots)
        if (slot.state != State::free && slot.database == database)
            return &slot;
    return nullptr;
}

Slot* take_slot(Roster* roster, Oid database) {
    Slot* slot = find_slot(roster, database);
    if (slot != nullptr)
        return slot;
    for (Slot& candidate : roster->slots)
        if (candidate.state == State::free) {
            memset(&candidate, 0, sizeof candidate);
            candidate.database = database;
            candidate.state = State::unseen;
            return &candidate;
        }
    return nullptr;
}

bool is_withdrawn(const Roster* roster, Oid database) {
    for (const Withdrawal& entry : roster->withdrawals)
        if (entry.pid != 0 && entry.database == database)
            return true;
    return false;
}

void wake(Oid database, Role role) {
    Roster* all = roster();
    if (all == nullptr)
        return;
    LWLockAcquire(&all->head.lock, LW_SHARED);
    Slot* slot = find_slot(all, database);
    if (slot != nullptr)
        call(slot->process[static_cast<int>(role)]);
    LWLockRelease(&all->head.lock);
}

bool net_is_running() {
    Roster* all = roster();
    if (all == nullptr)
        return false;
    LWLockAcquire(&all->head.lock, LW_SHARED);
    const Slot* slot = find_slot(all, MyDatabaseId);
    const bool running = slot != nullptr && slot->process[static_cast<int>(Role::net)].pid != 0;
    LWLockRelease(&all->head.lock);
    return running;
}

void wake_launcher() {
    Roster* all = roster();
    if (all == nullptr)
        return;
    LWLockAcquire(&all->head.lock, LW_SHARED);
    call(all->launcher);
    LWLockRelease(&all->head.lock);
}

uint32 wakes_of_this_worker() {
    return pg_atomic_read_u32(&self->wakes);
}

void wake_net_at_commit() {
    owe();
    debts.wake[static_cast<int>(Role::net)] = true;
}

void wake_apply_at_commit() {
    owe();
    debts.wake[static_cast<int>(Role::apply)] = true;
}

void announce_at_commit() {
    owe();
    debts.announce = true;
}

bool join(Oid database, Role role) {
    Roster* all = roster();
    if (all == nullptr)
        return false;
    LWLockAcquire(&all->head.lock, LW_EXCLUSIVE);
    Slot* slot = find_slot(all, database);
    bool joined = slot != nullptr && !is_withdrawn(all, database) &&
                  sit_down(slot->process[static_cast<int>(role)]);
    if (joined) {
        announcements_known = slot->announcements;
        my_slot = slot;
    }
    if (joined && role == Role::apply) {
        found_at = slot->place;
        slot->place.link = 0;
    }
    LWLockRelease(&all->head.lock);
    if (joined)
        before_shmem_exit(leave, 0);
    return joined;
}

void now_at(int32 link, const char* page) {
    my_slot->place.link = 0;
    strlcpy(my_slot->place.page, page, sizeof my_slot->place.page);
    my_slot->place.link = link;
}

Place last_at() {
    return found_at;
}

bool join_as_launcher() {
    Roster* all = roster();
    if (all == nullptr)
        return false;
    LWLockAcquire(&all->head.lock, LW_EXCLUSIVE);
    bool joined = sit_down(all->launcher);
    LWLockRelease(&all->head.lock);
    if (joined)
        before_shmem_exit(leave, 0);
    return joined;
}

void publish(Oid database, State state) {
    Roster* all = roster();
    LWLockAcquire(&all->head.lock, LW_EXCLUSIVE);
    Slot* slot = find_slot(all, database);
    if (slot != nullptr && (state == State::run || slot->announcements == announcements_known))
        slot->state = state;
    else if (slot != nullptr)
        slot->state = State::unseen;
    LWLockRelease(&all->head.lock);
    wake_launcher();
}

void withdraw(Oid database, Patience patience) {
    owe();
    Roster* all = mine;
    if (all == nullptr)
        return;
    bool entered = false;
    LWLockAcquire(&all->head.lock, LW_EXCLUSIVE);
    for (Withdrawal& entry : all->withdrawals)
        if (!entered && entry.pid == 0) {
            entry = {.database = database, .pid = MyProcPid};
            entered = true;
        }
    Slot* slot = find_slot(all, database);
    if (entered && slot != nullptr)
        slot->sent_home = true;
    LWLockRelease(&all->head.lock);
    if (!entered)
        ereport(ERROR, (errcode(ERRCODE_OBJECT_IN_USE),
                        errmsg("too many statements keep the workers of pg_notion away"),
                        errhint("Run the statement again when the others have ended.")));
    debts.withdrawal = true;
    pid_t pids[roles];
    int count = pids_of(database, pids);
    for (int i = 0; i < count; i++)
        kill(pids[i], SIGTERM);
    if (patience == Patience::wait)
        wait_for_exit(pids, count);
}

void forget_dead_withdrawals() {
    LWLockAcquire(&mine->head.lock, LW_EXCLUSIVE);
    for (Withdrawal& entry : mine->withdrawals)
        if (entry.pid != 0 && kill(entry.pid, 0) != 0)
            entry.pid = 0;
    LWLockRelease(&mine->head.lock);
}

} // namespace notion::pg::worker
