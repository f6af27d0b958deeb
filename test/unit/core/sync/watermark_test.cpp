// From where a poll asks. scope: none.
#include "core/sync/watermark.hpp"

#include <gtest/gtest.h>

namespace notion::sync {
namespace {

constexpr int64_t minute = 60'000;

TEST(Watermark, IsTheLastPollLessLagLessAMinuteDownToTheMinute) {
    EXPECT_EQ(watermark_ms(10 * minute + 5'000, 4'000, 0, 0), 9 * minute);
    EXPECT_EQ(watermark_ms(10 * minute + 3'999, 4'000, 0, 0), 8 * minute);
}

TEST(Watermark, IsInNotionsTime) {
    EXPECT_EQ(watermark_ms(10 * minute, 0, 3 * minute, 0), 6 * minute);
    EXPECT_EQ(watermark_ms(10 * minute, 0, -3 * minute, 0), 12 * minute);
}

TEST(Watermark, NeverGoesBack) {
    EXPECT_EQ(watermark_ms(10 * minute, 0, 0, 20 * minute), 20 * minute);
}

TEST(Watermark, QuietSourcesArePolledLessOften) {
    EXPECT_EQ(poll_pause_ms(minute, 0, 15 * minute, Webhook::none), minute);
    EXPECT_EQ(poll_pause_ms(minute, 5, 15 * minute, Webhook::none), minute);
    EXPECT_EQ(poll_pause_ms(minute, 6, 15 * minute, Webhook::none), 2 * minute);
    EXPECT_EQ(poll_pause_ms(minute, 1'000'000, 15 * minute, Webhook::none), 15 * minute);
    EXPECT_EQ(poll_pause_ms(30 * minute, 9, 15 * minute, Webhook::none), 30 * minute);
}

TEST(Watermark, WithALiveWebhookPollsAreAQuarterOfAnHourApart) {
    EXPECT_EQ(poll_pause_ms(minute, 0, 4 * minute, Webhook::live), 15 * minute);
    EXPECT_EQ(poll_pause_ms(minute, 9, 4 * minute, Webhook::live), 15 * minute);
    EXPECT_EQ(poll_pause_ms(60 * minute, 9, 240 * minute, Webhook::live), 60 * minute);
}

} // namespace
} // namespace notion::sync
