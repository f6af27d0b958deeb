// When to ask again, for the worker: what core/sync says of backoff, watermarks and polls.
// scope: none.
#pragma once

#include <cstdint>

#include "core/sync/breaker.hpp"
#include "core/sync/rate.hpp"
#include "core/sync/watermark.hpp"

namespace notion::bridge {

/// The pause before attempt n (from 0), with jitter.
int64_t pause_ms(int32_t attempt) noexcept;

/// From where the next poll asks: core/sync/watermark.hpp. `previous_ms` < 0: there is none.
int64_t watermark_ms(int64_t asked_at_ms, int64_t index_lag_ms, int64_t skew_ms,
                     int64_t previous_ms) noexcept;

/// The pause before the next poll of a source that brought nothing `quiet` times in a row.
int64_t poll_pause_ms(int64_t interval_ms, int32_t quiet, sync::Webhook webhook) noexcept;

/// The pause before an unknown outcome is looked at again, where nothing may wait longer than
/// settle_ms to be settled.
int64_t look_pause_ms(int64_t settle_ms) noexcept;

/// core/sync/rate.hpp.
int64_t rate_room(sync::Rate& rate, int64_t per_minute, int64_t now_ms) noexcept;
void rate_spend(sync::Rate& rate, int64_t count) noexcept;

/// core/sync/breaker.hpp, for those who keep it in shared memory. What came of a request: `status`
/// 0 is no answer.
void breaker_note(sync::Breaker& breaker, int32_t status, int64_t now_ms) noexcept;
int64_t breaker_pass(sync::Breaker& breaker, bool is_probe, int64_t now_ms) noexcept;
void breaker_not_sent(sync::Breaker& breaker) noexcept;
sync::BreakerState breaker_state(const sync::Breaker& breaker, int64_t now_ms) noexcept;

} // namespace notion::bridge
