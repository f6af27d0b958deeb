// Zone: see the header.
// scope: none.
#include "core/notion/zone.hpp"

#include <algorithm>

#include "core/notion/moment.hpp"

namespace notion {
namespace {

constexpr int64_t day_s = 24 * 60 * 60;

auto after(const std::vector<Transition>& transitions, int64_t utc_s) {
    return std::upper_bound(transitions.begin(), transitions.end(), utc_s,
                            [](int64_t t, const Transition& next) { return t < next.at_s; });
}

} // namespace

int32_t Zone::offset_at(int64_t utc_s) const {
    const auto next = after(transitions, utc_s);
    return next == transitions.begin() ? first_offset_s : std::prev(next)->offset_s;
}

Instant Zone::start_of(Day day) const {
    const int64_t midnight = day.days * day_s;
    // No offset is beyond a day: from two days before, go forward through the spans of equal
    // offset to the first in which the local clock reaches the day's midnight.
    int64_t from = midnight - 2 * day_s;
    int32_t offset = offset_at(from);
    auto next = after(transitions, from);
    for (;; ++next) {
        const int64_t reached = std::max(from, midnight - offset);
        if (next == transitions.end() || reached < next->at_s)
            return {reached * second_us};
        from = next->at_s;
        offset = next->offset_s;
    }
}

Day Zone::day_of(Instant instant) const {
    const int64_t utc_s = floor_div(instant.us, second_us);
    return {static_cast<int32_t>(floor_div(utc_s + offset_at(utc_s), day_s))};
}

} // namespace notion
