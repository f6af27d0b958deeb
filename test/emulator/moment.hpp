// Points in time as Notion knows them: instants in ms, dates without time, ISO texts.
// Assumes the system's zone database for named time zones; refuses what is not ISO 8601.
// scope: call.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace emulator {

constexpr int64_t second_ms = 1000;
constexpr int64_t minute_ms = 60 * second_ms;
constexpr int64_t day_ms = 24 * 60 * minute_ms;

/// A date, or a date with time and offset. `at` is UTC; of a date without time, its midnight.
struct Moment {
    int64_t at = 0;
    int offset_minutes = 0;
    bool has_time = false;
    bool operator==(const Moment&) const = default;
};

struct Civil {
    int year = 1970;
    int month = 1;
    int day = 1;
};

int64_t floor_to(int64_t ms, int64_t unit);
Civil civil_of(int64_t ms);
int64_t ms_of(Civil date);
/// The same day some months away, the day clipped to the month's length.
int64_t add_months(int64_t ms, int months);
/// 0 is Monday.
int weekday_of(int64_t ms);

/// `zone` (an IANA name) applies where the text has no offset of its own.
std::optional<Moment> read_moment(std::string_view text, const std::string& zone = {});
bool known_zone(const std::string& zone);

/// `2026-06-27T16:49:00.000Z`, cut to the minute: pages, data sources, blocks, comments.
std::string minute_text(int64_t ms);
/// `2026-06-27T16:49:02.556Z`
std::string instant_text(int64_t ms);
/// `2026-06-27T16:49:02.556+00:00`: databases.
std::string database_time_text(int64_t ms);
/// `2026-06-27`, or `2026-06-27T18:01:00.000+01:00`: date properties.
std::string moment_text(const Moment& moment);

} // namespace emulator
