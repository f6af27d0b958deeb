// When to ask again: see the header. scope: none.
#include "bridge/pacing.hpp"

#include <algorithm>

#include "bridge/fault.hpp"
#include "core/sync/budget.hpp"
#include "core/sync/watermark.hpp"
#include "net/random.hpp"

namespace notion::bridge {
namespace {

// Quiet sources are asked less often, but an edit in one never waits long (docs/operations.md).
constexpr int64_t quiet_factor = 4;
// Positive evidence counts at any time: it is worth a request now and then.
constexpr int64_t look_pauses = 10;
constexpr int64_t look_pause_max_ms = 15'000;

/// In [0,1).
double random_fraction() noexcept {
    double fraction = 0.5;
    Fault fault;
    guarded(fault, [&] {
        unsigned char bytes[2];
        net::random_fill(bytes);
        fraction = (bytes[0] * 256 + bytes[1]) / 65536.0;
    });
    return fraction;
}

} // namespace

int64_t pause_ms(int32_t attempt) noexcept {
    return sync::backoff_ms(attempt, random_fraction());
}

void breaker_note(sync::Breaker& breaker, int32_t status, int64_t now_ms) noexcept {
    sync::note(breaker, sync::health_of(status), now_ms, random_fraction());
}

int64_t breaker_pass(sync::Breaker& breaker, bool is_probe, int64_t now_ms) noexcept {
    return sync::pass(breaker, is_probe, now_ms);
}

void breaker_not_sent(sync::Breaker& breaker) noexcept {
    sync::not_sent(breaker);
}

sync::BreakerState breaker_state(const sync::Breaker& breaker, int64_t now_ms) noexcept {
    return sync::state_of(breaker, now_ms);
}

int64_t watermark_ms(int64_t asked_at_ms, int64_t index_lag_ms, int64_t skew_ms,
                     int64_t previous_ms) noexcept {
    return sync::watermark_ms(asked_at_ms, index_lag_ms, skew_ms, previous_ms);
}

int64_t poll_pause_ms(int64_t interval_ms, int32_t quiet, sync::Webhook webhook) noexcept {
    return sync::poll_pause_ms(interval_ms, quiet, quiet_factor * interval_ms, webhook);
}

int64_t rate_room(sync::Rate& rate, int64_t per_minute, int64_t now_ms) noexcept {
    return sync::rate_room(rate, per_minute, now_ms);
}

void rate_spend(sync::Rate& rate, int64_t count) noexcept {
    sync::rate_spend(rate, count);
}

int64_t look_pause_ms(int64_t settle_ms) noexcept {
    return std::clamp<int64_t>(settle_ms / look_pauses, 20, look_pause_max_ms);
}

} // namespace notion::bridge
