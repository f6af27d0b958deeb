// The roster of the workers in shared memory: which database has which process, who must stay away,
// and how to wake them. Procno, not Latch*: a latch of a process that ended wakes nobody.
// Assumes at most databases_max databases with the extension. scope: cluster.
#pragma once

#include "pg/postgres.hpp"

#include "pg/shared.hpp"

namespace notion::pg::worker {

enum class Role : uint8_t { net, apply };
inline constexpr int roles = 2;
const char* name_of(Role role);

inline constexpr int databases_max = 128;
inline constexpr int withdrawals_max = 64;

enum class State : uint8_t {
    free,   ///< the slot belongs to no database
    unseen, ///< to be looked at: net starts, looks, and goes on or says absent or copy
    absent, ///< the extension is not here
    copy,   ///< the links here belong to another cluster or database: nothing speaks until adopted
    run,    ///< both processes are wanted
};

struct Process {
    pid_t pid; ///< 0: none
    int procno;
    pg_atomic_uint32 wakes; ///< how often it was called
};

/// What the apply process is at: whoever comes after it learns what ended it.
struct Place {
    int32 link; ///< 0: nothing that a user's code could make long
    char page[40];
};

struct Slot {
    Oid database;
    Place place;
    State state;
    uint32 announcements; ///< how often something changed that a look would find
    bool sent_home;       ///< by a withdrawal: their exit is no death
    Process process[roles];
};

/// A backend that keeps workers out of a database until its transaction ends.
struct Withdrawal {
    Oid database;
    pid_t pid; ///< 0: free entry
};

struct Roster {
    SharedHead head;
    Process launcher;
    bool look; ///< the launcher should read pg_database again, now
    Slot slots[databases_max];
    Withdrawal withdrawals[withdrawals_max];
};

/// Null where shared memory has no room: no worker then, and every wake-up does nothing.
Roster* roster();

/// Wake-ups; cheap, and harmless where nobody is there. They raise nothing once roster() was called
/// in this process.
void wake(Oid database, Role role);
void wake_launcher();
inline void wake_net(Oid database) {
    wake(database, Role::net);
}
/// Whether this database has a net process just now.
bool net_is_running();
inline void wake_apply(Oid database) {
    wake(database, Role::apply);
}

/// How often this worker was called since it started. requires: join() said true.
uint32 wakes_of_this_worker();

/// Wakes net of this database when the running transaction commits. Call it where an error is
/// allowed (a trigger, pre-commit): at commit nothing is allocated or raised.
void wake_net_at_commit();

/// The same for apply, after notion.resolve and the like.
void wake_apply_at_commit();

/// Tells the launcher, when the running transaction commits, to look at this database again.
void announce_at_commit();

/// requires: the lock is held. Null where the database has none.
Slot* find_slot(Roster* roster, Oid database);
/// Finds or takes one; null where all are taken. requires: the lock is held exclusively.
Slot* take_slot(Roster* roster, Oid database);
/// requires: the lock is held.
bool is_withdrawn(const Roster* roster, Oid database);

/// This process becomes the database's worker in that role and stops being it when it exits. False
/// if another one is it already, or the database is withdrawn.
bool join(Oid database, Role role);
bool join_as_launcher();
/// What this process is at, until the next call; "" = nothing. It needs no lock: nobody else writes
/// it, and only the next process of that role reads it. requires: join() said true.
void now_at(int32 link, const char* page);
/// Where the process before this one was when it ended.
Place last_at();

/// What this worker found (run, absent, copy); tells the launcher. What was announced since this
/// worker joined makes its finding stale: then the database is looked at again.
void publish(Oid database, State state);

/// Keeps workers out of the database until the transaction of this backend ends, and sends those
/// that are there home; waits for their exit where asked. Raises where no entry is free.
enum class Patience : uint8_t { wait, go_on };
void withdraw(Oid database, Patience patience);
/// requires: launcher. Forgets withdrawals of backends that are gone.
void forget_dead_withdrawals();

} // namespace notion::pg::worker
