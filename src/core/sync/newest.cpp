// Newest: see the header.
// scope: none.
#include "core/sync/newest.hpp"

namespace notion::sync {

Newer newest(const EditTimes& times) {
    constexpr int64_t minute_us = 60'000'000;
    if (!times.committed_us)
        return Newer::undecidable;
    const int64_t here = *times.committed_us;
    if (times.event_us) {
        if (*times.event_us == here)
            return Newer::undecidable;
        return *times.event_us > here ? Newer::notion : Newer::postgres;
    }
    if (times.equal_us && *times.equal_us >= here)
        return Newer::notion;
    // The page's minute may be our own write's, and then says nothing of the edit but that it was
    // not later; so it only ever bounds from above.
    if (times.edited_us && *times.edited_us + minute_us <= here)
        return Newer::postgres;
    return Newer::undecidable;
}

} // namespace notion::sync
