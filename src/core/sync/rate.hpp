// Rate: how much may come in, by the minute. A bucket that holds a minute's worth and fills evenly:
// a minute's worth may come at once, and after that no more than its rate.
// Pure functions on a POD; time is passed in. scope: none.
#pragma once

#include <cstdint>

namespace notion::sync {

/// requires: zero-initialised before first use: then the bucket is full.
struct Rate {
    int64_t owed;  ///< what came and has not flown off yet, times 60,000
    int64_t at_ms; ///< of the last look
};

/// How many more may come now. per_minute < 0: no limit.
int64_t rate_room(Rate& rate, int64_t per_minute, int64_t now_ms);
void rate_spend(Rate& rate, int64_t count);

} // namespace notion::sync
