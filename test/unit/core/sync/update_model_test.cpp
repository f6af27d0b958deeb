// One mapping, one field, every interleaving of edits here, edits by a person, reads, polls whose
// index lags, writes, a lost answer and a late commit, driven through the sync's own functions.
// LOST: a value was overwritten by one whose author had not seen it, and nothing says so.
// FLIP: an older value came back over a newer one. SPLIT: at rest the sides differ.
// scope: none.
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/sync/admit.hpp"
#include "core/sync/flight.hpp"
#include "core/sync/merge.hpp"
#include "core/sync/record.hpp"

namespace notion::sync {
namespace {

/// What keeps the protocol right; each can be taken away.
struct Guards {
    bool admit = true;       ///< snapshots are admitted, not just merged
    bool fence_reads = true; ///< an admitted snapshot raises the fence, as an answer does
    bool answer_news = true; ///< an answer that differs from what was sent is another's edit
    bool look = true;        ///< an unknown outcome is looked up, not repeated
    bool patience = true;    ///< and not decided before the deadline
    bool distrust_query = true;
    bool guard_read = true; ///< the page is read before it is written
    bool receipts = true;   ///< what a write may have overwritten unseen is said
    Rule rule = Rule::notion;
};

enum class Phase : uint8_t { none, guard, guarded, sent, committed, answered, unknown, looked };
enum class Fetch : uint8_t { none, get, got, poll, polled };
constexpr uint8_t values_max = 6; // v0, up to two l, up to three p
constexpr uint8_t none = 0xFF;

/// All bytes, no padding: compared and hashed as such. Sets are bit masks.
struct State {
    uint8_t page = 0, row = 0, p = 0, n = 0; ///< n, p, P, N of the protocol
    uint8_t page_before = 0;                 ///< what a lagging index still shows
    Phase phase = Phase::none;
    uint8_t payload = 0, seen = 0; ///< of the write: what is sent, what was read or answered
    uint8_t guard_fresh = 0;       ///< asked after the fence
    uint8_t wire = none;           ///< a lost request that may yet be committed
    Fetch fetch = Fetch::none;
    uint8_t fetched = 0, fetch_fresh = 0, fetch_events = 0;
    uint8_t events = 0; ///< of edits by a person, not yet settled
    uint8_t dirty = 0;  ///< the row is queued
    uint8_t edits_here = 0, edits_there = 0, losses = 0, polls = 0; ///< still to come
    uint8_t made_here = 0, made_there = 0;
    uint8_t in_window = 0, covered = 0; ///< edits by a person under a write's window
    uint8_t logged = 0, logged_events = 0;
    uint8_t knows[values_max] = {}; ///< what the author of each value had seen
    uint8_t lost[values_max] = {};  ///< value -> overwritten by these, unseen
    uint8_t flipped[values_max] = {};

    bool operator==(const State& other) const {
        return std::memcmp(this, &other, sizeof *this) == 0;
    }
};
static_assert(std::has_unique_object_representations_v<State>);

struct Hash {
    size_t operator()(const State& state) const {
        return std::hash<std::string_view>()({reinterpret_cast<const char*>(&state), sizeof state});
    }
};

constexpr uint8_t bit(uint8_t value) {
    return static_cast<uint8_t>(1U << value);
}

/// Values: 0, then those typed here, then those typed in Notion.
constexpr uint8_t first_there = 3;

void overwrite(State& s, uint8_t& side, uint8_t value) {
    const uint8_t old = side;
    if (old == value)
        return;
    if (s.knows[old] & bit(value))
        s.flipped[old] |= bit(value);
    else if (!(s.knows[value] & bit(old)))
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
            const uint8_t value = static_cast<uint8_t>(first_there + s.made_there);
            to.knows[value] = bit(s.page) | s.knows[s.page];
            to.page_before = s.page;
            to.page = value;
            to.events |= bit(s.made_there);
            if (s.phase != Phase::none && s.phase != Phase::guard)
                to.in_window |= bit(s.made_there);
            --to.edits_there;
            ++to.made_there;
            out_.push_back(to);
        }
    }

    /// merge_field on a value read, and what its action says.
    void merge(State& s, uint8_t value) const {
        FieldCase field;
        field.page = value == s.n ? Seen::same : Seen::news;
        field.dirty = s.row != s.p;
        field.equal = s.row == value;
        field.rule = guards_.rule;
        const FieldAction action = merge_field(field);
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
        s.dirty = s.row != s.p;
    }

    Admission admitted(const State& s, Via via, bool fresh, uint8_t value) const {
        AdmitFacts facts;
        facts.in_flight = s.phase >= Phase::sent;
        facts.via = guards_.distrust_query ? via : Via::get;
        facts.asked_tick = fresh ? 1 : 0;
        facts.edited_ms = facts.highest_ms = facts.asked_at_ms = 60'000; // all in one minute
        facts.news = value == s.n ? News::none : News::some;
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
        if (s.phase == Phase::none && s.dirty) {
            State to = s;
            if (s.row == s.p) {
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
            if (usable && to.row != to.p)
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
        const bool expected = answer == s.payload;
        const SentStep step = record_sent(expected ? SentAnswer::as_expected : SentAnswer::other);
        const bool is_base = step.base == SentBase::p_and_answer || !guards_.answer_news;
        s.n = is_base ? answer : s.payload;
        s.p = s.payload;
        end_flight(s);
        if (step.news && guards_.answer_news &&
            admitted(s, Via::answer, true, answer) == Admission::admitted)
            merge(s, answer);
        s.dirty = s.row != s.p;
    }

    void end_flight(State& s) const {
        if (guards_.receipts)
            s.covered |= s.in_window;
        s.in_window = 0;
        s.phase = Phase::none;
        s.payload = s.seen = 0;
    }

    void write(const State& s) {
        if (s.phase == Phase::sent) {
            State to = s;
            overwrite(to, to.page, s.payload);
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
        const FlightEvent event = s.seen == s.payload ? FlightEvent::as_expected
                                  : s.seen == s.n     ? FlightEvent::as_base
                                                      : FlightEvent::other_value;
        const FlightGuard guard{!guards_.patience || s.wire == none, 1};
        const FlightStep step = fly(FlightState::unknown, FlightKind::patch, event, guard);
        const uint8_t seen = s.seen;
        switch (step.work) {
        case FlightWork::record:
            record(s, seen);
            return;
        case FlightWork::write_again:
            raise_fence(s);
            end_flight(s);
            s.dirty = 1;
            return;
        case FlightWork::merge:
            s.logged |= bit(s.payload) | bit(seen);
            raise_fence(s);
            end_flight(s);
            merge(s, seen);
            return;
        default:
            s.phase = Phase::unknown;
            s.seen = 0;
        }
    }

    void unknown(const State& s) {
        if (s.phase == Phase::unknown) {
            State to = s;
            to.phase = guards_.look ? Phase::looked : Phase::sent;
            to.seen = guards_.look ? s.page : 0;
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
        if (s.fetch == Fetch::none && s.events)
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
            merge_read(to, s.fetched);
            settle_events(to);
            break;
        case Admission::nothing_new:
            settle_events(to);
            break;
        default:
            break; // the page stays due
        }
        end_fetch(to);
        return to;
    }
};

struct Verdict {
    size_t states = 0;
    bool lost = false, flip = false, split = false;
    bool clean() const { return !lost && !flip && !split; }
};

bool is_said(const State& s, uint8_t value) {
    if (s.logged & bit(value))
        return true;
    return value >= first_there && (s.logged_events & bit(value - first_there));
}

void judge_rest(const State& s, Verdict& verdict) {
    verdict.split |= s.page != s.row;
    for (uint8_t value = 0; value < values_max; ++value) {
        if (is_said(s, value))
            continue;
        verdict.lost |= s.lost[value] != 0;
        verdict.flip |= s.flipped[value] != 0;
    }
}

struct Load {
    uint8_t here, there, losses, polls;
};

Verdict explore(const Guards& guards, const Load& load) {
    State start;
    start.edits_here = load.here;
    start.edits_there = load.there;
    start.losses = load.losses;
    start.polls = load.polls;
    std::unordered_map<State, bool, Hash> known;
    std::vector<State> open{start};
    known[start] = true;
    Verdict verdict;
    std::vector<State> next;
    Model model(guards, next);
    while (!open.empty()) {
        const State state = open.back();
        open.pop_back();
        ++verdict.states;
        next.clear();
        model.step(state);
        bool at_rest = true;
        for (const State& to : next) {
            at_rest &= to.polls != state.polls; // a poll more is no reason to go on
            if (known.emplace(to, true).second)
                open.push_back(to);
        }
        if (at_rest)
            judge_rest(state, verdict);
    }
    return verdict;
}

constexpr Load small{1, 1, 1, 1};
constexpr Load large{2, 1, 1, 1};

void expect_clean(const Guards& guards, const Load& load) {
    const Verdict verdict = explore(guards, load);
    EXPECT_FALSE(verdict.lost);
    EXPECT_FALSE(verdict.flip);
    EXPECT_FALSE(verdict.split);
    EXPECT_GT(verdict.states, 1000U);
}

TEST(UpdateModel, NothingIsLostUnderEitherRule) {
    expect_clean({}, large);
    expect_clean({.rule = Rule::postgres}, large);
}

TEST(UpdateModel, NothingIsLostWhenAPersonEditsTwice) {
    expect_clean({}, {1, 2, 1, 1});
}

/// Each guard, and a load under which a violation comes back once it is taken away.
constexpr struct {
    const char* name;
    bool Guards::*guard;
    Load load;
} guards_that_hold[] = {
    {"admission", &Guards::admit, small},
    {"reads raise the fence", &Guards::fence_reads, {1, 2, 0, 0}},
    {"another's value in an answer is news", &Guards::answer_news, small},
    {"an unknown outcome is looked up", &Guards::look, small},
    {"with patience", &Guards::patience, large},
    {"a lagging index is not believed", &Guards::distrust_query, small},
    {"the page is read before it is written", &Guards::guard_read, small},
    {"receipts", &Guards::receipts, small},
};

TEST(UpdateModel, BreaksWithoutAnyOfItsGuards) {
    for (const auto& it : guards_that_hold) {
        Guards guards;
        guards.*it.guard = false;
        EXPECT_FALSE(explore(guards, it.load).clean()) << it.name;
    }
}

} // namespace
} // namespace notion::sync
