// scope: none.
#include "core/notion/json.hpp"

#include <gtest/gtest.h>

#include <string>

namespace notion {
namespace {

using namespace std::string_literals;

std::string again(std::string_view text) {
    auto document = json::parse(text);
    return document ? json::write(*document) : "refused: " + document.error().detail;
}

TEST(Json, ReadsWhatItWrites) {
    for (const char* text : {"null", "true", "[]", "{}", "[1,-2,3.5,\"a\"]", R"({"a":{"b":[]}})",
                             "18446744073709551615", "-9223372036854775808"})
        EXPECT_EQ(again(text), text);
}

TEST(Json, RefusesWhatIsNoJson) {
    for (const std::string& text : {""s,
                                    "{"s,
                                    "[1,"s,
                                    "nul"s,
                                    "{\"a\"}"s,
                                    "\"a"s,
                                    "[1]]"s,
                                    "[1] x"s,
                                    "{\"a\":1,}"s,
                                    "01"s,
                                    "\x01"s,
                                    "\"\n\""s,
                                    "<html>"s,
                                    "[1]\0"s,
                                    "\"\xff\""s,
                                    "\"\xc0\x80\""s,
                                    "\"\xed\xa0\x80\""s,
                                    "\"\\x\""s,
                                    "\"\\u12g4\""s,
                                    "1e999"s,
                                    "2e308"s,
                                    "\xef{}"s,
                                    "\xef\xbb\xbf{}"s,
                                    "[\"a\"\0,1]"s}) {
        auto document = json::parse(text);
        ASSERT_FALSE(document.ok()) << text;
        EXPECT_EQ(document.error().kind, ErrorKind::malformed);
        std::string copy = text;
        EXPECT_FALSE(json::parse_in_place(copy).ok()) << text;
    }
}

TEST(Json, RefusesToGoDeeperThanItsLimit) {
    const auto nested = [](size_t depth) {
        return std::string(depth, '[') + std::string(depth, ']');
    };
    EXPECT_TRUE(json::parse(nested(json::depth_max)).ok());
    EXPECT_FALSE(json::parse(nested(json::depth_max + 1)).ok());
    EXPECT_FALSE(json::parse(nested(1'000'000)).ok());
    EXPECT_FALSE(json::parse(std::string(1'000'000, '[')).ok());
    std::string objects;
    for (int i = 0; i < 100; ++i)
        objects += "{\"a\":";
    EXPECT_FALSE(json::parse(objects).ok());
}

TEST(Json, ACharacterCutAtTheEndIsNotReadPastTheEnd) {
    for (const char* end : {"\xc3", "\xe2\x82", "\xf0", "\xf0\x9f", "\xf0\x9f\x8e"}) {
        std::string text = "[\"" + std::string(61, 'a') + end;
        text.shrink_to_fit();
        EXPECT_FALSE(json::parse(text).ok());
        EXPECT_FALSE(json::parse_in_place(text).ok());
    }
}

TEST(Json, InPlaceReadsWhatAParserReads) {
    for (const char* part :
         {"\\n", "\\\"", "\\\\", "\\u00e9", "\xc3\xa9", "\x7f", "\x1f", "\x01", "\t"})
        for (size_t before = 0; before < 20; ++before)
            for (size_t after = 0; after < 20; ++after) {
                const std::string text = "[\"" + std::string(before, 'a') + part +
                                         std::string(after, 'b') + part + "\",\"next\"]";
                std::string copy = text;
                const auto in_place = json::parse_in_place(copy);
                const auto document = json::parse(text);
                ASSERT_EQ(document.ok(), in_place.ok()) << text;
                if (document) {
                    ASSERT_EQ(json::write(*document), json::write(*in_place)) << text;
                }
            }
}

TEST(Json, AnArenaServesOneDocumentAfterAnother) {
    json::Arena arena;
    for (const size_t count : {1, 100, 100'000, 1'000'000, 10, 100'000}) {
        std::string text = "[0";
        for (size_t i = 1; i < count; ++i)
            text += "," + std::to_string(i);
        text += "]";
        const auto document = json::parse_in_place(text, arena);
        ASSERT_TRUE(document.ok());
        ASSERT_EQ(document->Size(), count);
        EXPECT_EQ((*document)[static_cast<unsigned>(count - 1)].GetUint64(), count - 1);
    }
}

TEST(Json, ReplacesWhatPostgresCannotHold) {
    EXPECT_EQ(again(R"("a\u0000b")"), "\"a\uFFFDb\"");
    EXPECT_EQ(again(R"("\ud83d")"), "\"\uFFFD\"");
    EXPECT_EQ(again(R"("\ude00\ud83d")"), "\"\uFFFD\uFFFD\"");
    EXPECT_EQ(again(R"("\ud83d\ud83d\ude00")"), "\"\uFFFD\U0001F600\"");
    EXPECT_EQ(again(R"("\ud83d\u0041")"), "\"\uFFFD"
                                          "A\"");
    EXPECT_EQ(again(R"({"\u0000":1})"), "{\"\uFFFD\":1}");
    std::string in_place = R"(["\uDEAD","\\u0000"])";
    auto document = json::parse_in_place(in_place);
    ASSERT_TRUE(document.ok());
    EXPECT_EQ(json::view((*document)[0]), "\uFFFD");
    EXPECT_EQ(json::view((*document)[1]), "\\u0000");
}

TEST(Json, LeavesEscapedBackslashesAlone) {
    EXPECT_EQ(again(R"("\\ud83d")"), R"("\\ud83d")");
    EXPECT_EQ(again(R"("\\\\u0000")"), R"("\\\\u0000")");
    EXPECT_EQ(again(R"("\ud83d\ude00")"), "\"\U0001F600\"");
}

TEST(Json, NumbersKeepEveryDigit) {
    EXPECT_EQ(json::number(0.1), "0.1");
    EXPECT_EQ(json::number(-0.0), "0");
    EXPECT_EQ(json::number(1e21), "1e+21");
    auto document =
        json::parse("[0.1,0.30000000000000004,123456789012345678,5e-324,1.7976931348623157e308]");
    ASSERT_TRUE(document.ok());
    EXPECT_EQ((*document)[0].GetDouble(), 0.1);
    EXPECT_EQ((*document)[1].GetDouble(), 0.1 + 0.2);
    EXPECT_EQ((*document)[2].GetInt64(), 123456789012345678);
    EXPECT_EQ((*document)[3].GetDouble(), 5e-324);
    EXPECT_EQ((*document)[4].GetDouble(), 1.7976931348623157e308);
    for (const char* zero : {"0e71", "-0.0e-9999", "0", "1e-400"}) {
        auto number = json::parse(zero);
        ASSERT_TRUE(number.ok()) << zero;
        EXPECT_EQ(number->GetDouble(), 0.0);
    }
    EXPECT_TRUE(json::parse("5")->IsInt());
    EXPECT_TRUE(json::parse("-9223372036854775808")->IsInt64());
    EXPECT_TRUE(json::parse("18446744073709551615")->IsUint64());
    EXPECT_TRUE(json::parse("18446744073709551616")->IsDouble());
}

TEST(Json, EqualJsonbIsEqualText) {
    const auto canonical = [](std::string_view text) {
        auto document = json::parse(text);
        return json::canonical(*document);
    };
    EXPECT_EQ(canonical(R"({"bb":1, "a":2.0, "c":[ 1e2 ]})"), R"({"a":2,"c":[100],"bb":1})");
    EXPECT_EQ(canonical(R"({"a":1,"b":0,"a":2})"), R"({"a":1,"b":0})");
    EXPECT_EQ(canonical(R"({"a":1,"a":2,"a":3})"), R"({"a":1})");
}

TEST(Json, FindsMembersOrNothing) {
    auto document = json::parse(R"({"a":"x","b":true,"c":null,"d":5})");
    EXPECT_EQ(json::text(*document, "a"), "x");
    EXPECT_EQ(json::text(*document, "c"), "");
    EXPECT_EQ(json::text(*document, "d"), "");
    EXPECT_EQ(json::text(*document, "none"), "");
    EXPECT_TRUE(json::truth(*document, "b"));
    EXPECT_FALSE(json::truth(*document, "a"));
    EXPECT_EQ(json::find((*document)["d"], "a"), nullptr);
}

TEST(Json, MisuseThrowsAndDoesNotAbort) {
    auto document = json::parse("5");
    EXPECT_THROW(static_cast<void>(document->GetString()), json::Misuse);
}

} // namespace
} // namespace notion
