// Renewal of expired tokens: see the header. scope: cluster.
#include "pg/postgres.hpp"

#include "bridge/mux.hpp"
#include "pg/raise.hpp"
#include "pg/renewal.hpp"
#include "pg/sealed.hpp"
#include "pg/shared.hpp"
#include "pg/wait.hpp"
#include "pg/worker/shared.hpp"

namespace notion::pg {
namespace {

// More connections than expire at once; where all places are taken, a session asks again.
constexpr int entries_max = 128;

constexpr int64_t look_ms = 50;
constexpr int64_t worker_missing_ms = 5'000; // it may be starting
constexpr int64_t patience_ms = 90'000;      // longer than the deadline of one attempt

struct Entry {
    Oid database; ///< InvalidOid: free
    Refused refused;
};

struct Asks {
    SharedHead head;
    Entry entries[entries_max];
};

Asks* shared;
Asks own; // where shared memory has no room: net hears itself alone
bool alone;

Asks* attach() {
    if (shared == nullptr && !alone) {
        shared = static_cast<Asks*>(shared_struct("notion_renewals", sizeof(Asks), nullptr));
        alone = shared == nullptr;
    }
    return shared != nullptr ? shared : &own;
}

const char* holder_name(Oid holder) {
    return OidIsValid(holder) ? GetUserNameFromId(holder, false) : for_everybody;
}

[[noreturn]] void not_renewed(const Connection* connection, const char* detail, const char* hint) {
    ereport(ERROR, (errcode(sqlstate_of(ErrorKind::unauthorized)),
                    errmsg("the token of role \"%s\" for server \"%s\" has expired",
                           holder_name(connection->holder), connection->server_name),
                    errdetail("%s", detail), errhint("%s", hint)));
    pg_unreachable();
}

[[noreturn]] void nobody_renews(const Connection* connection) {
    not_renewed(connection,
                RecoveryInProgress() ? "Only the primary renews tokens."
                                     : "No worker of pg_notion runs in this database.",
                "notion.worker = on, and pg_notion in shared_preload_libraries or "
                "notion.start_worker(); SELECT * FROM notion.health.");
}

/// Whether another token is stored than the connection has; then it has that one.
bool take_newer(Connection* connection) {
    AcceptInvalidationMessages();
    MemoryContext before = MemoryContextSwitchTo(GetMemoryChunkContext(connection));
    const char* id = server_id(GetForeignServer(connection->server));
    OpenedToken found = {};
    if (id != nullptr)
        found = open_token(connection->server, id, connection->holder, connection->server_name);
    MemoryContextSwitchTo(before);
    if (found.text == nullptr || !found.renewable)
        not_renewed(connection, "Notion refused to renew it: a person has to connect again.",
                    psprintf("SELECT notion.connect_url(%s), and open it in a browser; "
                             "notion.connections says more.",
                             quote_literal_cstr(connection->server_name)));
    if (connection->token.text == found.text)
        return false;
    connection->token.text = found.text;
    connection->token.renewals++;
    return true;
}

/// What others have under way goes on meanwhile.
void wait_a_little() {
    bridge::Fault fault;
    int fd = bridge::mux_fd(fault);
    if (fd < 0)
        raise(fault);
    wait_once(fd, look_ms, WaitFor::reply);
    if (!bridge::mux_step(fault))
        raise(fault);
}

} // namespace

void note_refused(const Refused& refused) {
    Asks* all = attach();
    if (!alone)
        LWLockAcquire(&all->head.lock, LW_EXCLUSIVE);
    Entry* place = nullptr;
    for (Entry& entry : all->entries) {
        const bool same = entry.database == MyDatabaseId &&
                          entry.refused.server == refused.server &&
                          entry.refused.holder == refused.holder;
        if (same || (place == nullptr && entry.database == InvalidOid))
            place = &entry;
        if (same)
            break;
    }
    if (place != nullptr && place->database == InvalidOid)
        *place = {MyDatabaseId, refused};
    if (!alone)
        LWLockRelease(&all->head.lock);
}

bool take_refused(Refused* refused) {
    Asks* all = attach();
    if (!alone)
        LWLockAcquire(&all->head.lock, LW_EXCLUSIVE);
    bool taken = false;
    for (Entry& entry : all->entries) {
        if (entry.database != MyDatabaseId)
            continue;
        *refused = entry.refused;
        entry.database = InvalidOid;
        taken = true;
        break;
    }
    if (!alone)
        LWLockRelease(&all->head.lock);
    return taken;
}

void renew_token(Connection* connection) {
    // Before it is looked whether another one is stored: one that is given from now on is newer.
    const int64_t asked_ms = now_ms();
    if (take_newer(connection))
        return;
    if (RecoveryInProgress())
        nobody_renews(connection);
    const int64_t begun_ms = steady_ms();
    int64_t worker_seen_ms = begun_ms;
    do {
        note_refused({connection->server, connection->holder, asked_ms});
        worker::wake_net(MyDatabaseId);
        wait_a_little();
        const int64_t now = steady_ms();
        if (worker::net_is_running())
            worker_seen_ms = now;
        if (now - worker_seen_ms > worker_missing_ms)
            nobody_renews(connection);
        if (now - begun_ms > patience_ms)
            not_renewed(connection, "It could not be renewed yet; the worker goes on trying.",
                        "notion.connections says why.");
    } while (!take_newer(connection));
}

} // namespace notion::pg
