// Encode: what a write keeps of what it is written over. The circle itself is in codec_test.cpp.
// scope: none.
#include <gtest/gtest.h>

#include <cmath>

#include "core/notion/codec.hpp"
#include "core/notion/richtext.hpp"
#include "core/notion/stored.hpp"

namespace notion {
namespace {

using Texts = std::vector<std::string>;

const std::string one = "0f0e0d0c-0b0a-4908-8706-050403020100";

std::string sent(const Value& value, const Codec& codec, std::string_view base = "") {
    auto member = encode(value, codec, base);
    return member ? *member : "refused: " + member.error().detail;
}

/// The base's formatting as letters: b for bold, l for a link, m for a mention, . for none.
std::string looks(std::string_view member) {
    auto document = json::parse(member);
    std::string out;
    for (const Run& run : read_runs((*document)["rich_text"])) {
        const char look = run.type != "text"         ? 'm'
                          : !run.link.empty()        ? 'l'
                          : !run.annotations.empty() ? 'b'
                                                     : '.';
        out += "[" + std::string(1, look) + run.text + "]";
    }
    return out;
}

std::string rich(std::string_view text, std::string_view base) {
    const Codec codec{.property = PropertyType::rich_text, .column = ColumnType::text};
    auto member = encode(Value(std::string(text)), codec, base);
    if (!member)
        return "refused";
    return looks(test::stored(*member));
}

const char* const formatted =
    R"({"type":"rich_text","rich_text":[
      {"type":"text","text":{"content":"plain "}},
      {"type":"text","text":{"content":"bold"},"annotations":{"bold":true}},
      {"type":"text","text":{"content":" and "}},
      {"type":"text","text":{"content":"link"},"text_":0,"annotations":{}},
      {"type":"mention","mention":{"type":"user","user":{"id":"u"}},"plain_text":"@mention"},
      {"type":"text","text":{"content":" end"}}]})";

TEST(RichText, AnUnchangedTextKeepsEverything) {
    EXPECT_EQ(rich("plain bold and link@mention end", formatted),
              "[.plain ][bbold][. and link][m@mention][. end]");
}

TEST(RichText, OnlyTheChangedPartChanges) {
    EXPECT_EQ(rich("plain bolder and link@mention end", formatted),
              "[.plain ][bbolder][. and link][m@mention][. end]");
    EXPECT_EQ(rich("plain bold and link@mention the end", formatted),
              "[.plain ][bbold][. and link][m@mention][. the end]");
    EXPECT_EQ(rich("very plain bold and link@mention end", formatted),
              "[.very plain ][bbold][. and link][m@mention][. end]");
    EXPECT_EQ(rich("plain and link@mention end", formatted), "[.plain and link][m@mention][. end]");
}

TEST(RichText, AMentionThatIsTouchedBecomesText) {
    EXPECT_EQ(rich("plain bold and link@men end", formatted),
              "[.plain ][bbold][. and link@men end]");
    EXPECT_EQ(rich("plain bold and link end", formatted), "[.plain ][bbold][. and link end]");
}

TEST(RichText, ATextWithNothingInCommonHasNoFormat) {
    EXPECT_EQ(rich("other words!", formatted), "[.other words!]");
    const char* bold = R"({"rich_text":[{"type":"text","text":{"content":"old"},
                           "annotations":{"bold":true}}]})";
    EXPECT_EQ(rich("new", bold), "[bnew]");
    EXPECT_EQ(rich("", bold), "");
}

TEST(RichText, ALinkGrowsOnlyFromWithin) {
    const char* base = R"({"rich_text":[{"type":"text","text":{"content":"see "}},
        {"type":"text","text":{"content":"here","link":{"url":"https://example.com"}}}]})";
    EXPECT_EQ(rich("see here now", base), "[.see ][lhere][. now]");
    EXPECT_EQ(rich("see heere", base), "[.see ][lheere]");
    EXPECT_EQ(rich("see there", base), "[.see t][lhere]");
}

TEST(RichText, IsCutBetweenCharactersNeverWithin) {
    const char* base = R"({"rich_text":[{"type":"text","text":{"content":"aéb"},
        "annotations":{"bold":true}},{"type":"text","text":{"content":"日"}}]})";
    EXPECT_EQ(rich("aèb日", base), "[baèb][.日]");
    EXPECT_EQ(rich("aéb月", base), "[baéb][.月]");
}

TEST(RichText, IsSplitAtTwoThousandUnitsAndAHundredPieces) {
    const Codec codec{.property = PropertyType::title, .column = ColumnType::text};
    auto member = encode(Value(std::string(200'000, 'x')), codec, "");
    ASSERT_TRUE(member.ok());
    auto document = json::parse(*member);
    EXPECT_EQ((*document)["title"].Size(), 100U);
    for (const json::Value& run : (*document)["title"].GetArray())
        EXPECT_EQ(run["text"]["content"].GetStringLength(), 2000U);
    auto longer = encode(Value(std::string(200'001, 'x')), codec, "");
    ASSERT_FALSE(longer.ok());
    EXPECT_EQ(longer.error().kind, ErrorKind::unsendable);
    std::string many = "{\"title\":[";
    for (int i = 0; i < 101; ++i)
        many += std::string(i > 0 ? "," : "") + R"({"type":"text","text":{"content":"x"},)" +
                R"("annotations":{"bold":)" + (i % 2 == 0 ? "true" : "false") + "}}";
    EXPECT_FALSE(encode(Value(std::string(101, 'x')), codec, many + "]}").ok());
}

TEST(RichText, WhatNotionDoesNotTakeBackGoesAsALink) {
    const char* base = R"({"rich_text":[{"type":"mention","plain_text":"Title","mention":
        {"type":"link_preview","link_preview":{"url":"https://example.com/x"}}}]})";
    EXPECT_EQ(rich("Title", base), "[lTitle]");
}

const Codec moment{.property = PropertyType::date, .column = ColumnType::timestamptz};

TEST(Date, ADayStaysADayWhereTheInstantIsTheFirstOfOne) {
    const char* day = R"({"date":{"start":"2026-03-01"}})";
    EXPECT_EQ(sent(Instant{1772323200000000}, moment, day),
              R"({"date":{"start":"2026-03-01","end":null}})");
    EXPECT_EQ(sent(Instant{1772409600000000}, moment, day),
              R"({"date":{"start":"2026-03-02","end":null}})");
    EXPECT_EQ(sent(Instant{1772355600000000}, moment, day),
              R"({"date":{"start":"2026-03-01T09:00:00.000Z","end":null}})");
    EXPECT_EQ(sent(Instant{1772323200000000}, moment),
              R"({"date":{"start":"2026-03-01T00:00:00.000Z","end":null}})");
}

TEST(Date, TheFirstInstantOfADayNeedNotBeMidnight) {
    const Zone sao_paulo{"America/Sao_Paulo", -10800, {{1541300400, -7200}}};
    Codec codec = moment;
    codec.zone = &sao_paulo;
    EXPECT_EQ(sent(Instant{1541300400000000}, codec, R"({"date":{"start":"2018-11-01"}})"),
              R"({"date":{"start":"2018-11-04","end":null}})");
}

TEST(Date, AWriteToOnePartKeepsTheOther) {
    Codec end = moment;
    end.part = DatePart::end;
    const char* both =
        R"({"date":{"start":"2026-03-01T10:00:00.000+01:00",
                     "end":"2026-03-01T12:00:00.000+01:00"}})";
    EXPECT_EQ(sent(Instant{1772356200000000}, moment, both),
              R"({"date":{"start":"2026-03-01T10:10:00.000+01:00",)"
              R"("end":"2026-03-01T12:00:00.000+01:00"}})");
    EXPECT_EQ(sent(Value(), end, both),
              R"({"date":{"start":"2026-03-01T10:00:00.000+01:00","end":null}})");
    const char* days = R"({"date":{"start":"2026-03-01","end":"2026-03-04"}})";
    EXPECT_EQ(sent(Instant{1772323200000000 + 86'400'000'000}, end, days),
              R"({"date":{"start":"2026-03-01","end":"2026-03-02"}})");
    EXPECT_EQ(sent(Instant{1772355600000000}, moment, days),
              R"({"date":{"start":"2026-03-01T09:00:00.000Z","end":"2026-03-04T00:00:00.000Z"}})");
}

TEST(Date, AnEndDoesNotStandAlone) {
    Codec end = moment;
    end.part = DatePart::end;
    EXPECT_EQ(sent(Instant{0}, end).substr(0, 8), "refused:");
    EXPECT_EQ(
        sent(Value(), moment, R"({"date":{"start":"2026-03-01","end":"2026-03-04"}})").substr(0, 8),
        "refused:");
    EXPECT_EQ(sent(Value(), moment, R"({"date":{"start":"2026-03-01"}})"), R"({"date":null})");
    EXPECT_EQ(sent(Value(), end), R"({"date":null})");
}

TEST(Date, BothPartsAreSentTogether) {
    const Instant start{1772323200000000};
    const Instant end{1772323200000000 + 86'400'000'000};
    const char* base = R"({"date":{"start":"2026-01-01","end":"2026-01-02"}})";
    EXPECT_EQ(*encode_parts(start, end, moment, base),
              R"({"date":{"start":"2026-03-01","end":"2026-03-02"}})");
    EXPECT_EQ(*encode_parts(Value(), Value(), moment, base), R"({"date":null})");
    EXPECT_EQ(*encode_parts(start, Value(), moment, base),
              R"({"date":{"start":"2026-03-01","end":null}})");
    EXPECT_EQ(*encode_parts(start, end, moment, ""),
              R"({"date":{"start":"2026-03-01T00:00:00.000Z","end":"2026-03-02T00:00:00.000Z"}})");
    EXPECT_FALSE(encode_parts(Value(), end, moment, base).ok());
}

TEST(Date, AColumnOfDaysKeepsTheHoursThatItDoesNotShow) {
    const Codec day{.property = PropertyType::date, .column = ColumnType::date};
    const char* base = R"({"date":{"start":"2026-03-01T10:00:00.000Z"}})";
    EXPECT_EQ(sent(Day{20513}, day, base),
              R"({"date":{"start":"2026-03-01T10:00:00.000Z","end":null}})");
    EXPECT_EQ(sent(Day{20514}, day, base), R"({"date":{"start":"2026-03-02","end":null}})");
}

TEST(Options, GoByIdWhereItIsKnown) {
    const std::vector<Option> options{{"o1", "Open"}, {"o2", "Done"}};
    Codec codec{.property = PropertyType::multi_select, .column = ColumnType::text_array};
    EXPECT_EQ(sent(Texts{"Open", "new"}, codec, R"({"multi_select":[{"id":"b1","name":"Open"}]})"),
              R"({"multi_select":[{"id":"b1"},{"name":"new"}]})");
    codec.options = &options;
    EXPECT_EQ(sent(Texts{"done", "new", "Open"}, codec),
              R"({"multi_select":[{"name":"new"},{"id":"o1"},{"id":"o2"}]})");
    codec.new_options = false;
    EXPECT_EQ(sent(Texts{"new"}, codec).substr(0, 8), "refused:");
}

TEST(Options, WhatIsNoNameIsNotSent) {
    const Codec codec{.property = PropertyType::select, .column = ColumnType::text};
    for (const std::string& name : {std::string("a,b"), std::string(101, 'x')})
        EXPECT_EQ(sent(name, codec).substr(0, 8), "refused:");
    EXPECT_EQ(sent(std::string(), codec), R"({"select":null})");
    EXPECT_EQ(sent(Value(), codec), R"({"select":null})");
}

TEST(Encode, RefusesWhatNotionCannotHold) {
    const auto refused = [](PropertyType property, ColumnType column, const Value& value) {
        const Codec codec{.property = property, .column = column};
        auto canonical = canon(value, codec);
        EXPECT_FALSE(canonical.ok());
        EXPECT_FALSE(encode(value, codec, "").ok());
        return !canonical.ok() && canonical.error().kind == ErrorKind::unsendable;
    };
    using enum PropertyType;
    EXPECT_TRUE(refused(number, ColumnType::float8, HUGE_VAL));
    EXPECT_TRUE(refused(number, ColumnType::int8, (int64_t{1} << 53) + 1));
    EXPECT_TRUE(refused(number, ColumnType::numeric, "1" + std::string(400, '0')));
    EXPECT_TRUE(refused(number, ColumnType::numeric, "NaN"));
    EXPECT_TRUE(refused(url, ColumnType::text, std::string(2001, 'x')));
    EXPECT_TRUE(refused(email, ColumnType::text, std::string(201, 'x')));
    EXPECT_TRUE(refused(relation, ColumnType::uuid_array, Texts{""}));
    EXPECT_TRUE(refused(PropertyType::date, ColumnType::daterange, "empty"));
    EXPECT_TRUE(refused(PropertyType::date, ColumnType::date, Day{2932897}));
    EXPECT_TRUE(refused(PropertyType::date, ColumnType::timestamptz, Instant{-62135596800000001}));
    EXPECT_TRUE(refused(title, ColumnType::jsonb, "{}"));
    EXPECT_TRUE(refused(checkbox, ColumnType::jsonb, "5"));
    Texts many;
    for (int i = 0; i < 101; ++i)
        many.push_back("o" + std::to_string(i));
    EXPECT_TRUE(refused(multi_select, ColumnType::text_array, many));
    many.pop_back();
    EXPECT_TRUE(
        encode(many, {.property = multi_select, .column = ColumnType::text_array}, "").ok());
    EXPECT_FALSE(encode(Value(), {.property = formula, .column = ColumnType::text}, "").ok());
}

TEST(Encode, PeopleGoByIdOrByAnAddressThatIsKnown) {
    Codec codec{.property = PropertyType::people, .column = ColumnType::text_array};
    const std::string base =
        R"({"people":[{"id":")" + one + R"(","person":{"email":"ada@example.com"}}]})";
    EXPECT_EQ(sent(Texts{"Ada@Example.com"}, codec, base),
              R"({"people":[{"id":")" + one + R"("}]})");
    EXPECT_EQ(sent(Texts{"bob@example.com"}, codec, base).substr(0, 8), "refused:");
    const std::vector<Person> people{{"p2", "bob@example.com"}};
    codec.people = &people;
    EXPECT_EQ(sent(Texts{"bob@example.com"}, codec, base), R"({"people":[{"id":"p2"}]})");
}

TEST(Encode, FilesOfTheBaseGoBackAsTheyCame) {
    const Codec codec{.property = PropertyType::files, .column = ColumnType::text_array};
    const char* base = R"({"files":[{"name":"plan","type":"file","file":{"url":"https://s3/x"}}]})";
    EXPECT_EQ(
        sent(Texts{"https://s3/x?X-Amz-Signature=1", "https://example.com/a/b.png?c"}, codec, base),
        R"({"files":[{"name":"plan","type":"file","file":)"
        R"({"url":"https://s3/x?X-Amz-Signature=1"}},{"name":"b.png","type":"external",)"
        R"("external":{"url":"https://example.com/a/b.png?c"}}]})");
}

} // namespace
} // namespace notion
