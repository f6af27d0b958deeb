// The flight table, row by row. scope: none.
#include "core/sync/flight.hpp"

#include <gtest/gtest.h>

namespace notion::sync {
namespace {

using State = FlightState;
using Kind = FlightKind;
using Event = FlightEvent;
using Work = FlightWork;

struct Line {
    State from;
    Kind kind;
    Event event;
    FlightGuard guard;
    State to;
    Work work;
};
constexpr FlightGuard early{false, 1};
constexpr FlightGuard late{true, 1};
constexpr FlightGuard late_again{true, 2};

constexpr Line lines[] = {
    {State::none, Kind::create, Event::wish, early, State::sending, Work::send},
    {State::none, Kind::create, Event::wish_recovery, early, State::unknown, Work::settle_first},
    {State::none, Kind::patch, Event::wish, early, State::sending, Work::send},
    {State::none, Kind::trash, Event::wish, early, State::sending, Work::send},
    {State::none, Kind::restore, Event::wish, early, State::sending, Work::send},
    {State::sending, Kind::create, Event::answered_all, early, State::none, Work::record},
    {State::sending, Kind::patch, Event::answered_part, early, State::none, Work::record_part},
    {State::sending, Kind::patch, Event::certain_no, early, State::none, Work::back_off},
    {State::sending, Kind::create, Event::permanent_no, early, State::none, Work::fail},
    {State::sending, Kind::patch, Event::look, early, State::none, Work::get_page},
    {State::sending, Kind::create, Event::look, early, State::none, Work::fail},
    {State::sending, Kind::patch, Event::link_rests, early, State::none, Work::rest},
    {State::sending, Kind::create, Event::no_word, early, State::unknown, Work::set_patience},
    {State::unknown, Kind::create, Event::one, early, State::none, Work::adopt},
    {State::unknown, Kind::create, Event::several, early, State::none, Work::duplicate},
    {State::unknown, Kind::create, Event::none, early, State::unknown, Work::later},
    {State::unknown, Kind::create, Event::none, late, State::none, Work::decide_again},
    {State::unknown, Kind::create, Event::none, late_again, State::none, Work::create_unknown},
    {State::unknown, Kind::patch, Event::as_expected, early, State::none, Work::record},
    {State::unknown, Kind::patch, Event::as_base, early, State::unknown, Work::later},
    {State::unknown, Kind::patch, Event::other_value, early, State::unknown, Work::later},
    {State::unknown, Kind::patch, Event::as_base, late, State::none, Work::write_again},
    {State::unknown, Kind::patch, Event::other_value, late, State::none, Work::merge},
    {State::unknown, Kind::trash, Event::as_expected, early, State::none, Work::record},
};

TEST(Flight, FollowsTheTable) {
    for (const Line& line : lines) {
        const FlightStep step = fly(line.from, line.kind, line.event, line.guard);
        EXPECT_EQ(step.to, line.to) << "line " << &line - lines;
        EXPECT_EQ(step.work, line.work) << "line " << &line - lines;
    }
}

template <class Visit>
void each_step(Visit&& visit) {
    for (int state = 0; state < 3; ++state)
        for (int kind = 0; kind < 4; ++kind)
            for (int event = 0; event <= static_cast<int>(Event::other_value); ++event)
                for (const FlightGuard& guard : {early, late, late_again})
                    visit(static_cast<State>(state), static_cast<Kind>(kind),
                          static_cast<Event>(event), guard);
}

TEST(Flight, WhatIsNotInTheTableChangesNothing) {
    each_step([](State state, Kind kind, Event event, const FlightGuard& guard) {
        const FlightStep step = fly(state, kind, event, guard);
        if (step.work == Work::refuse) {
            EXPECT_EQ(step.to, state);
        }
    });
}

TEST(Flight, NothingIsSentButFromRest) {
    each_step([](State state, Kind kind, Event event, const FlightGuard& guard) {
        const FlightStep step = fly(state, kind, event, guard);
        if (step.work == Work::send) {
            EXPECT_EQ(state, State::none);
        }
        if (step.to == State::sending && step.work != Work::refuse) {
            EXPECT_EQ(step.work, Work::send);
        }
    });
}

TEST(Flight, AnUnknownOutcomeIsNotForgottenBeforeItsTime) {
    each_step([](State state, Kind kind, Event event, const FlightGuard& guard) {
        if (state != State::unknown || guard.settled)
            return;
        const FlightStep step = fly(state, kind, event, guard);
        const bool positive =
            step.work == Work::adopt || step.work == Work::duplicate || step.work == Work::record;
        EXPECT_EQ(step.to == State::none, positive);
    });
}

} // namespace
} // namespace notion::sync
