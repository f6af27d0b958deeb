// Range: see the header.
// scope: none.
#include "core/notion/range.hpp"

#include <optional>

#include "core/notion/moment.hpp"

namespace notion {
namespace {

struct Bounds {
    std::string lower;
    std::string upper;
    bool lower_inside;
    bool upper_inside;
};

Error no_range(std::string_view text) {
    return fail(ErrorKind::invalid_argument, "the text is no range of dates",
                "The text is \"" + std::string(text.substr(0, 100)) + "\".");
}

Error unsendable(std::string reason) {
    return fail(ErrorKind::unsendable, "Notion cannot hold this range of dates", std::move(reason));
}

/// One bound, up to `stop`; quotes and backslashes as rangetypes.c writes them.
std::optional<std::string> bound(std::string_view text, size_t& at, std::string_view stops) {
    std::string out;
    bool quoted = false;
    for (; at < text.size(); ++at) {
        const char c = text[at];
        if (c == '"') {
            quoted = !quoted;
        } else if (c == '\\' && at + 1 < text.size()) {
            out += text[++at];
        } else if (!quoted && stops.find(c) != std::string_view::npos) {
            return out;
        } else {
            out += c;
        }
    }
    return std::nullopt;
}

Result<Bounds> bounds(std::string_view text) {
    if (text == "empty")
        return unsendable("The range is empty.");
    if (text.size() < 3 || (text.front() != '[' && text.front() != '('))
        return no_range(text);
    size_t at = 1;
    auto lower = bound(text, at, ",");
    if (!lower)
        return no_range(text);
    ++at;
    auto upper = bound(text, at, ")]");
    if (!upper || at + 1 != text.size())
        return no_range(text);
    for (const std::string* side : {&*lower, &*upper})
        if (side->empty() || *side == "infinity" || *side == "-infinity")
            return unsendable("The range has no " +
                              std::string(side == &*lower ? "beginning" : "end") + ".");
    return Bounds{std::move(*lower), std::move(*upper), text.front() == '[', text[at] == ']'};
}

/// What is no date: one beyond Notion's years, or no date at all.
Error unreadable(std::string_view range, std::string_view side) {
    const bool digits = !side.empty() && side.front() >= '0' && side.front() <= '9';
    return digits ? unsendable("Its dates must lie in the years 1 to 9999.") : no_range(range);
}

} // namespace

std::string format_range(const DayRange& range) {
    return "[" + format_day(range.first) + "," + format_day({range.last.days + 1}) + ")";
}

std::string format_range(const TimeRange& range) {
    return "[\"" + format_timestamptz(range.start) + "\",\"" + format_timestamptz(range.end) +
           (range.end_inside ? "\"]" : "\")");
}

Result<DayRange> parse_daterange(std::string_view text) {
    auto parts = bounds(text);
    if (!parts)
        return parts.error();
    const auto lower = parse_stamp(parts->lower);
    if (!lower || lower->has_time)
        return unreadable(text, parts->lower);
    // The first day after the year 9999 is a bound, and no day, of the last range of all.
    const auto upper = parse_stamp(parts->upper);
    const bool last = !upper && parts->upper == "10000-01-01" && !parts->upper_inside;
    if (!last && (!upper || upper->has_time))
        return unreadable(text, parts->upper);
    DayRange range{lower->day, last ? parse_stamp("9999-12-31")->day : upper->day};
    range.first.days += parts->lower_inside ? 0 : 1;
    range.last.days -= last || parts->upper_inside ? 0 : 1;
    if (range.last < range.first)
        return unsendable("The range is empty.");
    return range;
}

Result<TimeRange> parse_tstzrange(std::string_view text) {
    auto parts = bounds(text);
    if (!parts)
        return parts.error();
    const auto lower = parse_stamp(parts->lower);
    const auto upper = parse_stamp(parts->upper);
    if (!lower)
        return unreadable(text, parts->lower);
    if (!upper)
        return unreadable(text, parts->upper);
    if (!parts->lower_inside)
        return unsendable("The range does not hold its own beginning.");
    TimeRange range{lower->instant(), upper->instant(), parts->upper_inside};
    if (range.end < range.start || (range.end == range.start && !range.end_inside))
        return unsendable("The range is empty.");
    return range;
}

} // namespace notion
