// Zone: a time zone as a table of transitions, handed in by whoever has a time zone database.
// A date without time is the first instant of that day in the table's zone, in every process
// (postgres.md 41); midnight need not exist on the day a clock is set forward.
// scope: none.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/notion/value.hpp"

namespace notion {

struct Transition {
    int64_t at_s;     ///< seconds since 1970-01-01 UTC from which the offset holds
    int32_t offset_s; ///< local time minus UTC
};

struct Zone {
    std::string name = "UTC";
    int32_t first_offset_s = 0;          ///< before the first transition
    std::vector<Transition> transitions; ///< ascending

    int32_t offset_at(int64_t utc_s) const;
    /// The first instant of `day` here: its midnight, or where that is skipped, the next instant.
    Instant start_of(Day day) const;
    /// The day in which `instant` falls here.
    Day day_of(Instant instant) const;
    bool is_start_of_day(Instant instant) const { return start_of(day_of(instant)) == instant; }
};

} // namespace notion
