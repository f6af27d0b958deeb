// When to ask again, for the worker: what core/sync says of backoff, watermarks and polls.
// scope: none.
#pragma once

#include <cstdint>

namespace notion::bridge {

/// The pause before attempt n (from 0), with jitter.
int64_t pause_ms(int32_t attempt) noexcept;

/// From where the next poll asks: core/sync/watermark.hpp. `previous_ms` < 0: there is none.
int64_t watermark_ms(int64_t asked_at_ms, int64_t index_lag_ms, int64_t skew_ms,
                     int64_t previous_ms) noexcept;

/// The pause before the next poll of a source that brought nothing `quiet` times in a row.
int64_t poll_pause_ms(int64_t interval_ms, int32_t quiet) noexcept;

/// The pause before an unknown outcome is looked at again, where nothing may wait longer than
/// settle_ms to be settled.
int64_t look_pause_ms(int64_t settle_ms) noexcept;

} // namespace notion::bridge
