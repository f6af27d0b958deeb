// One mapping, one field, every interleaving of edits here, edits by a person, who may set a value
// back, reads and polls whose index lags, each merged later, writes, a lost answer, a late commit.
// LOST: a value was overwritten by one whose author had not seen it, and nothing says so.
// FLIP: an older value came back over a newer one. SPLIT: at rest the sides differ.
// scope: none.
#include "core/sync/update_model.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "core/sync/explore.hpp"

namespace notion::sync::model {
namespace {

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
    Verdict verdict;
    std::vector<State> steps;
    Model model(guards, steps);
    verdict.states = visit_all(
        start,
        [&](const State& state) {
            steps.clear();
            model.step(state);
            return steps;
        },
        [&](const State& state, const std::vector<State>& next) {
            const bool at_rest = std::all_of(next.begin(), next.end(), [&](const State& to) {
                return to.polls != state.polls; // a poll more is no reason to go on
            });
            if (at_rest)
                judge_rest(state, verdict);
        });
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
    expect_clean({}, {2, 2, 1, 1});
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
    {"what was set back is doubted", &Guards::doubt, small},
    {"what waits to be merged is known", &Guards::await, {1, 2, 0, 1}},
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
} // namespace notion::sync::model
