// How much may come in by the minute. scope: none.
#include "core/sync/rate.hpp"

#include <gtest/gtest.h>

namespace notion::sync {
namespace {

constexpr int64_t start = 1'700'000'000'000;

TEST(Rate, LetsAMinutesWorthComeAtOnceAndNoMore) {
    Rate rate = {};
    EXPECT_EQ(rate_room(rate, 600, start), 600);
    rate_spend(rate, 599);
    EXPECT_EQ(rate_room(rate, 600, start), 1);
    rate_spend(rate, 1);
    EXPECT_EQ(rate_room(rate, 600, start), 0);
}

TEST(Rate, FillsEvenlyUpToAMinutesWorth) {
    Rate rate = {};
    (void)rate_room(rate, 600, start);
    rate_spend(rate, 600);
    EXPECT_EQ(rate_room(rate, 600, start + 99), 0);
    EXPECT_EQ(rate_room(rate, 600, start + 100), 1) << "looks in between lose nothing";
    EXPECT_EQ(rate_room(rate, 600, start + 30'000), 300);
    EXPECT_EQ(rate_room(rate, 600, start + 60'000), 600);
    EXPECT_EQ(rate_room(rate, 600, start + 3'600'000), 600);
}

TEST(Rate, HoldsOverAnyTime) {
    Rate rate = {};
    int64_t came = 0;
    for (int64_t ms = 0; ms < 10 * 60'000; ms += 7)
        if (rate_room(rate, 600, start + ms) > 0) {
            rate_spend(rate, 1);
            came++;
        }
    EXPECT_GE(came, 11 * 600 - 2);
    EXPECT_LE(came, 11 * 600);
}

TEST(Rate, OverspentWaitsUntilItIsPaid) {
    Rate rate = {};
    (void)rate_room(rate, 60, start);
    rate_spend(rate, 90);
    EXPECT_EQ(rate_room(rate, 60, start + 30'000), 0);
    EXPECT_EQ(rate_room(rate, 60, start + 31'000), 1);
}

TEST(Rate, AClockThatIsSetBackNeitherGivesNorTakes) {
    Rate rate = {};
    (void)rate_room(rate, 60, start);
    rate_spend(rate, 60);
    EXPECT_EQ(rate_room(rate, 60, start - 3'600'000), 0);
    EXPECT_EQ(rate_room(rate, 60, start - 3'600'000 + 1'000), 1);
}

TEST(Rate, WithoutALimitThereIsAlwaysRoom) {
    Rate rate = {};
    rate_spend(rate, 1'000'000);
    EXPECT_GT(rate_room(rate, -1, start), 1'000'000'000);
    EXPECT_EQ(rate_room(rate, 0, start), 0) << "and none where nothing may come";
}

} // namespace
} // namespace notion::sync
