// scope: none.
#include "core/notion/zone.hpp"

#include <gtest/gtest.h>

namespace notion {
namespace {

Instant at(std::string_view iso) {
    return parse_moment(iso)->instant;
}
Day day(std::string_view iso) {
    return {static_cast<int32_t>(parse_moment(iso)->instant.us / 86'400'000'000)};
}

TEST(Zone, UtcDaysBeginAtMidnight) {
    const Zone utc;
    EXPECT_EQ(utc.start_of(day("2026-03-01")), at("2026-03-01T00:00:00Z"));
    EXPECT_EQ(utc.day_of(at("2026-03-01T23:59:59.999Z")), day("2026-03-01"));
    EXPECT_EQ(utc.day_of({-1}), Day{-1});
    EXPECT_TRUE(utc.is_start_of_day(at("2026-03-01")));
    EXPECT_FALSE(utc.is_start_of_day({1}));
}

TEST(Zone, ADayWithoutMidnightBeginsWithTheNextInstant) {
    // Brazil set its clocks forward at midnight.
    const Zone zone{"America/Sao_Paulo",
                    -10800,
                    {{at("2018-11-04T03:00:00Z").us / 1'000'000, -7200},
                     {at("2019-02-17T02:00:00Z").us / 1'000'000, -10800}}};
    EXPECT_EQ(zone.start_of(day("2018-11-04")), at("2018-11-04T03:00:00Z"));
    EXPECT_EQ(zone.start_of(day("2018-11-03")), at("2018-11-03T03:00:00Z"));
    EXPECT_EQ(zone.start_of(day("2018-11-05")), at("2018-11-05T02:00:00Z"));
    EXPECT_EQ(zone.day_of(at("2018-11-04T02:59:59Z")), day("2018-11-03"));
    EXPECT_EQ(zone.day_of(at("2018-11-04T03:00:00Z")), day("2018-11-04"));
    // And back at midnight: the hour before it comes twice, and the day begins after the second.
    EXPECT_EQ(zone.start_of(day("2019-02-17")), at("2019-02-17T03:00:00Z"));
}

TEST(Zone, ADayWithTwoMidnightsBeginsWithTheFirst) {
    // Clocks back at 00:30 to 23:30 of the day before.
    const int64_t back = at("2026-06-10T00:30:00Z").us / 1'000'000;
    const Zone zone{"Test", 0, {{back, -3600}}};
    EXPECT_EQ(zone.start_of(day("2026-06-10")), at("2026-06-10T00:00:00Z"));
    EXPECT_EQ(zone.day_of(at("2026-06-10T00:45:00Z")), day("2026-06-09"));
}

TEST(Zone, AWholeDayMayBeMissing) {
    // Samoa had no 30 December 2011.
    const int64_t skip = at("2011-12-30T10:00:00Z").us / 1'000'000;
    const Zone zone{"Pacific/Apia", -36000, {{skip, 50400}}};
    EXPECT_EQ(zone.start_of(day("2011-12-30")), zone.start_of(day("2011-12-31")));
    EXPECT_EQ(zone.day_of(at("2011-12-30T10:00:00Z")), day("2011-12-31"));
    EXPECT_EQ(zone.day_of(at("2011-12-30T09:59:59Z")), day("2011-12-29"));
}

TEST(Zone, EveryInstantLiesInItsDay) {
    const Zone zone{"Test",
                    -39600,
                    {{1'000'000, 46800}, {1'200'000, -5400}, {1'200'600, 0}, {1'300'000, 19800}}};
    for (int64_t s = -400'000; s < 1'600'000; s += 997) {
        const Instant instant{s * 1'000'000};
        const Day its = zone.day_of(instant);
        EXPECT_LE(zone.start_of(its), instant);
    }
}

} // namespace
} // namespace notion
