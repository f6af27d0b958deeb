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

} // namespace

int64_t pause_ms(int32_t attempt) noexcept {
    double fraction = 0.5;
    Fault fault;
    guarded(fault, [&] {
        unsigned char bytes[2];
        net::random_fill(bytes);
        fraction = (bytes[0] * 256 + bytes[1]) / 65536.0;
    });
    return sync::backoff_ms(attempt, fraction);
}

int64_t watermark_ms(int64_t asked_at_ms, int64_t index_lag_ms, int64_t skew_ms,
                     int64_t previous_ms) noexcept {
    return sync::watermark_ms(asked_at_ms, index_lag_ms, skew_ms, previous_ms);
}

int64_t poll_pause_ms(int64_t interval_ms, int32_t quiet) noexcept {
    return sync::poll_pause_ms(interval_ms, quiet, quiet_factor * interval_ms);
}

int64_t look_pause_ms(int64_t settle_ms) noexcept {
    return std::clamp<int64_t>(settle_ms / look_pauses, 20, look_pause_max_ms);
}

} // namespace notion::bridge
