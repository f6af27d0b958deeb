// The budget of a token: see the header. scope: none.
#include "bridge/budget.hpp"

namespace notion::bridge {
// These are arithmetic on a POD and throw nothing.
int64_t budget_take(sync::Budget& budget, sync::Priority priority, int64_t now_ms) noexcept {
    return sync::take(budget, priority, now_ms);
}

void budget_give_back(sync::Budget& budget, sync::Priority priority) noexcept {
    sync::give_back(budget, priority);
}

void budget_refused(sync::Budget& budget, int64_t now_ms, int64_t retry_after_ms,
                    bool overload) noexcept {
    sync::refused(budget, now_ms, retry_after_ms, overload);
}

void budget_restart(sync::Budget& budget, int32_t limit, int64_t now_ms) noexcept {
    sync::restart(budget, limit, now_ms);
}

int32_t budget_limit(const sync::Budget& budget) noexcept {
    return sync::limit_of(budget);
}

} // namespace notion::bridge
