// Budget: how many requests a token may still make, in windows as Notion counts them.
// Pure functions on a POD in shared memory, under a lock held by the caller; time is passed in.
// Interactive first, then outbound, inbound, backfill; each keeps a floor. Where Notion's windows
// begin is not known: no stretch of a window's length holds more than a window's requests.
// scope: cluster (the state), none (the functions).
#pragma once

#include <cstdint>

namespace notion::sync {

inline constexpr int64_t window_ms = 60'000;      ///< Notion's window (api.md section 4)
inline constexpr int32_t budget_per_minute = 180; ///< Notion's smallest plan

enum class Priority : uint8_t { interactive, outbound, inbound, backfill };
inline constexpr int priorities = 4;

/// What was granted is counted by moments of this length. A moment's grants are free again once
/// all of it is a window old, and `travel_ms` more: a request that left late may arrive sooner than
/// one that left early, and Notion counts arrivals.
inline constexpr int64_t moment_ms = 125;
inline constexpr int64_t travel_ms = 125;
inline constexpr int moments = static_cast<int>((window_ms + travel_ms) / moment_ms) + 1;
/// Shares are counted more coarsely.
inline constexpr int64_t stretch_ms = 5'000;
inline constexpr int stretches = static_cast<int>(window_ms / stretch_ms) + 1;

/// requires: zero-initialised before first use. Trivially copyable, no pointers.
struct Budget {
    int32_t limit;             ///< requests a window; 0 = budget_per_minute; <0 = unlimited
    int32_t learned_limit;     ///< lowered by what 429s teach; 0 = nothing learned
    int64_t moment;            ///< the number of the newest one, in moment_ms since 1970
    int64_t stretch;           ///< likewise
    uint16_t granted[moments]; ///< a ring: the newest is at moment % moments
    int32_t used;              ///< their sum
    uint16_t by[priorities][stretches];
    int64_t wanted_ms[priorities]; ///< when each priority last asked: who must be left a share
    int64_t blocked_until_ms;      ///< Retry-After of the last 429 or 529
    int64_t learned_ms;            ///< when learned_limit last changed
    int64_t granted_total;
    int64_t refused_total; ///< 429s
};

/// Takes one request. Returns 0 if granted, else the milliseconds to wait before asking again (>
/// 0).
int64_t take(Budget& budget, Priority priority, int64_t now_ms);
/// A request was granted but never sent.
void give_back(Budget& budget, Priority priority);
/// Notion answered 429 or 529: nobody asks again before retry_after_ms (< 0: not said).
/// `overload`: 529, which says nothing about the limit.
void refused(Budget& budget, int64_t now_ms, int64_t retry_after_ms, bool overload = false);
/// After a start nobody knows what the last window was spent on: half of it counts as spent,
/// evenly.
void restart(Budget& budget, int32_t limit, int64_t now_ms);
/// Requests a window, as stated or as learned; < 0: unlimited.
int32_t limit_of(const Budget& budget);

/// The time to wait before attempt n (from 0) of something that failed for a while: exponential,
/// capped, with jitter from `random` in [0,1).
int64_t backoff_ms(int attempt, double random);

} // namespace notion::sync
