// Times, ids and numbers as Notion writes them.
#include "json.hpp"
#include "model.hpp"
#include "moment.hpp"

#include <gtest/gtest.h>

namespace emulator {

namespace {

std::string again(const char* text, const std::string& zone = {}) {
    const auto moment = read_moment(text, zone);
    return moment ? moment_text(*moment) : "(refused)";
}

TEST(Moments, KeepTheirOffsetOrTakeTheZones) {
    EXPECT_EQ(again("2026-06-27"), "2026-06-27");
    EXPECT_EQ(again("2026-06-27T18:01:15Z"), "2026-06-27T18:01:15.000+00:00");
    EXPECT_EQ(again("2026-06-27T18:01"), "2026-06-27T18:01:00.000+00:00");
    EXPECT_EQ(again("2026-06-27T18:01:15.377824-03:30"), "2026-06-27T18:01:15.377-03:30");
    EXPECT_EQ(again("2026-07-21T18:58:04.659200", "Europe/Berlin"),
              "2026-07-21T18:58:04.659+02:00");
    EXPECT_EQ(again("2026-01-21T18:58:04", "Europe/Berlin"), "2026-01-21T18:58:04.000+01:00");
    EXPECT_EQ(again("1592-03-14T00:01:00Z"), "1592-03-14T00:01:00.000+00:00");
}

TEST(Moments, RefuseWhatIsNoDate) {
    for (const char* text : {"", "2026", "2026-13-01", "2026-02-29", "2026-06-27T", "2026-06-27X",
                             "2026-06-27T25:00", "2026-06-27T10:00+1", "2026-06-27T10:00:00.Z"})
        EXPECT_EQ(again(text), "(refused)") << text;
    EXPECT_EQ(again("2024-02-29"), "2024-02-29");
}

TEST(Moments, MonthsAreClippedToTheirLength) {
    const auto day = [](const char* text) { return read_moment(text)->at; };
    EXPECT_EQ(add_months(day("2026-03-31"), -1), day("2026-02-28"));
    EXPECT_EQ(add_months(day("2024-01-31"), 1), day("2024-02-29"));
    EXPECT_EQ(add_months(day("2026-01-15"), -12), day("2025-01-15"));
    EXPECT_EQ(weekday_of(day("2026-06-15")), 0);
    EXPECT_EQ(weekday_of(day("1969-12-28")), 6);
    EXPECT_EQ(minute_text(-1), "1969-12-31T23:59:00.000Z");
}

TEST(Numbers, AreWrittenAsJavaScriptDoes) {
    EXPECT_EQ(number_text(2), "2");
    EXPECT_EQ(number_text(100000), "100000");
    EXPECT_EQ(number_text(0.1), "0.1");
    EXPECT_EQ(number_text(-0.000001), "-0.000001");
    EXPECT_EQ(number_text(1e-7), "1e-7");
    EXPECT_EQ(number_text(1e21), "1e+21");
    EXPECT_EQ(number_text(123456789012345680000.0), "123456789012345680000");
    EXPECT_EQ(number_text(-0.0), "0");
}

TEST(Ids, AreTakenWithAndWithoutDashes) {
    const auto id = read_uuid("38c9ce7b60a48114b301ddc78a46ec5d");
    ASSERT_TRUE(id);
    EXPECT_EQ(dashed(*id), "38c9ce7b-60a4-8114-b301-ddc78a46ec5d");
    EXPECT_EQ(undashed(*id), "38c9ce7b60a48114b301ddc78a46ec5d");
    EXPECT_FALSE(read_uuid("38c9ce7b-60a4-8114-b301-ddc78a46ec5"));
    EXPECT_FALSE(read_valid_uuid("12345678-1234-1234-1234-123456789abc"));
    EXPECT_TRUE(read_valid_uuid("00000000-0000-0000-0000-000000000000"));
}

TEST(PropertyIds, AreEncodedAsByJavaScript) {
    EXPECT_EQ(encoded_property_id("?bAF"), "%3FbAF");
    EXPECT_EQ(encoded_property_id("~ak@"), "~ak%40");
    EXPECT_EQ(decoded_property_id("U%60%3BC"), "U`;C");
    EXPECT_EQ(decoded_property_id("50%"), "50%");
}

} // namespace

} // namespace emulator
