// Which of two edits is the newer one. scope: none.
#include "core/sync/newest.hpp"

#include <gtest/gtest.h>

namespace notion::sync {
namespace {

constexpr int64_t second = 1'000'000;
constexpr int64_t minute = 60 * second;

TEST(Newest, TheRowIsNewerAfterThePagesMinuteEnded) {
    EXPECT_EQ(newest({.committed_us = 11 * minute,
                      .equal_us = {},
                      .edited_us = 10 * minute,
                      .event_us = {}}),
              Newer::postgres);
}

TEST(Newest, WithinThePagesMinuteNoneCanTell) {
    EXPECT_EQ(newest({.committed_us = 11 * minute - 1,
                      .equal_us = {},
                      .edited_us = 10 * minute,
                      .event_us = {}}),
              Newer::undecidable);
}

TEST(Newest, ThePageIsNewerIfItStillEqualledTheBaseAfterTheCommit) {
    EXPECT_EQ(newest({.committed_us = 10 * minute,
                      .equal_us = 10 * minute + second,
                      .edited_us = 10 * minute,
                      .event_us = {}}),
              Newer::notion);
}

TEST(Newest, AnEventNarrowsTheMinuteToAPoint) {
    EditTimes times{.committed_us = 10 * minute + 20 * second,
                    .equal_us = {},
                    .edited_us = 10 * minute,
                    .event_us = 10 * minute + 30 * second};
    EXPECT_EQ(newest(times), Newer::notion);
    times.event_us = 10 * minute + 10 * second;
    EXPECT_EQ(newest(times), Newer::postgres);
    times.event_us = times.committed_us;
    EXPECT_EQ(newest(times), Newer::undecidable);
}

TEST(Newest, WithoutTimesNothingIsGuessed) {
    EXPECT_EQ(newest({}), Newer::undecidable);
    EXPECT_EQ(newest({.committed_us = minute, .equal_us = {}, .edited_us = {}, .event_us = {}}),
              Newer::undecidable);
}

} // namespace
} // namespace notion::sync
