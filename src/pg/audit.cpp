// What sessions do in Notion: see the header. scope: cluster.
#include "pg/postgres.hpp"

#include "pg/audit.hpp"
#include "pg/settings.hpp"
#include "pg/shared.hpp"
#include "pg/wait.hpp"
#include "pg/worker/shared.hpp"

namespace notion::pg {
namespace {

// A statement is one entry, and net takes them all within milliseconds.
constexpr int entries_max = 24;
constexpr int room_wanted = 8; // for statements within one that waited
constexpr int64_t patience_ms = 5'000;
constexpr int64_t look_ms = 10;

struct Entries {
    SharedHead head;
    Entry entries[entries_max];
};

Entries* shared;
bool asked;

Entries* attach() {
    if (!asked)
        shared = static_cast<Entries*>(shared_struct("notion_audit", sizeof(Entries), nullptr));
    asked = true;
    return shared;
}

struct Pending {
    MemoryContextCallback callback;
    const Talk* talk;
    bool pages_logged; ///< by entry_wrote
    Entry entry;
};

Pending* pending_of(Entry* entry) {
    return reinterpret_cast<Pending*>(reinterpret_cast<char*>(entry) - offsetof(Pending, entry));
}

/// requires: allocates nothing, waits for nothing: a transaction may be on its way down.
bool hand_over(const Entry& entry) {
    bool handed = false;
    if (shared == nullptr || !worker::net_is_running())
        return false;
    LWLockAcquire(&shared->head.lock, LW_EXCLUSIVE);
    for (Entry& place : shared->entries) {
        if (OidIsValid(place.database))
            continue;
        place = entry;
        handed = true;
        break;
    }
    LWLockRelease(&shared->head.lock);
    return handed;
}

void log(Entry& entry) {
    entry.at = GetCurrentTimestamp();
    if (hand_over(entry))
        return;
    // Nobody is there to log it: the server's log has it at least.
    ereport(LOG, (errmsg("pg_notion: %s of %s on server %s by %s: %s", entry.action, entry.what,
                         entry.server, entry.role, entry.outcome),
                  errhidestmt(true)));
}

void at_end(void* argument) {
    auto* pending = static_cast<Pending*>(argument);
    Entry& entry = pending->entry;
    entry.requests = Max(entry.requests, pending->talk->requests);
    if (entry.requests == 0)
        return;
    if (pending->pages_logged && strcmp(entry.outcome, "done") == 0)
        return worker::wake_net(MyDatabaseId);
    log(entry);
    worker::wake_net(MyDatabaseId);
}

int free_places() {
    int count = 0;
    LWLockAcquire(&shared->head.lock, LW_SHARED);
    for (const Entry& place : shared->entries)
        count += !OidIsValid(place.database);
    LWLockRelease(&shared->head.lock);
    return count;
}

/// Where net is behind, statements wait for it rather than go unlogged.
void wait_for_room() {
    const int64_t begun_ms = steady_ms();
    while (shared != nullptr && free_places() < room_wanted && worker::net_is_running() &&
           steady_ms() - begun_ms < patience_ms) {
        worker::wake_net(MyDatabaseId);
        wait_once(-1, look_ms, WaitFor::work);
    }
}

} // namespace

Entry* entry_begin(MemoryContext context, const Talk* talk, const char* action, Oid role) {
    if (strcmp(action, "read") == 0 && !settings::log_reads)
        return nullptr;
    attach();
    wait_for_room();
    auto* pending = static_cast<Pending*>(MemoryContextAllocZero(context, sizeof(Pending)));
    pending->talk = talk;
    Entry& entry = pending->entry;
    entry.database = MyDatabaseId;
    strlcpy(entry.action, action, sizeof entry.action);
    strlcpy(entry.server, talk->connection->server_name, sizeof entry.server);
    strlcpy(entry.role, GetUserNameFromId(role, false), sizeof entry.role);
    strlcpy(entry.application, application_name, sizeof entry.application);
    strlcpy(entry.outcome, "failed", sizeof entry.outcome);
    pending->callback.func = at_end;
    pending->callback.arg = pending;
    MemoryContextRegisterResetCallback(context, &pending->callback);
    return &entry;
}

void entry_done(Entry* entry) {
    if (entry != nullptr)
        strlcpy(entry->outcome, "done", sizeof entry->outcome);
}

void entry_names_table(Entry* entry, Relation table) {
    if (entry == nullptr)
        return;
    entry->table = RelationGetRelid(table);
    snprintf(entry->what, sizeof entry->what, "%s.%s",
             get_namespace_name(RelationGetNamespace(table)), RelationGetRelationName(table));
}

void entry_failed(Entry* entry, const bridge::Fault& fault) {
    if (entry != nullptr)
        strlcpy(entry->outcome, fault.kind == ErrorKind::unknown_outcome ? "unknown" : "failed",
                sizeof entry->outcome);
}

void entry_names_column(Entry* entry, std::string_view column) {
    if (entry == nullptr)
        return;
    char quoted[2 * NAMEDATALEN];
    snprintf(quoted, sizeof quoted, ",%.*s,", static_cast<int>(column.size()), column.data());
    const size_t known = strlen(entry->columns);
    char all[sizeof entry->columns + 2];
    snprintf(all, sizeof all, ",%s,", entry->columns);
    if (strstr(all, quoted) != nullptr || known + column.size() + 2 > sizeof entry->columns)
        return;
    snprintf(entry->columns + known, sizeof entry->columns - known, "%s%.*s", known > 0 ? "," : "",
             static_cast<int>(column.size()), column.data());
}

void entry_wrote(Entry* entry, int64_t Entry::*count, std::string_view page, const char* fields) {
    if (entry == nullptr)
        return;
    wait_for_room();
    auto* row = static_cast<Entry*>(palloc(sizeof(Entry)));
    *row = *entry;
    row->inserted = row->updated = row->trashed = 0;
    row->*count = row->requests = 1;
    snprintf(row->page, sizeof row->page, "%.*s", static_cast<int>(page.size()), page.data());
    strlcpy(row->fields, fields, sizeof row->fields);
    entry_done(row);
    log(*row);
    pfree(row);
    // What remains are rows that were written and not heard of.
    entry->*count = Max(entry->*count - 1, 0);
    pending_of(entry)->pages_logged = true;
    entry_done(entry);
}

bool take_entry(Entry* entry) {
    if (attach() == nullptr)
        return false;
    bool found = false;
    LWLockAcquire(&shared->head.lock, LW_EXCLUSIVE);
    for (Entry& place : shared->entries) {
        if (place.database != MyDatabaseId || place.taken)
            continue;
        place.taken = true;
        *entry = place;
        found = true;
        break;
    }
    LWLockRelease(&shared->head.lock);
    return found;
}

namespace {

void end_taken(bool logged) {
    if (attach() == nullptr)
        return;
    LWLockAcquire(&shared->head.lock, LW_EXCLUSIVE);
    for (Entry& place : shared->entries) {
        if (place.database != MyDatabaseId || !place.taken)
            continue;
        place.taken = false;
        if (logged)
            memset(&place, 0, sizeof place); // its values too
    }
    LWLockRelease(&shared->head.lock);
}

} // namespace

void drop_taken_entries() {
    end_taken(true);
}

void give_back_taken_entries() {
    end_taken(false);
}

} // namespace notion::pg
