// Admission of a snapshot: one function for poll, scan, GET and the answer of a write.
// Refuses what is older than what is known: merged, it would put an old value over a newer one.
// scope: none.
#pragma once

#include <cstdint>

namespace notion::sync {

enum class Admission : uint8_t { nothing_new, admitted, thrown_away, read_page, complete_it };

/// How a snapshot came: `poll` and `scan` by a query, whose index may lag behind.
enum class Via : uint8_t { poll, scan, get, answer };

/// What a snapshot shows that the base does not.
enum class News : uint8_t {
    none,
    generated, ///< only in what Notion computes: formulas, times
    some,
};

struct AdmitFacts {
    bool mapped = true;     ///< false: a page that no mapping knows
    bool awaited = false;   ///< a snapshot of it waits to be merged, and is known too
    bool in_flight = false; ///< a write is under way on the mapping
    Via via = Via::poll;
    int64_t asked_tick = 0;  ///< when the request left
    int64_t fence = 0;       ///< tick of the mapping's last acknowledgement
    int64_t edited_ms = 0;   ///< the snapshot's minute
    int64_t highest_ms = 0;  ///< highest minute admitted, merged or not; 0: none yet
    int64_t asked_at_ms = 0; ///< in Notion's time
    int64_t index_lag_ms = 0;
    bool is_cut = false;  ///< a list in it is incomplete
    bool is_part = false; ///< a paired property is not in it: what that holds was not seen
    News news = News::some;
};
Admission admit(const AdmitFacts& facts);

} // namespace notion::sync
