// Newest: which of two edits came later, when Notion tells its times by the minute.
// An edit in Notion is an interval (last snapshot in which the page equalled the base, end of the
// page's minute], narrowed to a point where an event names the field; ours is its commit's time.
// Where the two overlap nothing is guessed. scope: none.
#pragma once

#include <cstdint>
#include <optional>

#include "core/sync/merge.hpp"

namespace notion::sync {

struct EditTimes {
    std::optional<int64_t> committed_us; ///< of the row's last change
    std::optional<int64_t> equal_us;     ///< last snapshot in which n = N was asked for
    std::optional<int64_t> edited_us;    ///< the page's minute (its beginning)
    std::optional<int64_t> event_us;     ///< of an event that names the field
};
Newer newest(const EditTimes& times);

} // namespace notion::sync
