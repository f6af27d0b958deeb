// Budget: see the header. Each lower priority keeps a floor of a window's requests while it wants
// any, so that an import never starves polling and polling never starves a commit.
// scope: none.
#include "core/sync/budget.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>

namespace notion::sync {
namespace {

/// Share of a window, in percent, that a priority may count on while it asks; the rest is taken by
/// whoever comes first. Interactive is asked by a person who waits: nothing is kept from it but
/// these floors. A fifth for the backfill: 100,000 rows of a bulk job end some day.
constexpr int32_t floor_percent[priorities] = {10, 10, 10, 20};
constexpr int64_t recovery_ms = 10 * window_ms; ///< without a 429, until the limit is tried again

void clear(Budget& budget) {
    std::fill(std::begin(budget.granted), std::end(budget.granted), uint16_t{0});
    for (auto& by : budget.by)
        std::fill(std::begin(by), std::end(by), uint16_t{0});
    budget.used = 0;
}

/// Forgets what is older than a window.
void advance(Budget& budget, int64_t now_ms) {
    const int64_t moment = now_ms / moment_ms;
    const int64_t stretch = now_ms / stretch_ms;
    const bool runs_on = moment >= budget.moment && moment - budget.moment < moments;
    if (!runs_on) { // a long pause, or a clock that was set back
        clear(budget);
    } else {
        for (int64_t it = budget.moment + 1; it <= moment; ++it) {
            uint16_t& old = budget.granted[it % moments];
            budget.used -= old;
            old = 0;
        }
        for (int64_t it = budget.stretch + 1; it <= stretch; ++it)
            for (auto& by : budget.by)
                by[it % stretches] = 0;
    }
    budget.moment = moment;
    budget.stretch = stretch;
}

/// What a 429 taught wears off: a plan may have been changed, a neighbour may have gone.
void forget_lesson(Budget& budget, int64_t now_ms) {
    if (budget.learned_limit <= 0 || now_ms - budget.learned_ms < recovery_ms)
        return;
    budget.learned_limit += std::max(1, budget.learned_limit / 10);
    budget.learned_ms = now_ms - recovery_ms + window_ms; // a step a window
    const int32_t stated = budget.limit == 0 ? budget_per_minute : budget.limit;
    if (stated > 0 && budget.learned_limit >= stated)
        budget.learned_limit = 0;
}

int32_t used_by(const Budget& budget, int priority) {
    const auto& by = budget.by[priority];
    return std::accumulate(std::begin(by), std::end(by), 0);
}

int32_t floor_of(int32_t limit, int priority) {
    // As a percentage of a small limit a floor could be nothing: one request at least.
    return std::max(1, limit * floor_percent[priority] / 100);
}

/// Requests of a window that others may still count on.
int32_t kept_for_others(const Budget& budget, int32_t limit, int mine, int64_t now_ms) {
    int32_t kept = 0;
    for (int other = 0; other < priorities; ++other) {
        const bool wants =
            budget.wanted_ms[other] != 0 && now_ms - budget.wanted_ms[other] < window_ms;
        if (other != mine && wants)
            kept += std::max(0, floor_of(limit, other) - used_by(budget, other));
    }
    return kept;
}

/// Until the oldest grants are free again.
int64_t until_some_are_free(const Budget& budget, int64_t now_ms) {
    for (int64_t it = budget.moment - moments + 1; it <= budget.moment; ++it)
        if (it >= 0 && budget.granted[it % moments] > 0)
            return std::max<int64_t>(1, (it + moments) * moment_ms - now_ms);
    return moment_ms;
}

bool may_take(const Budget& budget, int mine, int64_t now_ms) {
    const int32_t limit = limit_of(budget);
    if (limit < 0)
        return true;
    const int32_t left = limit - budget.used;
    if (left <= 0)
        return false;
    return used_by(budget, mine) < floor_of(limit, mine) ||
           left > kept_for_others(budget, limit, mine, now_ms);
}

} // namespace

int32_t limit_of(const Budget& budget) {
    const int32_t stated = budget.limit == 0 ? budget_per_minute : budget.limit;
    if (stated < 0 || budget.learned_limit <= 0)
        return stated;
    return std::min(stated, budget.learned_limit);
}

int64_t take(Budget& budget, Priority priority, int64_t now_ms) {
    const int mine = static_cast<int>(priority);
    budget.wanted_ms[mine] = std::max<int64_t>(now_ms, 1);
    advance(budget, now_ms);
    if (now_ms < budget.blocked_until_ms)
        return budget.blocked_until_ms - now_ms;
    forget_lesson(budget, now_ms);
    if (!may_take(budget, mine, now_ms))
        return until_some_are_free(budget, now_ms);
    ++budget.granted[budget.moment % moments];
    ++budget.used;
    ++budget.by[mine][budget.stretch % stretches];
    ++budget.granted_total;
    return 0;
}

void give_back(Budget& budget, Priority priority) {
    uint16_t& now = budget.granted[budget.moment % moments];
    uint16_t& mine = budget.by[static_cast<int>(priority)][budget.stretch % stretches];
    if (now == 0 || mine == 0)
        return; // granted a moment ago: it counts, which is no more than slow
    --now;
    --mine;
    --budget.used;
    --budget.granted_total;
}

void refused(Budget& budget, int64_t now_ms, int64_t retry_after_ms, bool overload) {
    ++budget.refused_total;
    advance(budget, now_ms);
    const int64_t wait = retry_after_ms >= 0 ? retry_after_ms : until_some_are_free(budget, now_ms);
    budget.blocked_until_ms = std::max(budget.blocked_until_ms, now_ms + wait);
    const int32_t limit = limit_of(budget);
    if (!overload && budget.used > 1 && limit > 0 && budget.used < limit) {
        // Somebody else spends from the same budget, or the plan is smaller: stay below. The
        // refused request is one of those that were used.
        budget.learned_limit = std::max(1, budget.used - 1);
        budget.learned_ms = now_ms;
    }
}

void restart(Budget& budget, int32_t limit, int64_t now_ms) {
    const int64_t granted = budget.granted_total;
    const int64_t refusals = budget.refused_total;
    budget = Budget{};
    budget.granted_total = granted;
    budget.refused_total = refusals;
    budget.limit = limit;
    advance(budget, now_ms);
    const int32_t effective = limit_of(budget);
    const int32_t spent = effective > 0 ? (effective + 1) / 2 : 0;
    for (int32_t i = 0; i < spent; ++i)
        ++budget.granted[(int64_t{i} * moments) / std::max(1, spent)];
    budget.used = spent;
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
