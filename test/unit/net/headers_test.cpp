// Looking header fields up. scope: test.
#include "net/headers.hpp"

#include <gtest/gtest.h>

namespace notion::net::test {

TEST(Headers, AreFoundInAnyCaseAndTheLastOneCounts) {
    Headers headers{{{"Date", "1"}, {"X-A", "first"}, {"x-a", "last"}}};
    EXPECT_EQ(headers.find("date"), "1");
    EXPECT_EQ(headers.find("X-a"), "last");
    EXPECT_EQ(headers.find("x-"), "");
    EXPECT_EQ(headers.find(""), "");
}

TEST(Headers, CompareAsAsciiOnly) {
    EXPECT_TRUE(equal_ignoring_case("ETag", "etAG"));
    EXPECT_FALSE(equal_ignoring_case("a[", "a{")); // 0x20 apart, as letters are
    EXPECT_FALSE(equal_ignoring_case("\xc4", "\xe4"));
}

} // namespace notion::net::test
