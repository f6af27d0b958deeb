// Watermark: from where a poll asks, so that nothing edited since the last one is missed.
// Start of the last poll less the index's lag less a minute, in Notion's time; never backwards.
// scope: none.
#pragma once

#include <cstdint>
#include <string>

namespace notion::sync {

/// `asked_at_ms`: when the last complete poll was asked for; `skew_ms`: our clock less Notion's.
/// The result is a whole minute, since that is how Notion keeps time.
int64_t watermark_ms(int64_t asked_at_ms, int64_t index_lag_ms, int64_t skew_ms,
                     int64_t previous_ms);

/// Whether events tell of a data source's edits.
enum class Webhook : uint8_t { none, live };

/// With a live webhook polls only find what it lost.
inline constexpr int64_t live_pause_ms = 15 * 60'000;

/// The pause before the next poll: quiet sources back off, up to a ceiling.
int64_t poll_pause_ms(int64_t interval_ms, int quiet_polls, int64_t ceiling_ms, Webhook webhook);

} // namespace notion::sync
