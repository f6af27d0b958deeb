// When a server is not asked any more, and how it is asked again. scope: none.
#include "core/sync/breaker.hpp"

#include <gtest/gtest.h>

#include <type_traits>

namespace notion::sync {
namespace {

static_assert(std::is_trivially_copyable_v<Breaker>); // it lives in shared memory

constexpr int64_t start = 1'000'000'000;

Breaker opened(int64_t now_ms = start) {
    Breaker breaker{};
    for (int i = 0; i < failures_max; ++i)
        note(breaker, Health::ill, now_ms, 1.0);
    return breaker;
}

TEST(Breaker, OnlyWhatTheServerCannotHelpIsIll) {
    for (int status : {200, 201, 400, 401, 403, 404, 409, 429})
        EXPECT_EQ(health_of(status), Health::well) << status;
    for (int status : {0, 500, 502, 503, 504, 520, 529})
        EXPECT_EQ(health_of(status), Health::ill) << status;
}

TEST(Breaker, StaysClosedWhileAnyAnswerIsWell) {
    Breaker breaker{};
    for (int i = 0; i < 100; ++i) {
        for (int j = 0; j < failures_max - 1; ++j)
            note(breaker, Health::ill, start, 0.5);
        note(breaker, Health::well, start, 0.5);
        ASSERT_EQ(pass(breaker, false, start), 0);
    }
}

TEST(Breaker, OpensAfterFailuresInARow) {
    Breaker breaker = opened();
    EXPECT_EQ(state_of(breaker, start), BreakerState::open);
    EXPECT_EQ(pass(breaker, false, start), 1'000);
    EXPECT_EQ(pass(breaker, true, start), 1'000);
    EXPECT_EQ(breaker.opened_total, 1);
}

TEST(Breaker, ThenOneProbeGoesAloneAndNothingElse) {
    Breaker breaker = opened();
    const int64_t now = start + 1'000;
    EXPECT_EQ(state_of(breaker, now), BreakerState::half_open);
    EXPECT_GT(pass(breaker, false, now), 0);
    EXPECT_EQ(pass(breaker, true, now), 0);
    EXPECT_GT(pass(breaker, true, now), 0);
    EXPECT_EQ(pass(breaker, true, now + probe_patience_ms + 1), 0); // the first one is lost
}

TEST(Breaker, AnAnswerThatIsWellClosesIt) {
    Breaker breaker = opened();
    ASSERT_EQ(pass(breaker, true, start + 1'000), 0);
    note(breaker, Health::well, start + 1'200, 0.5);
    EXPECT_EQ(state_of(breaker, start + 1'200), BreakerState::closed);
    EXPECT_EQ(pass(breaker, false, start + 1'200), 0);
    note(breaker, Health::ill, start + 1'300, 0.5); // and counts from the beginning
    EXPECT_EQ(pass(breaker, false, start + 1'300), 0);
}

TEST(Breaker, AProbeThatFailsOpensItForTwiceAsLongUpToAMinute) {
    Breaker breaker = opened();
    int64_t now = start;
    for (int64_t pause : {1'000, 2'000, 4'000, 8'000, 16'000, 32'000, 60'000, 60'000}) {
        EXPECT_EQ(pass(breaker, true, now), pause);
        now += pause;
        ASSERT_EQ(pass(breaker, true, now), 0);
        note(breaker, Health::ill, now, 1.0);
    }
    EXPECT_EQ(breaker.opened_total, 1);
}

TEST(Breaker, WhatLeftBeforeItOpenedMakesItNoWorse) {
    Breaker breaker = opened();
    for (int i = 0; i < 50; ++i)
        note(breaker, Health::ill, start + 10, 1.0);
    EXPECT_EQ(pass(breaker, true, start + 10), 990);
}

TEST(Breaker, AProbeThatDoesNotLeaveMakesRoomForTheNext) {
    Breaker breaker = opened();
    ASSERT_EQ(pass(breaker, true, start + 1'000), 0);
    not_sent(breaker);
    EXPECT_EQ(pass(breaker, true, start + 1'000), 0);
}

TEST(Breaker, AClockThatGoesBackKeepsItOpenForAMinuteAtMost) {
    Breaker breaker = opened();
    EXPECT_LE(pass(breaker, true, start - 3'600'000), 60'000);
}

} // namespace
} // namespace notion::sync
