// One budget per token: see the header. scope: cluster.
#include "pg/postgres.hpp"

#include "pg/budget.hpp"
#include "pg/shared.hpp"
#include "pg/wait.hpp"

namespace notion::pg {
namespace {

// More tokens than anyone uses in one server; a slot unused for longer than any Retry-After is
// given to the next token.
constexpr int slots_max = 32;
constexpr int64_t idle_ms = 10 * 60'000;

struct Slot {
    bridge::Fingerprint token;
    bool taken;
    int64_t used_ms; ///< when it was last asked for
    sync::Budget budget;
};

struct Budgets {
    SharedHead head;
    Slot slots[slots_max];
};

Budgets* shared;
Budgets own; // stands in where shared memory has no room
bool alone;

Budgets* attach() {
    if (shared != nullptr || alone)
        return shared;
    shared = static_cast<Budgets*>(shared_struct("notion_budget", sizeof(Budgets), nullptr));
    if (shared == nullptr) {
        alone = true;
        ereport(WARNING,
                (errcode(ERRCODE_OUT_OF_MEMORY),
                 errmsg("no room in shared memory for the budget of requests to Notion"),
                 errdetail("This session counts its own requests only."),
                 errhint("Add pg_notion to shared_preload_libraries and restart the server.")));
    }
    return shared;
}

/// The token's slot: its own, a free one, the one that has been idle longest; where all are in use,
/// the one used least recently is shared, which is slower and never over the limit.
Slot* find(Budgets* budgets, const Allowance& allowance, int64_t now) {
    Slot* free = nullptr;
    Slot* oldest = &budgets->slots[0];
    for (Slot& slot : budgets->slots) {
        if (slot.taken && memcmp(&slot.token, &allowance.token, sizeof slot.token) == 0)
            return &slot;
        if (!slot.taken && free == nullptr)
            free = &slot;
        if (slot.used_ms < oldest->used_ms)
            oldest = &slot;
    }
    if (free == nullptr && oldest->used_ms > now - idle_ms)
        return oldest;
    Slot* slot = free != nullptr ? free : oldest;
    memset(slot, 0, sizeof *slot);
    slot->taken = true;
    slot->token = allowance.token;
    bridge::budget_restart(slot->budget, allowance.per_minute, now);
    return slot;
}

struct Held {
    Slot* slot;
    Budgets* budgets; ///< null: not locked
    int64_t now;
};

Held hold(const Allowance& allowance) {
    Held held;
    held.budgets = attach();
    if (held.budgets != nullptr)
        LWLockAcquire(&held.budgets->head.lock, LW_EXCLUSIVE);
    held.now = now_ms(); // under the lock, so that time does not run backwards in a slot
    held.slot = find(held.budgets != nullptr ? held.budgets : &own, allowance, held.now);
    held.slot->used_ms = held.now;
    held.slot->budget.limit = allowance.per_minute;
    return held;
}

void release(const Held& held) {
    if (held.budgets != nullptr)
        LWLockRelease(&held.budgets->head.lock);
}

} // namespace

int64_t take_request(const Allowance& allowance, sync::Priority priority) {
    Held held = hold(allowance);
    int64_t wait_ms = bridge::budget_take(held.slot->budget, priority, held.now);
    release(held);
    return wait_ms;
}

void return_request(const Allowance& allowance, sync::Priority priority) {
    Held held = hold(allowance);
    bridge::budget_give_back(held.slot->budget, priority);
    release(held);
}

void request_refused(const Allowance& allowance, int64_t retry_after_ms, bool overload) {
    Held held = hold(allowance);
    bridge::budget_refused(held.slot->budget, held.now, retry_after_ms, overload);
    release(held);
}

} // namespace notion::pg
