// What past scans learned: see the header. scope: cluster.
#include "pg/postgres.hpp"

#include "pg/fdw/learned.hpp"
#include "pg/shared.hpp"

namespace notion::pg {
namespace {

// More than most workspaces share with an integration; what was learned longest ago makes room, and
// little of the shared memory that is left to a library loaded late is used.
constexpr int slots_max = 64;

struct Slot {
    Oid database;
    Oid table; ///< 0: free
    int64_t turn;
    Learned known;
};

struct Lessons {
    SharedHead head;
    int64_t turns;
    Slot slots[slots_max];
};

Lessons* shared;
bool alone;

Lessons* attach() {
    if (shared == nullptr && !alone) {
        shared = static_cast<Lessons*>(shared_struct("notion_lessons", sizeof(Lessons), nullptr));
        alone = shared == nullptr;
    }
    return shared;
}

Slot* find(Lessons* lessons, Oid table) {
    for (Slot& slot : lessons->slots)
        if (slot.table == table && slot.database == MyDatabaseId)
            return &slot;
    return nullptr;
}

} // namespace

bool recall(Oid table, Learned* known) {
    Lessons* lessons = attach();
    if (lessons == nullptr)
        return false;
    LWLockAcquire(&lessons->head.lock, LW_SHARED);
    const Slot* slot = find(lessons, table);
    if (slot != nullptr)
        *known = slot->known;
    LWLockRelease(&lessons->head.lock);
    return slot != nullptr;
}

void learn(Oid table, const Learned& lesson) {
    Lessons* lessons = attach();
    if (lessons == nullptr)
        return;
    LWLockAcquire(&lessons->head.lock, LW_EXCLUSIVE);
    Slot* slot = find(lessons, table);
    if (slot == nullptr) {
        slot = &lessons->slots[0];
        for (Slot& other : lessons->slots)
            if (other.turn < slot->turn)
                slot = &other;
    }
    slot->database = MyDatabaseId;
    slot->table = table;
    slot->turn = ++lessons->turns;
    slot->known = lesson;
    LWLockRelease(&lessons->head.lock);
}

} // namespace notion::pg
