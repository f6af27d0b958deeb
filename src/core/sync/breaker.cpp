// Breaker: see the header.
// scope: none.
#include "core/sync/breaker.hpp"

#include <algorithm>

namespace notion::sync {
namespace {

// Half a second at first: most outages of a moment are over by then. At most a minute: that long
// nobody notices that Notion is back.
constexpr int64_t pause_first_ms = 1'000;
constexpr int64_t pause_max_ms = 60'000;

int64_t pause_ms(int32_t trips, double random) {
    int64_t wait = pause_first_ms;
    for (int32_t i = 1; i < trips && wait < pause_max_ms; ++i)
        wait *= 2;
    wait = std::min(wait, pause_max_ms);
    const double share = std::clamp(random, 0.0, 1.0);
    return static_cast<int64_t>(static_cast<double>(wait) * (0.5 + share / 2));
}

void open(Breaker& breaker, int64_t now_ms, double random) {
    ++breaker.trips;
    if (breaker.opened_ms == 0) {
        breaker.opened_ms = std::max<int64_t>(now_ms, 1);
        ++breaker.opened_total;
    }
    breaker.retry_ms = now_ms + pause_ms(breaker.trips, random);
    breaker.probe_ms = 0;
}

} // namespace

Health health_of(int32_t status) {
    return status == 0 || status >= 500 ? Health::ill : Health::well;
}

BreakerState state_of(const Breaker& breaker, int64_t now_ms) {
    if (breaker.opened_ms == 0)
        return BreakerState::closed;
    if (breaker.probe_ms != 0 || now_ms >= breaker.retry_ms)
        return BreakerState::half_open;
    return BreakerState::open;
}

int64_t pass(Breaker& breaker, bool is_probe, int64_t now_ms) {
    switch (state_of(breaker, now_ms)) {
    case BreakerState::closed:
        return 0;
    case BreakerState::open:
        return std::min(breaker.retry_ms - now_ms, pause_max_ms); // a clock may be set back
    case BreakerState::half_open:
        break;
    }
    const bool is_free = breaker.probe_ms == 0 || now_ms - breaker.probe_ms > probe_patience_ms;
    if (!is_probe || !is_free)
        return pause_first_ms;
    breaker.probe_ms = std::max<int64_t>(now_ms, 1);
    return 0;
}

void not_sent(Breaker& breaker) {
    breaker.probe_ms = 0;
}

void note(Breaker& breaker, Health health, int64_t now_ms, double random) {
    if (health == Health::well) {
        breaker.failures = 0;
        breaker.trips = 0;
        breaker.opened_ms = 0;
        breaker.retry_ms = 0;
        breaker.probe_ms = 0;
        return;
    }
    breaker.failures = std::min(breaker.failures + 1, 1'000'000);
    const BreakerState state = state_of(breaker, now_ms);
    // Answers of requests that left before it opened tell nothing new.
    const bool is_probe = breaker.probe_ms != 0;
    if (is_probe || (state == BreakerState::closed && breaker.failures >= failures_max))
        open(breaker, now_ms, random);
}

} // namespace notion::sync
