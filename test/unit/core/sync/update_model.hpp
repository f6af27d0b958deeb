// The state and the steps of update_model_test.cpp: one mapping, one field, driven through the
// sync's own functions.
// scope: none.
#pragma once

#include <cstdint>
#include <vector>

#include "core/sync/admit.hpp"
#include "core/sync/flight.hpp"
#include "core/sync/merge.hpp"
#include "core/sync/record.hpp"

namespace notion::sync::model {

/// What keeps the protocol right; each can be taken away.
struct Guards {
    bool admit = true;       ///< snapshots are admitted, not just merged
    bool fence_reads = true; ///< an admitted snapshot raises the fence, as an answer does
    bool answer_news = true; ///< an answer that differs from what was sent is another's edit
    bool look = true;        ///< an unknown outcome is looked up, not repeated
    bool patience = true;    ///< and not decided before the deadline
    bool doubt = true;       ///< what is as before may be set back, once another edited the page
    bool await = true;       ///< what was admitted is known, and judged again when it is merged
    bool distrust_query = true;
    bool guard_read = true; ///< the page is read before it is written
    bool receipts = true;   ///< what a write may have overwritten unseen is said
    Rule rule = Rule::notion;
};

enum class Phase : uint8_t { none, guard, guarded, sent, committed, answered, unknown, looked };
enum class Fetch : uint8_t { none, get, got, poll, polled };
constexpr uint8_t values_max = 6; // v0, up to two l, up to two p, v0 typed again
constexpr uint8_t set_back = 5;
constexpr uint8_t none = 0xFF;

/// All bytes, no padding: compared and hashed as such. Sets are bit masks.
struct State {
    uint8_t page = 0, row = 0, p = 0, n = 0; ///< n, p, P, N of the protocol
    uint8_t page_before = 0;                 ///< what a lagging index still shows
    Phase phase = Phase::none;
    uint8_t touched = 0;           ///< the page's last editor is not us
    uint8_t highest = 0;           ///< minute admitted: 0 that of v0, 1 that of all edits
    uint8_t payload = 0, seen = 0; ///< of the write: what is sent, what was read or answered
    uint8_t seen_touched = 0, seen_late = 0; ///< looked at after nothing could come any more
    uint8_t guard_fresh = 0;                 ///< asked after the fence
    uint8_t wire = none;                     ///< a lost request that may yet be committed
    Fetch fetch = Fetch::none;
    uint8_t fetched = 0, fetch_fresh = 0, fetch_events = 0;
    uint8_t waiting = none; ///< admitted, not yet merged
    uint8_t waiting_lags = 0, due = 0;
    uint8_t events = 0; ///< of edits by a person, not yet settled
    uint8_t dirty = 0;  ///< the row is queued
    uint8_t edits_here = 0, edits_there = 0, losses = 0, polls = 0; ///< still to come
    uint8_t made_here = 0, made_there = 0;
    uint8_t in_window = 0, covered = 0; ///< edits by a person under a write's window
    uint8_t logged = 0, logged_events = 0;
    uint8_t knows[values_max] = {}; ///< what the author of each value had seen
    uint8_t lost[values_max] = {};  ///< value -> overwritten by these, unseen
    uint8_t flipped[values_max] = {};

    bool operator==(const State& other) const = default;
};

constexpr uint8_t bit(uint8_t value) {
    return static_cast<uint8_t>(1U << value);
}

/// Values: 0, then those typed here, then those typed in Notion.
constexpr uint8_t first_there = 3;

/// Whoever set a value back typed it, and to everyone else it is the same as before.
constexpr uint8_t text(uint8_t value) {
    return value == set_back ? 0 : value;
}
constexpr bool same(uint8_t one, uint8_t other) {
    return text(one) == text(other);
}
constexpr uint8_t minute(uint8_t value) {
    return value != 0;
}

inline void overwrite(State& s, uint8_t& side, uint8_t value) {
    const uint8_t old = side;
    if (same(old, value))
        return;
    if (s.knows[old] & bit(value))
        s.flipped[old] |= bit(value);
    else if (!(s.knows[value] & (bit(old) | bit(text(old)))))
        s.lost[old] |= bit(value);
    if (&side == &s.page)
        s.page_before = old;
    side = value;
}

class Model {
  public:
    Model(const Guards& guards, std::vector<State>& out) : guards_(guards), out_(out) {}

    void step(const State& s) {
        edits(s);
        late_commit(s);
        claim(s);
        write(s);
        unknown(s);
        fetch(s);
        apply(s);
    }

  private:
    const Guards& guards_;
    std::vector<State>& out_;

    void edits(const State& s) {
        if (s.edits_here > 0) {
            State to = s;
            const uint8_t value = static_cast<uint8_t>(1 + s.made_here);
            to.knows[value] = bit(s.row) | s.knows[s.row];
            to.row = value;
            to.dirty = 1;
            --to.edits_here;
            ++to.made_here;
            out_.push_back(to);
        }
        if (s.edits_there > 0) {
            State to = s;
            edit_there(to, static_cast<uint8_t>(first_there + s.made_there));
            ++to.made_there;
            out_.push_back(to);
        }
        if (s.edits_there > 0 && !same(s.page, 0) && s.knows[set_back] == 0) {
            State to = s;
            edit_there(to, set_back);
            out_.push_back(to);
        }
    }

    static void edit_there(State& s, uint8_t value) {
        s.knows[value] = bit(s.page) | s.knows[s.page];
        s.page_before = s.page;
        s.page = value;
        s.touched = 1;
        const uint8_t event = bit(static_cast<uint8_t>(value - first_there));
        s.events |= event;
        if (s.phase != Phase::none && s.phase != Phase::guard)
            s.in_window |= event;
        --s.edits_there;
    }

    /// merge_field on a value read, and what its action says.
    void merge(State& s, uint8_t value, bool doubt = false) const {
        FieldCase field;
        field.page = same(value, s.n) ? Seen::same : Seen::news;
        field.dirty = !same(s.row, s.p);
        field.equal = same(s.row, value);
        field.rule = guards_.rule;
        field.doubt = doubt;
        const FieldAction action = merge_field(field);
        s.highest |= minute(value);
        if (is_conflict(action))
            s.logged |= bit(s.row) | bit(value);
        const uint8_t before = s.row;
        if (action == FieldAction::take || action == FieldAction::take_over)
            overwrite(s, s.row, value);
        switch (base_after(action)) {
        case BaseAfter::old:
            break;
        case BaseAfter::p_and_n:
            s.p = before;
            s.n = value;
            break;
        case BaseAfter::decoded_and_n:
            s.p = s.n = value;
            break;
        }
        s.dirty = !same(s.row, s.p);
        if (action == FieldAction::hold) { // a person decides, who sees both
            State to = s;
            overwrite(to, to.row, value);
            to.p = to.n = value;
            to.dirty = 0;
            out_.push_back(to);
        }
    }

    Admission admitted(const State& s, Via via, bool fresh, uint8_t value) const {
        AdmitFacts facts;
        facts.in_flight = s.phase >= Phase::sent;
        facts.via = guards_.distrust_query ? via : Via::get;
        facts.asked_tick = fresh ? 1 : 0;
        facts.asked_at_ms = 60'000; // all in one minute
        facts.edited_ms = 60'000 * minute(value);
        facts.highest_ms = 60'000 * s.highest;
        facts.news = same(value, s.n) ? News::none : News::some;
        facts.awaited = guards_.await && s.waiting != none;
        if (facts.awaited && minute(s.waiting))
            facts.highest_ms = 60'000;
        if (!guards_.admit)
            return facts.news == News::none ? Admission::nothing_new : Admission::admitted;
        return admit(facts);
    }

    static void raise_fence(State& s) { s.guard_fresh = s.fetch_fresh = 0; }

    void merge_read(State& s, uint8_t value) const {
        if (guards_.fence_reads)
            raise_fence(s);
        merge(s, value);
    }

    void late_commit(const State& s) {
        if (s.wire == none)
            return;
        State lost = s;
        lost.wire = none;
        out_.push_back(lost);
        State to = s;
        overwrite(to, to.page, s.wire);
        to.touched = 0;
        to.wire = none;
        out_.push_back(to);
    }

    void send(State& s) const {
        s.phase = Phase::sent;
        s.payload = s.row;
        s.seen = 0;
        s.dirty = 0;
    }

    void claim(const State& s) {
        if (s.waiting != none || s.due)
            return;
        if (s.phase == Phase::none && s.dirty) {
            State to = s;
            if (same(s.row, s.p)) {
                to.dirty = 0;
            } else if (guards_.guard_read) {
                to.phase = Phase::guard;
                to.guard_fresh = 1;
                to.in_window = 0;
            } else {
                to.in_window = 0;
                send(to);
            }
            out_.push_back(to);
        }
        if (s.phase == Phase::guard) {
            State to = s;
            to.phase = Phase::guarded;
            to.seen = s.page;
            out_.push_back(to);
        }
        if (s.phase == Phase::guarded) {
            State to = s;
            const Admission admission = admitted(s, Via::get, s.guard_fresh, s.seen);
            to.phase = Phase::none;
            to.guard_fresh = 0;
            const bool usable = admission != Admission::thrown_away;
            if (admission == Admission::admitted)
                merge_read(to, s.seen);
            if (usable && !same(to.row, to.p))
                send(to);
            else if (usable)
                to.dirty = 0;
            to.seen = to.phase == Phase::none ? 0 : to.seen;
            out_.push_back(to);
        }
    }

    /// tx2: the base; then the answer as a snapshot, where it shows more.
    void record(State& s, uint8_t answer) const {
        raise_fence(s);
        const bool expected = same(answer, s.payload);
        s.highest = 1;
        const SentStep step = record_sent(expected ? SentAnswer::as_expected : SentAnswer::other);
        const bool is_base = step.base == SentBase::p_and_answer || !guards_.answer_news;
        s.n = is_base ? answer : s.payload;
        s.p = s.payload;
        end_flight(s);
        if (step.news && guards_.answer_news &&
            admitted(s, Via::answer, true, answer) == Admission::admitted)
            merge(s, answer);
        s.dirty = !same(s.row, s.p);
    }

    void end_flight(State& s) const {
        if (guards_.receipts)
            s.covered |= s.in_window;
        s.in_window = 0;
        s.phase = Phase::none;
        s.payload = s.seen = s.seen_touched = s.seen_late = 0;
    }

    void write(const State& s) {
        if (s.phase == Phase::sent) {
            State to = s;
            overwrite(to, to.page, s.payload);
            to.touched = 0;
            to.phase = Phase::committed;
            out_.push_back(to);
        }
        if (s.phase == Phase::committed) {
            State to = s;
            to.phase = Phase::answered;
            to.seen = s.page;
            out_.push_back(to);
        }
        if (s.phase == Phase::answered) {
            State to = s;
            record(to, s.seen);
            out_.push_back(to);
        }
        if (s.losses > 0 && (s.phase == Phase::committed || s.phase == Phase::sent)) {
            State to = s;
            if (s.phase == Phase::sent)
                to.wire = s.payload;
            to.phase = Phase::unknown;
            --to.losses;
            out_.push_back(to);
        }
    }

    void settle(State& s) const {
        const bool doubt = guards_.doubt && s.seen_touched;
        const bool is_base = same(s.seen, s.n) && !doubt;
        const FlightEvent event = same(s.seen, s.payload) ? FlightEvent::as_expected
                                  : is_base               ? FlightEvent::as_base
                                                          : FlightEvent::other_value;
        const FlightGuard guard{!guards_.patience || s.seen_late, 1};
        const FlightStep step = fly(FlightState::unknown, FlightKind::patch, event, guard);
        const uint8_t seen = s.seen;
        switch (step.work) {
        case FlightWork::record:
            record(s, seen);
            return;
        case FlightWork::write_again:
            raise_fence(s);
            s.in_window = 0; // it was not made: no receipt
            end_flight(s);
            s.dirty = 1;
            return;
        case FlightWork::merge:
            raise_fence(s);
            end_flight(s);
            merge(s, seen, doubt);
            return;
        default:
            s.phase = Phase::unknown;
            s.seen = s.seen_touched = s.seen_late = 0;
        }
    }

    void unknown(const State& s) {
        if (s.phase == Phase::unknown) {
            State to = s;
            to.phase = guards_.look ? Phase::looked : Phase::sent;
            to.seen = guards_.look ? s.page : 0;
            to.seen_touched = guards_.look ? s.touched : 0;
            to.seen_late = guards_.look && s.wire == none;
            out_.push_back(to);
        }
        if (s.phase == Phase::looked) {
            State to = s;
            settle(to);
            if (!(to == s))
                out_.push_back(to);
        }
    }

    void settle_events(State& s) const {
        if (guards_.receipts)
            s.logged_events |= s.fetch_events & s.covered;
        s.events = static_cast<uint8_t>(s.events & ~s.fetch_events);
        if (s.fetch == Fetch::got)
            s.due = 0;
    }

    static void end_fetch(State& s) {
        s.fetch = Fetch::none;
        s.fetched = s.fetch_fresh = s.fetch_events = 0;
    }

    static State asked(const State& s, Fetch fetch) {
        State to = s;
        end_fetch(to);
        to.fetch = fetch;
        to.fetch_fresh = 1;
        to.fetch_events = s.events;
        return to;
    }

    void fetch(const State& s) {
        if (s.fetch == Fetch::none && (s.events || s.due))
            out_.push_back(asked(s, Fetch::get));
        if (s.fetch == Fetch::none && s.polls > 0) {
            State to = asked(s, Fetch::poll);
            to.fetch_events = 0; // the overlap of polls asks again; an event wants a read
            --to.polls;
            out_.push_back(to);
        }
        if (s.fetch == Fetch::get || s.fetch == Fetch::poll) {
            State to = s;
            to.fetch = s.fetch == Fetch::get ? Fetch::got : Fetch::polled;
            to.fetched = s.page;
            out_.push_back(to);
            if (s.fetch == Fetch::poll && s.page_before != s.page) {
                to.fetched = s.page_before;
                out_.push_back(to);
            }
        }
        if (s.fetch == Fetch::got || s.fetch == Fetch::polled)
            out_.push_back(fetched(s));
    }

    State fetched(const State& s) const {
        const Via via = s.fetch == Fetch::got ? Via::get : Via::poll;
        State to = s;
        switch (admitted(s, via, s.fetch_fresh, s.fetched)) {
        case Admission::read_page:
            return asked(s, Fetch::get);
        case Admission::admitted:
            to.waiting = s.fetched;
            to.waiting_lags = via == Via::poll && guards_.distrust_query;
            to.guard_fresh = guards_.fence_reads ? 0 : s.guard_fresh;
            settle_events(to);
            break;
        case Admission::nothing_new:
            if (via == Via::get && guards_.fence_reads) {
                to.guard_fresh = 0;
                to.highest |= minute(s.fetched);
            }
            settle_events(to);
            break;
        default:
            break; // the page stays due
        }
        end_fetch(to);
        return to;
    }

    /// What was admitted is merged, at some later time.
    void apply(const State& s) {
        if (s.waiting == none || s.phase >= Phase::sent)
            return;
        State to = s;
        to.waiting = none;
        to.waiting_lags = 0;
        if (guards_.await && s.waiting_lags && s.highest >= minute(s.waiting))
            to.due = 1;
        else
            merge(to, s.waiting);
        out_.push_back(to);
    }
};

} // namespace notion::sync::model
