// The circle: a value sent, stored by Notion, shown and decoded is the value's canonical form.
// Every writable property type, every column type that it accepts, many values, over many bases.
// scope: none.
#include "core/notion/codec.hpp"

#include <gtest/gtest.h>

#include "core/notion/stored.hpp"

namespace notion {
namespace {

using Texts = std::vector<std::string>;
using test::stored;

const std::string one = "0f0e0d0c-0b0a-4908-8706-050403020100";
const std::string two = "11111111-2222-4333-8444-555555555555";

std::string times(std::string_view text, int count) {
    std::string out;
    for (int i = 0; i < count; ++i)
        out += text;
    return out;
}

/// Central Europe in 2026.
const Zone& berlin() {
    static const Zone zone{"Europe/Berlin", 3600, {{1774746000, 7200}, {1792890000, 3600}}};
    return zone;
}
/// Midnight of 2018-11-04 does not exist.
const Zone& sao_paulo() {
    static const Zone zone{"America/Sao_Paulo", -10800, {{1541300400, -7200}}};
    return zone;
}

const std::vector<Option>& options() {
    static const std::vector<Option> list{{"id-a", "a"}, {"id-b", "b"}, {"id-Open", "Open"}};
    return list;
}
const std::vector<Person>& people() {
    static const std::vector<Person> list{{one, "0f0e0d0c@example.com"},
                                          {two, "11111111@example.com"}};
    return list;
}

Codec codec(PropertyType property, ColumnType column) {
    Codec made;
    made.property = property;
    made.column = column;
    made.people = &people();
    return made;
}

std::vector<Value> texts(PropertyType property) {
    switch (property) {
    case PropertyType::select:
    case PropertyType::status:
        return {Value(), "a", "b", "new one", "Ünicode 🎉", ""};
    case PropertyType::people:
        return {Value(), "0f0e0d0c@example.com", ""};
    case PropertyType::email:
    case PropertyType::phone_number:
        return {Value(), "a@b.example", "", times("x", 200)};
    case PropertyType::url:
        return {Value(), "https://example.com/?a=b&c=%20", "", times("x", 2000)};
    default:
        return {Value(),
                "",
                "a",
                " ",
                "two\nlines\ttab",
                "Ünicode 🎉 日本",
                "\"quoted\\\"",
                times("x", 2000),
                times("x", 2001),
                times("é", 4567),
                times("🎉", 3001)};
    }
}

std::vector<Value> lists(PropertyType property) {
    if (property == PropertyType::people)
        return {Value(), Texts{}, Texts{"0f0e0d0c@example.com"},
                Texts{"11111111@example.com", "0f0e0d0c@example.com"}};
    if (property == PropertyType::files)
        return {Value(), Texts{}, Texts{"https://example.com/a.png?x=1"},
                Texts{"https://s3.example/b.pdf?X-Amz-Signature=0", "https://example.com/c/"}};
    return {Value(), Texts{}, Texts{"a"}, Texts{"b", "new", "b"}, Texts{"\"", "\\", "NULL"}};
}

std::vector<Value> ranges() {
    return {Value(),
            "[\"2026-03-01 09:30:00+00\",\"2026-03-01 10:00:00+00\"]",
            "[\"2026-03-01 09:30:15+00\",\"2026-03-01 10:00:00+00\")",
            "[\"2026-03-01 00:00:00+00\",\"2026-03-03 00:00:00+00\")",
            "[\"2026-02-28 23:00:00+00\",\"2026-03-01 23:00:00+00\")",
            "[\"2026-03-01 09:30:00+00\",\"2026-03-01 09:30:00+00\"]"};
}

std::vector<Value> jsons(PropertyType property) {
    switch (property) {
    case PropertyType::title:
    case PropertyType::rich_text:
        return {Value(), "[]",
                R"([{"type":"text","text":{"content":"a","link":null}},
                    {"type":"text","text":{"content":"b","link":{"url":"https://example.com"}},
                     "annotations":{"bold":true,"color":"red"},"plain_text":"b"},
                    {"type":"mention","mention":{"type":"user","user":{"id":"u","name":"N"}},
                     "plain_text":"@mention"},
                    {"type":"equation","equation":{"expression":"x"},"plain_text":"x"}])"};
    case PropertyType::multi_select:
        return {Value(), "[]",
                R"([{"id":"id-a","name":"a","color":"red"},{"name":"z","id":"id-z"}])"};
    case PropertyType::select:
    case PropertyType::status:
        return {Value(), R"({"name":"a","id":"id-a","color":"red"})"};
    case PropertyType::date:
        return {Value(), R"({"start":"2026-03-01","end":null,"time_zone":null})",
                R"({"start":"2026-03-01T09:30:00.000+01:00",
                    "end":"2026-03-01T10:30:00.000+01:00"})"};
    case PropertyType::people:
        return {Value(), "[]",
                R"([{"id":")" + one + R"(","person":{"email":"0f0e0d0c@example.com"}}])"};
    case PropertyType::relation:
        return {Value(), "[]", R"([{"id":")" + two + R"("}])"};
    case PropertyType::files:
        return {Value(), "[]",
                R"([{"name":"a","type":"external","external":{"url":"https://example.com/a?b"}}])"};
    case PropertyType::checkbox:
        return {Value(), "true", "false"};
    case PropertyType::number:
        return {Value(), "5", "0.1", "-2500000000000000000000"};
    case PropertyType::url:
    case PropertyType::email:
    case PropertyType::phone_number:
        return {Value(), "\"text\""};
    default:
        return {Value(), R"({"state":"verified"})"};
    }
}

/// All values that the columns of a property are tried with.
std::vector<Value> values(PropertyType property, ColumnType column) {
    switch (column) {
    case ColumnType::text:
        return texts(property);
    case ColumnType::boolean:
        return {Value(), true, false};
    case ColumnType::int2:
    case ColumnType::int4:
        return {Value(), int64_t{0}, int64_t{-1}, int64_t{32767}, int64_t{-32768}};
    case ColumnType::int8:
        return {Value(), int64_t{0}, int64_t{1} << 53, -(int64_t{1} << 53), int64_t{123456789012}};
    case ColumnType::float8:
        return {Value(), 0.0, -0.0, 0.1, -2.5, 1e300, 5e-324, 1e21, 123456789.125};
    case ColumnType::numeric:
        return {Value(),
                "0",
                "0.1",
                "-2.5",
                "1000000000000000000000",
                "12345678901234567890.123",
                "0.30000000000000004",
                "0.00000000000000000000000000001"};
    case ColumnType::date:
        return {Value(), Day{20513}, Day{0}, Day{-719162}, Day{2932896}};
    case ColumnType::timestamptz:
        return {Value(),
                Instant{1772323200000000},
                Instant{1772355600000000},
                Instant{1772355615377000},
                Instant{-1},
                Instant{1541300400000000}};
    case ColumnType::daterange:
        return {Value(), "[2026-03-01,2026-03-02)", "[2026-03-01,2026-03-05)"};
    case ColumnType::tstzrange:
        return ranges();
    case ColumnType::uuid:
        return {Value(), one};
    case ColumnType::uuid_array:
        return {Value(), Texts{}, Texts{one}, Texts{two, one, two}};
    case ColumnType::text_array:
        return lists(property);
    case ColumnType::jsonb:
        return jsons(property);
    }
    return {};
}

/// The circle once, over `base`; gives the half that is the next base.
std::string circle(const Value& value, const Codec& way, const std::string& base) {
    const std::string what = std::string(property_type_name(way.property)) + " as " +
                             std::string(sql_type(way.column)) + " over " + base.substr(0, 200);
    SCOPED_TRACE(what);
    auto canonical = canon(value, way);
    EXPECT_TRUE(canonical.ok()) << canonical.error().detail;
    auto sent = encode(value, way, base);
    EXPECT_TRUE(sent.ok()) << sent.error().detail;
    if (!canonical || !sent)
        return "";
    const std::string shown = stored(*sent);
    auto document = json::parse(shown);
    EXPECT_TRUE(document.ok()) << shown;
    if (!document)
        return "";
    auto decoded = decode(*document, way);
    EXPECT_TRUE(decoded.ok()) << decoded.error().detail << shown;
    if (!decoded)
        return "";
    auto back = canon(*decoded, way);
    EXPECT_TRUE(back.ok());
    EXPECT_EQ(*back, *canonical) << "sent " << *sent << " shown " << shown;
    auto twice = canon(*canonical, way);
    EXPECT_TRUE(twice.ok());
    EXPECT_EQ(*twice, *canonical) << "canon is not its own canon";
    if (!is_null(*canonical)) {
        auto text = from_text(to_text(*canonical, way.column), way.column);
        EXPECT_TRUE(text.ok());
        EXPECT_EQ(*text, *canonical);
    }
    const std::string next = half(*document);
    auto of_half = decode_half(next, way);
    EXPECT_TRUE(of_half.ok()) << next;
    if (of_half) {
        auto half_back = canon(*of_half, way);
        EXPECT_EQ(*half_back, *canonical) << next;
    }
    auto next_document = json::parse(next);
    EXPECT_EQ(half(*next_document), next) << "half is not its own half";
    return next;
}

void all_circles(const Codec& way) {
    std::vector<std::string> bases{""};
    const auto list = values(way.property, way.column);
    for (const Value& value : list)
        bases.push_back(circle(value, way, ""));
    for (const Value& value : list)
        for (const std::string& base : bases) {
            const std::string next = circle(value, way, base);
            // What Notion already shows, written again, is no edit.
            EXPECT_EQ(circle(value, way, next), next);
        }
}

TEST(Codec, WhatIsSentComesBackAsTheCanonicalValue) {
    int ways = 0;
    for (int p = 0; p < static_cast<int>(PropertyType::unknown); ++p)
        for (int c = 0; c <= static_cast<int>(ColumnType::uuid_array); ++c) {
            const auto way = codec(static_cast<PropertyType>(p), static_cast<ColumnType>(c));
            if (!is_writable(way.property) || !accepts(way.property, way.column))
                continue;
            all_circles(way);
            ++ways;
        }
    EXPECT_GT(ways, 35);
}

/// What Notion computes, as it shows it.
std::vector<std::string> computed(PropertyType property) {
    const std::string user = R"({"object":"user","id":")" + one +
                             R"(","type":"person","person":{"email":"a@b.example"}})";
    const std::string day = R"({"type":"date","date":{"start":"2026-03-01","end":null}})";
    const std::string time =
        R"({"type":"date","date":{"start":"2026-03-01T09:30:00.000+01:00","end":null}})";
    switch (property) {
    case PropertyType::formula:
        return {R"({"type":"string","string":"a \"b\""})",
                R"({"type":"string","string":null})",
                R"({"type":"number","number":5})",
                R"({"type":"number","number":-0.5})",
                R"({"type":"boolean","boolean":true})",
                R"({"type":"date","date":null})",
                day,
                time};
    case PropertyType::rollup:
        return {R"({"type":"number","number":5,"function":"sum"})",
                R"({"type":"number","number":null,"function":"sum"})",
                R"({"type":"array","array":[],"function":"show_original"})",
                R"({"type":"array","array":[{"type":"number","number":1}],"function":"x"})",
                day,
                time};
    case PropertyType::unique_id:
        return {R"({"prefix":"TH","number":5})", R"({"prefix":null,"number":32768})",
                R"({"prefix":null,"number":null})"};
    case PropertyType::created_time:
    case PropertyType::last_edited_time:
        return {R"("2026-03-01T09:30:00.000Z")"};
    case PropertyType::created_by:
    case PropertyType::last_edited_by:
        return {user, "null", R"({"object":"user","id":")" + two + "\"}"};
    default:
        return {"{}"};
    }
}

/// What is shown, through its column: misfit, or a value that text and half keep. Gives 1 for that.
int shown_circle(const std::string& shown, const Codec& way) {
    SCOPED_TRACE(shown + " as " + std::string(sql_type(way.column)));
    auto document = json::parse(shown);
    auto value = decode(*document, way);
    if (!value) {
        EXPECT_EQ(value.error().kind, ErrorKind::misfit) << value.error().detail;
        return 0;
    }
    auto canonical = canon(*value, way);
    EXPECT_TRUE(canonical.ok());
    EXPECT_EQ(*canon(*canonical, way), *canonical);
    if (!is_null(*value)) {
        EXPECT_EQ(*from_text(to_text(*value, way.column), way.column), *value);
    }
    auto of_half = decode_half(half(*document), way);
    EXPECT_TRUE(of_half.ok());
    EXPECT_EQ(*canon(*of_half, way), *canonical);
    return is_null(*value) ? 0 : 1;
}

TEST(Codec, WhatNotionComputesIsReadByEveryColumnThatTakesIt) {
    int ways = 0;
    for (int p = 0; p < static_cast<int>(PropertyType::unknown); ++p)
        for (int c = 0; c <= static_cast<int>(ColumnType::uuid_array); ++c) {
            const auto way = codec(static_cast<PropertyType>(p), static_cast<ColumnType>(c));
            if (is_writable(way.property) || !accepts(way.property, way.column))
                continue;
            const std::string type(property_type_name(way.property));
            int values = 0;
            for (const std::string& inner : computed(way.property))
                values += shown_circle(
                    "{\"id\":\"x\",\"type\":\"" + type + "\",\"" + type + "\":" + inner + "}", way);
            EXPECT_GT(values, 0) << type << " as " << sql_type(way.column);
            ++ways;
        }
    EXPECT_GT(ways, 25);
}

TEST(Codec, DatesComeBackInEveryZone) {
    for (const Zone* zone : {&berlin(), &sao_paulo()})
        for (const ColumnType column : {ColumnType::timestamptz, ColumnType::date,
                                        ColumnType::daterange, ColumnType::tstzrange}) {
            Codec way = codec(PropertyType::date, column);
            way.zone = zone;
            all_circles(way);
        }
}

TEST(Codec, OptionsComeBackAsTheSchemaSpellsThem) {
    for (const auto property : {PropertyType::select, PropertyType::status}) {
        Codec way = codec(property, ColumnType::text);
        way.options = &options();
        all_circles(way);
        EXPECT_EQ(*canon("open", way), Value("Open"));
        EXPECT_EQ(*encode("open", way, ""),
                  "{\"" + std::string(property_type_name(property)) + "\":{\"id\":\"id-Open\"}}");
    }
}

} // namespace
} // namespace notion
