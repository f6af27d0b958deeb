// Moment: days and instants as calendar texts, ISO as Notion writes it and as PostgreSQL prints it.
// Refuses what Notion cannot hold: years outside 1 to 9999.
// scope: none.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/notion/value.hpp"

namespace notion {

inline constexpr int64_t second_us = 1'000'000;
inline constexpr int64_t minute_us = 60 * second_us;
inline constexpr int64_t day_us = 24 * 60 * minute_us;

int64_t floor_div(int64_t value, int64_t by);

/// A day or a time as it stood in the text.
struct Stamp {
    Day day{};               ///< the calendar day of the text
    int64_t time_us = 0;     ///< since its midnight, local to the text's offset
    bool has_time = false;   ///< false: a date without time
    bool has_offset = false; ///< false: the text names no zone
    int32_t offset_s = 0;
    Instant instant() const { return {day.days * day_us + time_us - offset_s * second_us}; }
};
/// Reads `2026-03-01`, `2026-03-01T18:01:00.000+01:00`, `2026-03-01 18:01:00.5+00`.
std::optional<Stamp> parse_stamp(std::string_view text);

bool is_storable(Instant instant); ///< years 1 to 9999 in UTC
bool is_storable(Day day);
Instant to_minute(Instant instant); ///< what Notion keeps of it
Day utc_day(Instant instant);

/// `2026-03-01T18:01:00.000+01:00`, `…Z` for offset 0 and for those that are not whole minutes.
std::string format_instant(Instant instant, int32_t offset_s);
/// As PostgreSQL prints it with TimeZone UTC: `2026-03-01 09:30:00.5+00`.
std::string format_timestamptz(Instant instant);

} // namespace notion
