// Breakers in shared memory: see the header. scope: cluster.
#include "pg/postgres.hpp"

#include "bridge/pacing.hpp"
#include "pg/shared.hpp"
#include "pg/wait.hpp"
#include "pg/worker/breakers.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(notion_breakers);
}

namespace notion::pg::worker {
namespace {

// More foreign servers than anyone has; where all are taken, the one least recently used is given
// to the next, which then starts closed.
constexpr int entries_max = 128;

struct Entry {
    Oid database;
    Oid server; ///< InvalidOid: free
    int64_t used_ms;
    sync::Breaker breaker;
};

struct Breakers {
    SharedHead head;
    Entry entries[entries_max];
};

Breakers* shared;
Breakers own; // stands in where shared memory has no room
bool alone;

Breakers* attach() {
    if (shared == nullptr && !alone) {
        shared =
            static_cast<Breakers*>(shared_struct("notion_breakers", sizeof(Breakers), nullptr));
        alone = shared == nullptr;
    }
    return shared != nullptr ? shared : &own;
}

Entry& find(Breakers* all, Oid server, int64_t now) {
    Entry* oldest = &all->entries[0];
    for (Entry& entry : all->entries) {
        if (entry.server == server && entry.database == MyDatabaseId)
            return entry;
        if (entry.used_ms < oldest->used_ms)
            oldest = &entry;
    }
    memset(oldest, 0, sizeof *oldest);
    oldest->database = MyDatabaseId;
    oldest->server = server;
    oldest->used_ms = now;
    return *oldest;
}

void lock(Breakers* all, LWLockMode mode) {
    if (!alone)
        LWLockAcquire(&all->head.lock, mode);
}

void unlock(Breakers* all) {
    if (!alone)
        LWLockRelease(&all->head.lock);
}

const char* words_for(sync::BreakerState state) {
    switch (state) {
    case sync::BreakerState::closed:
        return "closed";
    case sync::BreakerState::open:
        return "open";
    case sync::BreakerState::half_open:
        return "half-open";
    }
    return "";
}

Datum time_of(int64_t unix_ms) {
    constexpr int64_t epoch_ms =
        static_cast<int64_t>(POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY * 1000;
    return TimestampTzGetDatum((unix_ms - epoch_ms) * 1000);
}

void put_row(ReturnSetInfo* result, const Entry& entry, int64_t now) {
    const sync::Breaker& breaker = entry.breaker;
    bool closed = breaker.opened_ms == 0;
    Datum values[6] = {ObjectIdGetDatum(entry.server),
                       CStringGetTextDatum(words_for(bridge::breaker_state(breaker, now))),
                       Int32GetDatum(breaker.failures),
                       time_of(breaker.opened_ms),
                       time_of(breaker.retry_ms),
                       Int64GetDatum(breaker.opened_total)};
    bool nulls[6] = {false, false, false, closed, closed, false};
    tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

} // namespace

int64_t pass_breaker(Oid server, bool is_probe) {
    Breakers* all = attach();
    lock(all, LW_EXCLUSIVE);
    int64_t now = now_ms();
    Entry& entry = find(all, server, now);
    entry.used_ms = now;
    int64_t wait_ms = bridge::breaker_pass(entry.breaker, is_probe, now);
    unlock(all);
    return wait_ms;
}

void leave_breaker(Oid server) {
    Breakers* all = attach();
    lock(all, LW_EXCLUSIVE);
    bridge::breaker_not_sent(find(all, server, now_ms()).breaker);
    unlock(all);
}

void note_answer(Oid server, int32_t status) {
    Breakers* all = attach();
    lock(all, LW_EXCLUSIVE);
    int64_t now = now_ms();
    bridge::breaker_note(find(all, server, now).breaker, status, now);
    unlock(all);
}

} // namespace notion::pg::worker

extern "C" Datum notion_breakers(PG_FUNCTION_ARGS) {
    using namespace notion::pg;
    InitMaterializedSRF(fcinfo, 0);
    auto* result = reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo);
    worker::Breakers* all = worker::attach();
    auto* copy = static_cast<worker::Breakers*>(palloc(sizeof(worker::Breakers)));
    worker::lock(all, LW_SHARED);
    memcpy(copy, all, sizeof *copy);
    worker::unlock(all);
    for (const worker::Entry& entry : copy->entries)
        if (OidIsValid(entry.server) && entry.database == MyDatabaseId)
            worker::put_row(result, entry, now_ms());
    PG_RETURN_NULL();
}
