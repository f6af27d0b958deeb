// Range: PostgreSQL's texts of daterange and tstzrange, in the one form in which equal are equal.
// scope: none.
#pragma once

#include <string>
#include <string_view>

#include "core/notion/value.hpp"

namespace notion {

/// [first, last], both days inside. Its canonical text is `[first,last+1)`.
struct DayRange {
    Day first;
    Day last;
};
/// [start, end] or [start, end).
struct TimeRange {
    Instant start;
    Instant end;
    bool end_inside;
};

std::string format_range(const DayRange& range);
std::string format_range(const TimeRange& range);
/// Errors: unsendable for an empty, unbounded or infinite range and one open at its start, for
/// Notion has none of these; invalid_argument for text that is no range.
Result<DayRange> parse_daterange(std::string_view text);
Result<TimeRange> parse_tstzrange(std::string_view text);

} // namespace notion
