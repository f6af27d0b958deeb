// Flight: see the header.
// scope: none.
#include "core/sync/flight.hpp"

namespace notion::sync {
namespace {

using State = FlightState;
using Event = FlightEvent;
using Work = FlightWork;

FlightStep from_none(FlightKind kind, Event event) {
    if (event == Event::wish)
        return {State::sending, Work::send};
    if (event == Event::wish_recovery && kind == FlightKind::create)
        return {State::unknown, Work::settle_first};
    return {State::none, Work::refuse};
}

FlightStep from_sending(FlightKind kind, Event event) {
    switch (event) {
    case Event::answered_all:
        return {State::none, Work::record};
    case Event::answered_part:
        return {State::none, Work::record_part};
    case Event::certain_no:
        return {State::none, Work::back_off};
    case Event::permanent_no:
        return {State::none, Work::fail};
    case Event::look:
        if (kind == FlightKind::create)
            return {State::none, Work::fail};
        return {State::none, Work::get_page};
    case Event::link_rests:
        return {State::none, Work::rest};
    case Event::no_word:
        return {State::unknown, Work::set_patience};
    default:
        return {State::sending, Work::refuse};
    }
}

FlightStep from_unknown_create(Event event, const FlightGuard& guard) {
    switch (event) {
    case Event::one:
        return {State::none, Work::adopt};
    case Event::several:
        return {State::none, Work::duplicate};
    case Event::none:
        if (!guard.settled)
            return {State::unknown, Work::later};
        if (guard.attempts < create_attempts_max)
            return {State::none, Work::decide_again};
        return {State::none, Work::create_unknown};
    default:
        return {State::unknown, Work::refuse};
    }
}

FlightStep from_unknown_other(Event event, const FlightGuard& guard) {
    switch (event) {
    case Event::as_expected:
        return {State::none, Work::record};
    case Event::as_base:
        if (!guard.settled)
            return {State::unknown, Work::later};
        return {State::none, Work::write_again};
    case Event::other_value:
        if (!guard.settled)
            return {State::unknown, Work::later};
        return {State::none, Work::merge};
    default:
        return {State::unknown, Work::refuse};
    }
}

} // namespace

FlightStep fly(FlightState state, FlightKind kind, FlightEvent event, const FlightGuard& guard) {
    switch (state) {
    case State::none:
        return from_none(kind, event);
    case State::sending:
        return from_sending(kind, event);
    case State::unknown:
        break;
    }
    if (kind == FlightKind::create)
        return from_unknown_create(event, guard);
    return from_unknown_other(event, guard);
}

} // namespace notion::sync
