// Flight: the transition table of a mapping's write (docs/sync.md). At most one a page.
// A pure function; what is to be done with a step is named, the caller does it in the same
// transaction. What is not in the table is refused, and the state stays.
// scope: none.
#pragma once

#include <cstdint>

namespace notion::sync {

enum class FlightState : uint8_t { none, sending, unknown };
enum class FlightKind : uint8_t { create, patch, trash, restore };

enum class FlightEvent : uint8_t {
    wish,          ///< to write; budget taken, guard merged, still wished
    wish_recovery, ///< a create queued before a promotion
    answered_all,  ///< 2xx with all properties sent
    answered_part, ///< 2xx, a property missing
    certain_no,
    permanent_no,
    look,        ///< 400 or 404 on a mapped page
    link_rests,  ///< 401, 403
    no_word,     ///< unknown outcome, or found `sending` at start
    one,         ///< a create's look-up: one candidate
    several,     ///< more
    none,        ///< no candidate
    as_expected, ///< a GET shows what was sent
    as_base,     ///< a GET shows N, and nobody but us has edited the page since
    other_value, ///< a GET shows neither; or N, but another has edited the page since
};

struct FlightGuard {
    bool settled = false; ///< asked after settle_until
    int attempts = 1;     ///< creates sent, this one included
};

enum class FlightWork : uint8_t {
    refuse,       ///< not in the table: nothing changes
    send,         ///< payload, marker, tick; then the request
    settle_first, ///< settle_until; nothing is sent
    record,       ///< base, page, fence, claimed ids, log
    record_part,  ///< the same; the missing property is set aside
    back_off,
    fail,         ///< a failure in Notion's words
    get_page,     ///< then trashed, moved, unreachable or failure
    rest,         ///< the link rests, the row waits
    set_patience, ///< settle_until
    adopt,        ///< page, base = payload, then merge
    duplicate,    ///< held, conflict `duplicate page`
    decide_again,
    create_unknown, ///< held, conflict `create unknown`
    later,
    write_again, ///< still dirty
    merge,       ///< both values logged
};

struct FlightStep {
    FlightState to;
    FlightWork work;
    bool operator==(const FlightStep&) const = default;
};
inline constexpr int create_attempts_max = 2; ///< the second unknown is a human's
FlightStep fly(FlightState state, FlightKind kind, FlightEvent event, const FlightGuard& guard);

} // namespace notion::sync
