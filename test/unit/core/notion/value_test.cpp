// Values against PostgreSQL's texts of them.
// scope: none.
#include "core/notion/value.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "core/notion/number.hpp"
#include "core/notion/utf8.hpp"

namespace notion {
namespace {

using Texts = std::vector<std::string>;

/// Text that PostgreSQL prints and that comes out of the value as it went in.
void same(std::string_view text, ColumnType type) {
    auto value = from_text(text, type);
    ASSERT_TRUE(value.ok()) << text << value.error().detail;
    EXPECT_EQ(to_text(*value, type), text);
}

ErrorKind refusal(std::string_view text, ColumnType type) {
    auto value = from_text(text, type);
    EXPECT_FALSE(value.ok()) << text;
    return value.ok() ? ErrorKind::internal : value.error().kind;
}

TEST(Value, ReadsAndWritesWhatPostgresPrints) {
    same("a \"b\" {c}", ColumnType::text);
    same("t", ColumnType::boolean);
    same("-32768", ColumnType::int2);
    same("9223372036854775807", ColumnType::int8);
    for (const char* text :
         {"0", "-0", "0.1", "1e+20", "1e+15", "100000000000000", "0.0001", "1e-05",
          "1.7976931348623157e+308", "5e-324", "-123.456", "1.234567890123456e+16"})
        same(text, ColumnType::float8);
    same("12345678901234567890.0123456789", ColumnType::numeric);
    same("2026-03-01", ColumnType::date);
    same("0001-01-01", ColumnType::date);
    for (const char* text : {"2026-03-01 09:30:00+00", "2026-03-01 09:30:00.000001+00",
                             "1969-12-31 23:59:59.9+00", "9999-12-31 23:59:59+00"})
        same(text, ColumnType::timestamptz);
    same("0f0e0d0c-0b0a-4908-8706-050403020100", ColumnType::uuid);
    same("[2026-03-01,2026-03-05)", ColumnType::daterange);
    same("[9999-12-31,10000-01-01)", ColumnType::daterange);
    same("[\"2026-03-01 09:30:00+00\",\"2026-03-01 10:00:00+00\")", ColumnType::tstzrange);
    for (const char* text :
         {"{}", "{a,b}", R"({"",NULLx,"NULL","null","a b","c,d","\"","\\","{}"})"})
        same(text, ColumnType::text_array);
}

TEST(Value, EqualValuesAreEqualTexts) {
    EXPECT_EQ(*from_text("1.50", ColumnType::numeric), Value("1.5"));
    EXPECT_EQ(*from_text("-0.00", ColumnType::numeric), Value("0"));
    EXPECT_EQ(*from_text("100.000", ColumnType::numeric), Value("100"));
    EXPECT_EQ(*from_text(R"({"b": 1.0, "a": [ ]})", ColumnType::jsonb), Value(R"({"a":[],"b":1})"));
    EXPECT_EQ(*from_text("(2026-02-28,2026-03-04]", ColumnType::daterange),
              Value("[2026-03-01,2026-03-05)"));
    EXPECT_EQ(*from_text("0F0E0D0C0B0A49088706050403020100", ColumnType::uuid),
              Value("0f0e0d0c-0b0a-4908-8706-050403020100"));
    EXPECT_EQ(*from_text("2026-03-01 10:30:00+01", ColumnType::timestamptz),
              *from_text("2026-03-01 09:30:00+00", ColumnType::timestamptz));
    EXPECT_EQ(*from_text("[0:1]={a,b}", ColumnType::text_array), Value(Texts{"a", "b"}));
}

TEST(Value, WhatNotionCannotHoldIsUnsendable) {
    for (const char* text : {"infinity", "-infinity", "0044-03-15 BC", "10000-01-01"})
        EXPECT_EQ(refusal(text, ColumnType::date), ErrorKind::unsendable) << text;
    EXPECT_EQ(refusal("294276-12-31 00:00:00+00", ColumnType::timestamptz), ErrorKind::unsendable);
    for (const char* text : {"NaN", "Infinity", "-Infinity"})
        for (const ColumnType type : {ColumnType::float8, ColumnType::numeric})
            EXPECT_EQ(refusal(text, type), ErrorKind::unsendable) << text;
    for (const char* text : {"empty", "[2026-03-01,)", "(,2026-03-01)", "[-infinity,2026-03-01)"})
        EXPECT_EQ(refusal(text, ColumnType::daterange), ErrorKind::unsendable) << text;
    EXPECT_EQ(refusal("{a,NULL}", ColumnType::text_array), ErrorKind::unsendable);
}

TEST(Value, WhatIsNoValueIsInvalid) {
    const std::pair<const char*, ColumnType> cases[] = {
        {"yes", ColumnType::boolean},      {"1.5", ColumnType::int4},
        {"32768", ColumnType::int2},       {"99999999999999999999", ColumnType::int8},
        {"", ColumnType::float8},          {"1x", ColumnType::numeric},
        {"2026-02-30", ColumnType::date},  {"tomorrow", ColumnType::timestamptz},
        {"0f0e", ColumnType::uuid},        {"{", ColumnType::jsonb},
        {"2026", ColumnType::daterange},   {"{a", ColumnType::text_array},
        {"{{a}}", ColumnType::text_array}, {"{a}b", ColumnType::text_array},
        {"{x}", ColumnType::uuid_array},   {"{a,}", ColumnType::text_array},
        {"[a,b]", ColumnType::tstzrange},
    };
    for (const auto& [text, type] : cases)
        EXPECT_EQ(refusal(text, type), ErrorKind::invalid_argument) << text;
}

TEST(Value, MomentsAreReadAsNotionWritesThem) {
    const Instant instant = parse_moment("2026-06-27T18:01:00.000+01:00")->instant;
    EXPECT_EQ(format_instant(instant), "2026-06-27T17:01:00.000Z");
    EXPECT_EQ(parse_moment("2026-06-27T17:01:00.000Z")->instant, instant);
    EXPECT_EQ(parse_moment("2026-06-27T17:01:00Z")->instant, instant);
    EXPECT_EQ(parse_moment("2026-06-27T17:01")->instant, instant);
    EXPECT_TRUE(parse_moment("2026-06-27")->is_day);
    EXPECT_EQ(parse_moment("1970-01-02")->instant.us, 86'400'000'000);
    EXPECT_EQ(parse_moment("2026-06-27T17:01:50.2534567Z")->instant.us % 1'000'000, 253456);
    for (const char* text :
         {"", "2026", "2026-13-01", "2026-02-29", "2026-01-01T", "2026-01-01T24:00",
          "2026-01-01T10:60", "2026-01-01T10:00:61", "2026-01-01T10:00+", "0000-01-01",
          "2026-01-01T10:00:00.Z", "2026-01-01 x", "2026-1-01", "2026-01-01T10:00Zx"})
        EXPECT_FALSE(parse_moment(text).ok()) << text;
    EXPECT_TRUE(parse_moment("2024-02-29").ok());
}

TEST(Value, DecimalsAreTheShortestOfTheirDouble) {
    EXPECT_EQ(decimal_of(0.1), "0.1");
    EXPECT_EQ(decimal_of(1e21), "1000000000000000000000");
    EXPECT_EQ(decimal_of(-2.5e-7), "-0.00000025");
    EXPECT_EQ(decimal_of(-0.0), "0");
    EXPECT_EQ(canonical_decimal("1e3"), "1000");
    EXPECT_EQ(canonical_decimal("+.50"), "0.5");
    EXPECT_EQ(canonical_decimal("1e999999"), std::nullopt);
    EXPECT_EQ(canonical_decimal("."), std::nullopt);
    EXPECT_EQ(double_of("1" + std::string(400, '0')), std::numeric_limits<double>::infinity());
    EXPECT_EQ(double_of("0." + std::string(400, '0') + "1"), 0.0);
}

TEST(Value, OnlyUtf8IsUtf8) {
    for (const char* text :
         {"", "abc", "é日🎉", "aaaaaaaaaaaaé", "\u07FF\u0800\uFFFF\U0010FFFF", "\uD7FF\uE000"})
        EXPECT_TRUE(utf8::is_valid(text)) << text;
    for (const char* text : {"\x80", "\xC0\x80", "\xC1\xBF", "\xC3", "\xE0\x80\x80", "\xE2\x82",
                             "\xED\xA0\x80", "\xF0\x80\x80\x80", "\xF4\x90\x80\x80",
                             "\xF5\x80\x80\x80", "\xFF", "aaaaaaaaaaaa\xF2", "\xC3\xC3"})
        EXPECT_FALSE(utf8::is_valid(text)) << text;
}

TEST(Value, CharactersAreCountedAsJavaScriptDoes) {
    EXPECT_EQ(utf8::units("aé日🎉"), 5U);
    EXPECT_EQ(utf8::head("🎉🎉", 3), "🎉");
    EXPECT_EQ(utf8::cut("日本", 4), "日");
    EXPECT_EQ(utf8::cut("ab", 5), "ab");
}

} // namespace
} // namespace notion
