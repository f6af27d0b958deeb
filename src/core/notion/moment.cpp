// Moment: see the header.
// scope: none.
#include "core/notion/moment.hpp"

#include <chrono>
#include <cstdio>

namespace notion {
namespace {

/// Reads exactly `count` digits at `at` and moves past them, or gives -1.
int digits(std::string_view text, size_t& at, size_t count) {
    if (at + count > text.size())
        return -1;
    int value = 0;
    for (size_t i = 0; i < count; ++i) {
        const char c = text[at + i];
        if (c < '0' || c > '9')
            return -1;
        value = value * 10 + (c - '0');
    }
    at += count;
    return value;
}

bool take(std::string_view text, size_t& at, char c) {
    if (at >= text.size() || text[at] != c)
        return false;
    ++at;
    return true;
}

bool read_day(std::string_view text, size_t& at, Day& day) {
    const int year = digits(text, at, 4);
    if (year < 1 || !take(text, at, '-'))
        return false;
    const int month = digits(text, at, 2);
    if (month < 1 || !take(text, at, '-'))
        return false;
    const int number = digits(text, at, 2);
    if (number < 1)
        return false;
    const std::chrono::year_month_day date{std::chrono::year(year),
                                           std::chrono::month(static_cast<unsigned>(month)),
                                           std::chrono::day(static_cast<unsigned>(number))};
    if (!date.ok())
        return false;
    day.days = static_cast<int32_t>(std::chrono::sys_days(date).time_since_epoch().count());
    return true;
}

bool read_fraction(std::string_view text, size_t& at, int64_t& time_us) {
    size_t first = at;
    int64_t unit = second_us / 10;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
        time_us += (text[at] - '0') * unit; // beyond microseconds the unit is 0: cut off
        unit /= 10;
        ++at;
    }
    return at > first;
}

bool read_time(std::string_view text, size_t& at, int64_t& time_us) {
    const int hour = digits(text, at, 2);
    if (hour < 0 || hour > 23 || !take(text, at, ':'))
        return false;
    const int minute = digits(text, at, 2);
    if (minute < 0 || minute > 59)
        return false;
    time_us = (hour * 60 + minute) * minute_us;
    if (!take(text, at, ':'))
        return true;
    const int second = digits(text, at, 2);
    if (second < 0 || second > 59)
        return false;
    time_us += second * second_us;
    return !take(text, at, '.') || read_fraction(text, at, time_us);
}

/// `Z`, `+01:00`, `+0100`, `+01`, `+01:02:03`.
bool read_offset(std::string_view text, size_t& at, int32_t& offset_s) {
    offset_s = 0;
    if (take(text, at, 'Z') || take(text, at, 'z'))
        return true;
    const bool west = at < text.size() && text[at] == '-';
    if (!take(text, at, '-') && !take(text, at, '+'))
        return false;
    for (const int32_t unit : {3600, 60, 1}) {
        const int part = digits(text, at, 2);
        if (part < 0 || part > 59)
            return false;
        offset_s += part * unit;
        take(text, at, ':');
        if (at >= text.size())
            break;
    }
    if (west)
        offset_s = -offset_s;
    return true;
}

struct Parts {
    int year;
    unsigned month;
    unsigned day;
};
Parts parts_of(Day day) {
    const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(day.days))};
    return {static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
            static_cast<unsigned>(date.day())};
}

// 0001-01-01 and 9999-12-31, in days from 1970-01-01.
constexpr int32_t first_day = -719162;
constexpr int32_t last_day = 2932896;

} // namespace

int64_t floor_div(int64_t value, int64_t by) {
    return value / by - (value % by < 0 ? 1 : 0);
}

std::optional<Stamp> parse_stamp(std::string_view text) {
    Stamp stamp;
    size_t at = 0;
    if (!read_day(text, at, stamp.day))
        return std::nullopt;
    if (at == text.size())
        return stamp;
    if (!take(text, at, 'T') && !take(text, at, ' '))
        return std::nullopt;
    stamp.has_time = true;
    if (!read_time(text, at, stamp.time_us))
        return std::nullopt;
    if (at == text.size())
        return stamp;
    stamp.has_offset = true;
    if (!read_offset(text, at, stamp.offset_s) || at != text.size())
        return std::nullopt;
    return stamp;
}

bool is_storable(Day day) {
    return day.days >= first_day && day.days <= last_day;
}

bool is_storable(Instant instant) {
    const int64_t day = floor_div(instant.us, day_us);
    return day >= first_day && day <= last_day;
}

Instant to_minute(Instant instant) {
    return {floor_div(instant.us, minute_us) * minute_us};
}

Day utc_day(Instant instant) {
    return {static_cast<int32_t>(floor_div(instant.us, day_us))};
}

Result<Moment> parse_moment(std::string_view iso) {
    const auto stamp = parse_stamp(iso);
    if (!stamp)
        return fail(ErrorKind::malformed, "Notion gave a date that cannot be read",
                    "The date is \"" + std::string(iso.substr(0, 60)) + "\".");
    return Moment{stamp->instant(), !stamp->has_time};
}

std::string format_day(Day day) {
    const Parts parts = parts_of(day);
    char text[24];
    std::snprintf(text, sizeof text, "%04d-%02u-%02u", parts.year, parts.month, parts.day);
    return text;
}

std::string format_instant(Instant instant, int32_t offset_s) {
    if (offset_s % 60 != 0)
        offset_s = 0;
    const int64_t local = instant.us + offset_s * second_us;
    const Day day = utc_day({local});
    const int64_t ms = (local - day.days * day_us) / 1000;
    char text[64];
    std::snprintf(text, sizeof text, "T%02d:%02d:%02d.%03d", static_cast<int>(ms / 3'600'000),
                  static_cast<int>(ms / 60'000 % 60), static_cast<int>(ms / 1000 % 60),
                  static_cast<int>(ms % 1000));
    std::string out = format_day(day) + text;
    if (offset_s == 0)
        return out + "Z";
    const int minutes = (offset_s < 0 ? -offset_s : offset_s) / 60;
    std::snprintf(text, sizeof text, "%c%02d:%02d", offset_s < 0 ? '-' : '+', minutes / 60,
                  minutes % 60);
    return out + text;
}

std::string format_instant(Instant instant) {
    return format_instant(instant, 0);
}

std::string format_timestamptz(Instant instant) {
    const Day day = utc_day(instant);
    const int64_t us = instant.us - day.days * day_us;
    char text[64];
    std::snprintf(text, sizeof text, " %02d:%02d:%02d", static_cast<int>(us / (60 * minute_us)),
                  static_cast<int>(us / minute_us % 60), static_cast<int>(us / second_us % 60));
    std::string out = format_day(day) + text;
    if (us % second_us != 0) {
        std::snprintf(text, sizeof text, ".%06d", static_cast<int>(us % second_us));
        out += text;
        while (out.back() == '0')
            out.pop_back();
    }
    return out + "+00";
}

} // namespace notion
