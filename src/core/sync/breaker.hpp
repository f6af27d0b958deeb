// Breaker: whether a server is asked at all. After some failures in a row, with nothing but
// failures between, it opens: requests wait, and no attempt of any row is counted. Then one request
// alone goes out, a read; its answer closes the breaker or opens it for longer.
// Pure functions on a POD that lives in shared memory under a lock held by the caller.
// scope: cluster (the state), none (the functions).
#pragma once

#include <cstdint>

namespace notion::sync {

enum class BreakerState : uint8_t { closed, open, half_open };

/// requires: zero-initialised before first use. Trivially copyable, no pointers.
struct Breaker {
    int32_t failures;  ///< in a row
    int32_t trips;     ///< in a row: how often it opened since it last was closed
    int64_t opened_ms; ///< when it opened first; 0: closed
    int64_t retry_ms;  ///< when a probe may go
    int64_t probe_ms;  ///< when the probe under way left; 0: none is
    int64_t opened_total;
};

/// What an exchange says about the server, not about its request.
enum class Health : uint8_t {
    well, ///< it answered: 2xx, 4xx, 429 included
    ill,  ///< no connection, no answer, cut, 5xx, 529, or an answer that is none of Notion's
};
Health health_of(int32_t status);

/// Failures in a row that open it: more than a burst of faults among answers that are well.
inline constexpr int32_t failures_max = 10;
/// A probe that is lost with its process does not keep the breaker half open for ever.
inline constexpr int64_t probe_patience_ms = 120'000;

BreakerState state_of(const Breaker& breaker, int64_t now_ms);
/// 0: go; else the milliseconds to wait (> 0). While it is not closed only probes go, one at a
/// time.
int64_t pass(Breaker& breaker, bool is_probe, int64_t now_ms);
/// A probe that passed was not sent after all.
void not_sent(Breaker& breaker);
/// What came of a request. `random` in [0,1), for the jitter of the pause.
void note(Breaker& breaker, Health health, int64_t now_ms, double random);

} // namespace notion::sync
