// Points in time; see moment.hpp. Civil dates by the standard library's calendar.
// Named zones go through localtime with TZ set, which is safe in a program of one thread.
// scope: call.
#include "moment.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>

namespace emulator {

namespace chrono = std::chrono;

int64_t floor_to(int64_t ms, int64_t unit) {
    const int64_t rest = ms % unit;
    return ms - (rest < 0 ? rest + unit : rest);
}

Civil civil_of(int64_t ms) {
    const chrono::sys_days day{chrono::days{floor_to(ms, day_ms) / day_ms}};
    const chrono::year_month_day date{day};
    return {static_cast<int>(date.year()), static_cast<int>(static_cast<unsigned>(date.month())),
            static_cast<int>(static_cast<unsigned>(date.day()))};
}

int64_t ms_of(Civil date) {
    const chrono::year_month_day day{chrono::year{date.year},
                                     chrono::month{static_cast<unsigned>(date.month)},
                                     chrono::day{static_cast<unsigned>(date.day)}};
    return chrono::sys_days{day}.time_since_epoch().count() * day_ms;
}

int64_t add_months(int64_t ms, int months) {
    const Civil from = civil_of(ms);
    const chrono::year_month month =
        chrono::year{from.year} / chrono::month{static_cast<unsigned>(from.month)} +
        chrono::months{months};
    const chrono::year_month_day_last last{month.year(), chrono::month_day_last{month.month()}};
    const int longest = static_cast<int>(static_cast<unsigned>(last.day()));
    const int day = from.day < longest ? from.day : longest;
    const Civil to{static_cast<int>(month.year()),
                   static_cast<int>(static_cast<unsigned>(month.month())), day};
    return ms_of(to) + (ms - floor_to(ms, day_ms));
}

int weekday_of(int64_t ms) {
    const auto days = floor_to(ms, day_ms) / day_ms;
    return static_cast<int>((days % 7 + 7 + 3) % 7); // 1970-01-01 was a Thursday
}

namespace {

// Reads exactly `digits` digits and moves on.
bool take(std::string_view& text, int digits, int& into) {
    if (text.size() < static_cast<size_t>(digits))
        return false;
    into = 0;
    for (int i = 0; i < digits; ++i) {
        const char byte = text[static_cast<size_t>(i)];
        if (byte < '0' || byte > '9')
            return false;
        into = into * 10 + (byte - '0');
    }
    text.remove_prefix(static_cast<size_t>(digits));
    return true;
}

bool take(std::string_view& text, char byte) {
    if (text.empty() || text.front() != byte)
        return false;
    text.remove_prefix(1);
    return true;
}

bool take_date(std::string_view& text, Civil& into) {
    if (!take(text, 4, into.year) || !take(text, '-') || !take(text, 2, into.month) ||
        !take(text, '-') || !take(text, 2, into.day))
        return false;
    return chrono::year_month_day{chrono::year{into.year},
                                  chrono::month{static_cast<unsigned>(into.month)},
                                  chrono::day{static_cast<unsigned>(into.day)}}
        .ok();
}

bool take_time(std::string_view& text, int64_t& ms) {
    int hour = 0, minute = 0, second = 0;
    if (!take(text, 2, hour) || !take(text, ':') || !take(text, 2, minute))
        return false;
    if (take(text, ':') && !take(text, 2, second))
        return false;
    int64_t fraction = 0;
    if (take(text, '.')) {
        int digits = 0;
        for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; ++digits) {
            if (digits < 3)
                fraction = fraction * 10 + (text.front() - '0');
            text.remove_prefix(1);
        }
        for (int i = digits; i < 3; ++i)
            fraction *= 10;
        if (digits == 0)
            return false;
    }
    if (hour > 23 || minute > 59 || second > 59)
        return false;
    ms = ((hour * 60 + minute) * 60 + second) * second_ms + fraction;
    return true;
}

// Nothing where the text has no offset; `ok` says whether what it has is one.
std::optional<int> take_offset(std::string_view& text, bool& ok) {
    ok = true;
    if (text.empty())
        return std::nullopt;
    if (take(text, 'Z') || take(text, 'z'))
        return 0;
    const int sign = text.front() == '-' ? -1 : 1;
    int hour = 0, minute = 0;
    ok = (take(text, '+') || take(text, '-')) && take(text, 2, hour);
    if (ok && !text.empty()) {
        take(text, ':');
        ok = take(text, 2, minute);
    }
    return ok ? std::optional(sign * (hour * 60 + minute)) : std::nullopt;
}

int zone_offset(const std::string& zone, int64_t local_ms) {
    const char* previous = std::getenv("TZ");
    const std::string kept = previous ? previous : "";
    setenv("TZ", zone.c_str(), 1);
    tzset();
    const std::time_t local = static_cast<std::time_t>(local_ms / second_ms);
    std::tm fields{};
    gmtime_r(&local, &fields);
    fields.tm_isdst = -1;
    std::mktime(&fields);
    const int offset = static_cast<int>(fields.tm_gmtoff / 60);
    if (previous)
        setenv("TZ", kept.c_str(), 1);
    else
        unsetenv("TZ");
    tzset();
    return offset;
}

std::string formatted(int64_t ms, const char* zone) {
    const Civil date = civil_of(ms);
    const int64_t rest = ms - floor_to(ms, day_ms);
    char text[64];
    std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03d%s", date.year, date.month,
                  date.day, static_cast<int>(rest / (60 * minute_ms)),
                  static_cast<int>(rest / minute_ms % 60), static_cast<int>(rest / second_ms % 60),
                  static_cast<int>(rest % second_ms), zone);
    return text;
}

} // namespace

bool known_zone(const std::string& zone) {
    if (zone.empty() || zone.front() == '/' || zone.find("..") != std::string::npos)
        return false;
    return zone == "UTC" || std::filesystem::is_regular_file("/usr/share/zoneinfo/" + zone);
}

std::optional<Moment> read_moment(std::string_view text, const std::string& zone) {
    Civil date;
    if (!take_date(text, date))
        return std::nullopt;
    Moment moment{.at = ms_of(date), .offset_minutes = 0, .has_time = false};
    if (text.empty())
        return moment;
    if (!take(text, 'T') && !take(text, ' '))
        return std::nullopt;
    int64_t time_ms = 0;
    bool ok = false;
    if (!take_time(text, time_ms))
        return std::nullopt;
    moment.has_time = true;
    const int64_t local = moment.at + time_ms;
    const auto offset = take_offset(text, ok);
    if (!ok || !text.empty())
        return std::nullopt;
    moment.offset_minutes = offset ? *offset : zone.empty() ? 0 : zone_offset(zone, local);
    moment.at = local - moment.offset_minutes * minute_ms;
    return moment;
}

std::string minute_text(int64_t ms) {
    return formatted(floor_to(ms, minute_ms), "Z");
}
std::string instant_text(int64_t ms) {
    return formatted(ms, "Z");
}
std::string database_time_text(int64_t ms) {
    return formatted(ms, "+00:00");
}

std::string moment_text(const Moment& moment) {
    if (!moment.has_time)
        return formatted(moment.at, "").substr(0, 10);
    const int size = std::abs(moment.offset_minutes);
    char zone[16];
    std::snprintf(zone, sizeof zone, "%c%02d:%02d", moment.offset_minutes < 0 ? '-' : '+',
                  size / 60 % 24, size % 60);
    return formatted(moment.at + moment.offset_minutes * minute_ms, zone);
}

} // namespace emulator
