// Budget: see the header. Each lower priority keeps a floor of a window's requests while it wants
// any, so that an import never starves polling and polling never starves a commit.
// scope: none.
#include "core/sync/budget.hpp"

#include <algorithm>
#include <cmath>

namespace notion::sync {
namespace {

/// Share of a window, in percent, that a priority may count on while it asks; the rest is taken by
/// whoever comes first. Interactive is asked by a person who waits: nothing is kept from it but
/// these floors.
constexpr int32_t floor_percent[priorities] = {10, 10, 10, 5};
constexpr int64_t recovery_windows = 10; ///< windows without a 429 until the limit is tried again

int32_t limit_of(const Budget& budget) {
    const int32_t stated = budget.limit == 0 ? budget_per_minute : budget.limit;
    if (stated < 0 || budget.learned_limit <= 0)
        return stated;
    return std::min(stated, budget.learned_limit);
}

void open_window(Budget& budget, int64_t now_ms) {
    const int64_t age = now_ms - budget.window_start_ms;
    if (budget.window_start_ms != 0 && age >= 0 && age < window_ms)
        return;
    // What a 429 taught wears off: a plan may have been changed, a neighbour may have gone.
    const bool is_calm = now_ms - budget.blocked_until_ms > recovery_windows * window_ms;
    if (budget.learned_limit > 0 && is_calm) {
        budget.learned_limit += std::max(1, budget.learned_limit / 10);
        const int32_t stated = budget.limit == 0 ? budget_per_minute : budget.limit;
        if (stated > 0 && budget.learned_limit >= stated)
            budget.learned_limit = 0;
    }
    budget.window_start_ms = now_ms;
    budget.used = 0;
    std::fill(budget.used_by, budget.used_by + priorities, 0);
}

/// Requests of this window that others may still count on.
int32_t kept_for_others(const Budget& budget, int32_t limit, int mine, int64_t now_ms) {
    int32_t kept = 0;
    for (int other = 0; other < priorities; ++other) {
        const bool wants =
            budget.wanted_ms[other] != 0 && now_ms - budget.wanted_ms[other] < window_ms;
        if (other == mine || !wants)
            continue;
        // As a percentage of a small limit a floor could be nothing: one request at least.
        const int32_t floor = std::max(1, limit * floor_percent[other] / 100);
        kept += std::max(0, floor - budget.used_by[other]);
    }
    return kept;
}

int64_t until_next_window(const Budget& budget, int64_t now_ms) {
    return std::max<int64_t>(1, budget.window_start_ms + window_ms - now_ms);
}

} // namespace

int64_t take(Budget& budget, Priority priority, int64_t now_ms) {
    const int mine = static_cast<int>(priority);
    budget.wanted_ms[mine] = std::max<int64_t>(now_ms, 1);
    if (now_ms < budget.blocked_until_ms)
        return budget.blocked_until_ms - now_ms;
    open_window(budget, now_ms);

    const int32_t limit = limit_of(budget);
    if (limit >= 0) {
        const int32_t left = limit - budget.used;
        const int32_t floor = std::max(1, limit * floor_percent[mine] / 100);
        const bool within_floor = budget.used_by[mine] < floor;
        if (left <= 0)
            return until_next_window(budget, now_ms);
        if (!within_floor && left <= kept_for_others(budget, limit, mine, now_ms))
            return until_next_window(budget, now_ms);
    }
    ++budget.used;
    ++budget.used_by[mine];
    ++budget.granted_total;
    return 0;
}

void give_back(Budget& budget, Priority priority) {
    const int mine = static_cast<int>(priority);
    if (budget.used <= 0 || budget.used_by[mine] <= 0)
        return; // the window has changed since: what was granted in it is gone
    --budget.used;
    --budget.used_by[mine];
    --budget.granted_total;
}

void refused(Budget& budget, int64_t now_ms, int64_t retry_after_ms) {
    ++budget.refused_total;
    const int64_t wait = retry_after_ms >= 0 ? retry_after_ms : until_next_window(budget, now_ms);
    budget.blocked_until_ms = std::max(budget.blocked_until_ms, now_ms + wait);
    const int32_t limit = limit_of(budget);
    const bool counted = now_ms - budget.window_start_ms < window_ms && budget.used > 1;
    if (counted && (limit < 0 || budget.used < limit)) {
        // Somebody else spends from the same budget, or the plan is smaller: stay below.
        budget.learned_limit = std::max(1, budget.used - 1);
    }
}

void restart(Budget& budget, int32_t limit, int64_t now_ms) {
    const int64_t granted = budget.granted_total;
    const int64_t refusals = budget.refused_total;
    budget = Budget{};
    budget.granted_total = granted;
    budget.refused_total = refusals;
    budget.limit = limit;
    budget.window_start_ms = now_ms;
    const int32_t effective = limit_of(budget);
    budget.used = effective > 0 ? (effective + 1) / 2 : 0;
}

int64_t backoff_ms(int attempt, double random) {
    constexpr int64_t base_ms = 1'000;
    constexpr int64_t cap_ms = 300'000; ///< five minutes: what a person who repaired it will wait
    int64_t wait = base_ms;
    for (int i = 0; i < attempt && wait < cap_ms; ++i)
        wait *= 2;
    wait = std::min(wait, cap_ms);
    const double share = std::clamp(random, 0.0, 1.0);
    return static_cast<int64_t>(static_cast<double>(wait) * (0.5 + share / 2));
}

} // namespace notion::sync
