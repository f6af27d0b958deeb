// Watermark: see the header.
// scope: none.
#include "core/sync/watermark.hpp"

#include <algorithm>

namespace notion::sync {

int64_t watermark_ms(int64_t asked_at_ms, int64_t index_lag_ms, int64_t skew_ms,
                     int64_t previous_ms) {
    constexpr int64_t minute_ms = 60'000;
    const int64_t safe_ms = asked_at_ms - skew_ms - index_lag_ms - minute_ms;
    const int64_t floor_ms = safe_ms - ((safe_ms % minute_ms) + minute_ms) % minute_ms;
    return std::max(floor_ms, previous_ms);
}

int64_t poll_pause_ms(int64_t interval_ms, int quiet_polls, int64_t ceiling_ms, Webhook webhook) {
    if (webhook == Webhook::live)
        return std::max(interval_ms, live_pause_ms);
    constexpr int patience = 5; ///< polls without news before a source counts as quiet
    int64_t pause = std::max<int64_t>(interval_ms, 1);
    for (int i = patience; i < quiet_polls && pause < ceiling_ms; ++i)
        pause *= 2;
    return std::max(interval_ms, std::min(pause, ceiling_ms));
}

} // namespace notion::sync
