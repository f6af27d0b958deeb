// One budget a token. scope: none.
#include "core/sync/budget.hpp"

#include <gtest/gtest.h>

#include <type_traits>
#include <vector>

namespace notion::sync {
namespace {

static_assert(std::is_trivially_copyable_v<Budget>); // it lives in shared memory

constexpr int64_t start = 1'000'000'000; // where a moment and a stretch begin
constexpr int64_t turn_ms = moments * moment_ms;
static_assert(start % stretch_ms == 0 && start % moment_ms == 0);

int take_all(Budget& budget, Priority priority, int64_t now_ms, int tries = 1000) {
    int granted = 0;
    while (granted < tries && take(budget, priority, now_ms) == 0)
        ++granted;
    return granted;
}

TEST(Budget, GrantsAWindowsRequestsInOneBurst) {
    Budget budget{};
    EXPECT_EQ(take_all(budget, Priority::interactive, start), budget_per_minute);
}

TEST(Budget, SaysWhenTheNextWindowOpens) {
    Budget budget{};
    take_all(budget, Priority::outbound, start);
    EXPECT_EQ(take(budget, Priority::outbound, start + 20'000), turn_ms - 20'000);
    EXPECT_GT(take(budget, Priority::outbound, start + window_ms), 0);
    EXPECT_EQ(take(budget, Priority::outbound, start + turn_ms), 0);
}

TEST(Budget, NoWindowGrantsMoreThanItsLimitWhoeverAsks) {
    Budget budget{};
    budget.limit = 50;
    int granted = 0;
    for (int i = 0; i < 1000; ++i)
        granted += take(budget, static_cast<Priority>(i % priorities), start + i * 50) == 0;
    EXPECT_LE(granted, 50);
    EXPECT_EQ(granted, 50); // and none is wasted
}

TEST(Budget, EachPriorityKeepsAFloorWhileItAsks) {
    Budget budget{};
    budget.limit = 100;
    for (int i = 0; i < priorities; ++i)
        ASSERT_EQ(take(budget, static_cast<Priority>(i), start), 0);
    take_all(budget, Priority::interactive, start);
    EXPECT_EQ(take_all(budget, Priority::outbound, start), 9);
    EXPECT_EQ(take_all(budget, Priority::inbound, start), 9);
    EXPECT_EQ(take_all(budget, Priority::backfill, start), 19);
}

TEST(Budget, WhoDoesNotAskIsKeptNothing) {
    Budget budget{};
    budget.limit = 100;
    ASSERT_EQ(take(budget, Priority::backfill, start), 0);
    EXPECT_EQ(take_all(budget, Priority::backfill, start), 99);
}

TEST(Budget, ABackfillLeavesTheOthersTheirFloors) {
    Budget budget{};
    budget.limit = 100;
    take(budget, Priority::interactive, start);
    take(budget, Priority::outbound, start);
    EXPECT_LE(take_all(budget, Priority::backfill, start), 98 - 18 + 1);
    EXPECT_EQ(take(budget, Priority::interactive, start), 0);
    EXPECT_EQ(take(budget, Priority::outbound, start), 0);
}

TEST(Budget, RetryAfterIsObeyedByAll) {
    Budget budget{};
    take(budget, Priority::outbound, start);
    refused(budget, start, 7'000);
    EXPECT_EQ(take(budget, Priority::interactive, start + 1'000), 6'000);
    EXPECT_EQ(take(budget, Priority::interactive, start + 7'000), 0);
}

TEST(Budget, A429WithoutATimeWaitsForTheNextWindow) {
    Budget budget{};
    take(budget, Priority::outbound, start);
    refused(budget, start + 10'000, -1);
    EXPECT_EQ(take(budget, Priority::outbound, start + 10'000), turn_ms - 10'000);
}

TEST(Budget, LearnsASmallerLimitAndForgetsItSlowly) {
    Budget budget{};
    for (int i = 0; i < 100; ++i)
        ASSERT_EQ(take(budget, Priority::outbound, start), 0);
    refused(budget, start, 30'000);
    EXPECT_EQ(take_all(budget, Priority::outbound, start + turn_ms), 99);
    const int64_t much_later = start + 20 * window_ms;
    EXPECT_GT(take_all(budget, Priority::outbound, much_later), 99);
    EXPECT_LE(take_all(budget, Priority::outbound, much_later + 60 * window_ms), 180);
}

TEST(Budget, UnlimitedIsUnlimited) {
    Budget budget{};
    budget.limit = -1;
    EXPECT_EQ(take_all(budget, Priority::backfill, start, 10'000), 10'000);
}

TEST(Budget, WhatWasNotSentIsGivenBack) {
    Budget budget{};
    budget.limit = 2;
    take(budget, Priority::outbound, start);
    take(budget, Priority::outbound, start);
    give_back(budget, Priority::outbound);
    EXPECT_EQ(take(budget, Priority::outbound, start), 0);
    EXPECT_GT(take(budget, Priority::outbound, start), 0);
    Budget fresh{};
    give_back(fresh, Priority::inbound); // of a window that is over
    EXPECT_EQ(fresh.used, 0);
}

TEST(Budget, AfterARestartTheWindowCountsAsHalfSpent) {
    Budget budget{};
    restart(budget, 100, start);
    EXPECT_EQ(take_all(budget, Priority::interactive, start), 50);
    EXPECT_EQ(take_all(budget, Priority::interactive, start + window_ms), 50);
    EXPECT_EQ(take_all(budget, Priority::interactive, start + 3 * window_ms), 100);
}

// Where Notion's windows begin is not known, and requests that left in order may arrive otherwise.
TEST(Budget, NoStretchOfAWindowsLengthHoldsMoreThanAWindowsRequestsWhereverItBegins) {
    for (int pace_ms : {1, 7, 130, 333, 2'000}) {
        Budget budget{};
        std::vector<int64_t> sent;
        for (int64_t now = start; now < start + 10 * window_ms; now += pace_ms) {
            const bool pauses = (now - start) % (3 * window_ms) > 2 * window_ms + 11'000;
            if (!pauses && take(budget, Priority::outbound, now) == 0)
                sent.push_back(now);
        }
        for (size_t i = budget_per_minute; i < sent.size(); ++i)
            ASSERT_GT(sent[i] - sent[i - budget_per_minute], window_ms + travel_ms - 1)
                << "pace " << pace_ms;
    }
}

TEST(Budget, WhileWorkWaits99PercentOfItAreUsed) {
    Budget budget{};
    constexpr int minutes = 30;
    int granted = 0;
    int64_t now = start;
    while (now < start + minutes * window_ms) {
        const int64_t wait_ms = take(budget, Priority::backfill, now);
        granted += wait_ms == 0;
        now += wait_ms == 0 ? 1 : wait_ms + 20; // a worker wakes a little late
    }
    EXPECT_GE(granted, minutes * budget_per_minute * 99 / 100);
    EXPECT_LE(granted, (minutes + 1) * budget_per_minute);
}

TEST(Budget, AnOverloadTeachesNothingAboutTheLimit) {
    Budget budget{};
    for (int i = 0; i < 100; ++i)
        take(budget, Priority::outbound, start);
    refused(budget, start, 1'000, true);
    EXPECT_EQ(limit_of(budget), budget_per_minute);
    EXPECT_EQ(take(budget, Priority::outbound, start + 500), 500);
    refused(budget, start + 1'000, 1'000, false);
    EXPECT_EQ(limit_of(budget), 99);
}

TEST(Budget, AClockThatGoesBackStopsNobodyForGood) {
    Budget budget{};
    take_all(budget, Priority::outbound, start);
    EXPECT_EQ(take(budget, Priority::outbound, start - 10 * window_ms), 0);
}

TEST(Backoff, DoublesUpToItsCapWithJitter) {
    EXPECT_EQ(backoff_ms(0, 0.0), 500);
    EXPECT_EQ(backoff_ms(0, 1.0), 1'000);
    EXPECT_EQ(backoff_ms(3, 1.0), 8'000);
    EXPECT_EQ(backoff_ms(1'000'000, 1.0), 300'000);
    EXPECT_EQ(backoff_ms(-1, 0.5), 750);
}

} // namespace
} // namespace notion::sync
