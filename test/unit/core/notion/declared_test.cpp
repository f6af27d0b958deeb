// What is taken of an option, and what is said of the rest.
// scope: none.
#include <gtest/gtest.h>

#include <string>

#include "core/notion/declared.hpp"

namespace notion {
namespace {

bool takes(Declared what, std::string_view text) {
    return expected(what, text).empty();
}

TEST(Declared, NumbersAreDigitsWithinTheirLimits) {
    for (const char* text : {"1", "60000", "3600000", "007"})
        EXPECT_TRUE(takes(Declared::timeout_ms, text)) << text;
    for (const char* text : {"", "-", "0", "-1", "3600001", "1 ", " 1", "+1", "1e3", "9999999999"})
        EXPECT_FALSE(takes(Declared::timeout_ms, text)) << text;
    for (const char* text : {"-1", "1", "1000000"})
        EXPECT_TRUE(takes(Declared::budget, text)) << text;
    for (const char* text : {"-2", "0", "1000001", "--1"})
        EXPECT_FALSE(takes(Declared::budget, text)) << text;
}

TEST(Declared, WordsAreThoseThatAreKnown) {
    EXPECT_TRUE(takes(Declared::misfit, "null"));
    EXPECT_FALSE(takes(Declared::misfit, "NULL"));
    EXPECT_TRUE(takes(Declared::names, "exact"));
    EXPECT_FALSE(takes(Declared::names, ""));
    EXPECT_TRUE(takes(Declared::part, "end"));
    EXPECT_FALSE(takes(Declared::part, "ends"));
    EXPECT_TRUE(takes(Declared::object, "blocks"));
    EXPECT_FALSE(takes(Declared::object, "block"));
    EXPECT_TRUE(takes(Declared::property_type, "rich_text"));
    EXPECT_FALSE(takes(Declared::property_type, "unknown"));
}

TEST(Declared, VersionsBeginWhereDataSourcesDo) {
    EXPECT_TRUE(takes(Declared::version, "2025-09-03"));
    EXPECT_TRUE(takes(Declared::version, "2026-03-11"));
    EXPECT_FALSE(takes(Declared::version, "2022-06-28"));
    EXPECT_FALSE(takes(Declared::version, "2026-03-11 "));
    EXPECT_FALSE(takes(Declared::version, "latest"));
}

TEST(Declared, UrlsIdsAndTokens) {
    EXPECT_TRUE(takes(Declared::api_url, "https://api.notion.com"));
    EXPECT_TRUE(takes(Declared::api_url, "http://127.0.0.1:1"));
    EXPECT_FALSE(takes(Declared::api_url, "ftp://x"));
    EXPECT_TRUE(takes(Declared::server_id, "00000000-0000-4000-8000-00000000000a"));
    EXPECT_FALSE(takes(Declared::server_id, "00000000-0000-4000-8000-00000000000A"));
    EXPECT_TRUE(takes(Declared::token, "ntn_x"));
    EXPECT_FALSE(takes(Declared::token, "ntn_x\n"));
    EXPECT_FALSE(takes(Declared::token, "ntn\x7f"));
    EXPECT_EQ(expected(Declared::token, ""), "a token of Notion");
    EXPECT_FALSE(takes(Declared::filled, ""));
}

TEST(Declared, WordsForPeopleEndInNul) {
    for (int what = 0; what <= static_cast<int>(Declared::token); ++what) {
        const std::string_view words = expected(static_cast<Declared>(what), "\x01");
        if (!words.empty()) {
            EXPECT_EQ(words.data()[words.size()], '\0') << words;
        }
    }
}

} // namespace
} // namespace notion
