// Budget: how many requests a token may still make, in windows as Notion counts them.
// Pure functions on a POD that lives in shared memory under a lock held by the caller; time is
// passed in. Interactive first, then outbound, inbound, backfill; each lower one keeps a floor.
// scope: cluster (the state), none (the functions).
#pragma once

#include <cstdint>

namespace notion::sync {

inline constexpr int64_t window_ms = 60'000;      ///< Notion's window (api.md section 4)
inline constexpr int32_t budget_per_minute = 180; ///< Notion's smallest plan

enum class Priority : uint8_t { interactive, outbound, inbound, backfill };
inline constexpr int priorities = 4;

/// requires: zero-initialised before first use. Trivially copyable, no pointers.
struct Budget {
    int32_t limit;                 ///< requests a window; 0 = budget_per_minute; <0 = unlimited
    int32_t learned_limit;         ///< lowered by what 429s teach; 0 = nothing learned
    int64_t window_start_ms;       ///< of the window that `used` counts
    int32_t used;                  ///< requests granted in this window, all priorities
    int32_t used_by[priorities];   ///< the same by priority
    int64_t wanted_ms[priorities]; ///< when each priority last asked: who must be left a share
    int64_t blocked_until_ms;      ///< Retry-After of the last 429 or 529
    int64_t granted_total;
    int64_t refused_total; ///< 429s
};

/// Takes one request. Returns 0 if granted, else the milliseconds to wait before asking again (>
/// 0).
int64_t take(Budget& budget, Priority priority, int64_t now_ms);
/// A request was granted but never sent.
void give_back(Budget& budget, Priority priority);
/// Notion answered 429 or 529: nobody asks again before retry_after_ms (< 0: not said).
void refused(Budget& budget, int64_t now_ms, int64_t retry_after_ms);
/// After a start the count of the running window is lost: it is taken as half spent.
void restart(Budget& budget, int32_t limit, int64_t now_ms);

/// The time to wait before attempt n (from 0) of something that failed for a while: exponential,
/// capped, with jitter from `random` in [0,1).
int64_t backoff_ms(int attempt, double random);

} // namespace notion::sync
