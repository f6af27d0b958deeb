// Rate: see the header.
// scope: none.
#include "core/sync/rate.hpp"

#include <algorithm>
#include <limits>

namespace notion::sync {
namespace {

constexpr int64_t minute_ms = 60'000;

} // namespace

int64_t rate_room(Rate& rate, int64_t per_minute, int64_t now_ms) {
    if (per_minute < 0) {
        rate = {};
        return std::numeric_limits<int64_t>::max();
    }
    // A clock that was set back gives nothing, and takes nothing.
    const int64_t passed_ms = std::clamp<int64_t>(now_ms - rate.at_ms, 0, minute_ms);
    rate.at_ms = now_ms;
    rate.owed = std::max<int64_t>(rate.owed - passed_ms * per_minute, 0);
    return std::max<int64_t>((per_minute * minute_ms - rate.owed) / minute_ms, 0);
}

void rate_spend(Rate& rate, int64_t count) {
    rate.owed += count * minute_ms;
}

} // namespace notion::sync
