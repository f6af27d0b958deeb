// Decode: what comes out of each type, and what does not fit.
// scope: none.
#include <gtest/gtest.h>

#include "core/notion/codec.hpp"

namespace notion {
namespace {

using Texts = std::vector<std::string>;

const std::string one = "0f0e0d0c-0b0a-4908-8706-050403020100";
const std::string two = "11111111-2222-4333-8444-555555555555";

std::string property(std::string_view type, std::string_view inner, std::string_view more = "") {
    return "{\"id\":\"a\",\"type\":\"" + std::string(type) + "\",\"" + std::string(type) +
           "\":" + std::string(inner) + std::string(more) + "}";
}

Result<Value> read(std::string_view type, std::string_view inner, ColumnType column,
                   DatePart part = DatePart::start) {
    auto document = json::parse(property(type, inner));
    if (!document)
        return document.error();
    Codec codec{.property = property_type(type), .column = column};
    codec.part = part;
    return decode(*document, codec);
}

void expect(std::string_view type, std::string_view inner, ColumnType column,
            const Value& expected) {
    auto value = read(type, inner, column);
    ASSERT_TRUE(value.ok()) << type << inner << value.error().detail;
    EXPECT_EQ(*value, expected) << type << inner << sql_type(column);
}

ErrorKind refusal(std::string_view type, std::string_view inner, ColumnType column) {
    auto value = read(type, inner, column);
    EXPECT_FALSE(value.ok()) << type << inner << sql_type(column);
    return value.ok() ? ErrorKind::internal : value.error().kind;
}

TEST(Decode, TextIsPlainAndEmptyTextIsNull) {
    const char* runs = R"([{"type":"text","text":{"content":"a"},"plain_text":"a"},
        {"type":"mention","mention":{"type":"user"},"plain_text":"@Ada"},
        {"type":"equation","equation":{"expression":"x^2"},"plain_text":"x^2"}])";
    expect("title", runs, ColumnType::text, "a@Adax^2");
    expect("rich_text", "[]", ColumnType::text, Value());
    expect("url", "null", ColumnType::text, Value());
    expect("email", "\"\"", ColumnType::text, Value());
    expect("phone_number", "\"+1\"", ColumnType::text, "+1");
    expect("rich_text", R"([{"plain_text":"\u0000\ud83d"}])", ColumnType::text, "\uFFFD\uFFFD");
}

TEST(Decode, NumbersGoIntoEveryNumericColumn) {
    expect("number", "5", ColumnType::float8, 5.0);
    expect("number", "-0.0", ColumnType::float8, 0.0);
    expect("number", "0.1", ColumnType::numeric, "0.1");
    expect("number", "1e21", ColumnType::numeric, "1000000000000000000000");
    expect("number", "5", ColumnType::int2, int64_t{5});
    expect("number", "5.0", ColumnType::int4, int64_t{5});
    expect("number", "9007199254740992", ColumnType::int8, int64_t{9007199254740992});
    expect("number", "null", ColumnType::int8, Value());
    EXPECT_EQ(refusal("number", "5.5", ColumnType::int4), ErrorKind::misfit);
    EXPECT_EQ(refusal("number", "32768", ColumnType::int2), ErrorKind::misfit);
    EXPECT_EQ(refusal("number", "-2147483649", ColumnType::int4), ErrorKind::misfit);
    EXPECT_EQ(refusal("number", "1e300", ColumnType::int8), ErrorKind::misfit);
    EXPECT_EQ(refusal("number", "\"5\"", ColumnType::float8), ErrorKind::malformed);
}

TEST(Decode, OptionsAreTheirNames) {
    expect("select", R"({"id":"1","name":"Open","color":"red"})", ColumnType::text, "Open");
    expect("status", "null", ColumnType::text, Value());
    expect("multi_select", R"([{"name":"b"},{"name":"a"}])", ColumnType::text_array,
           Texts{"b", "a"});
    expect("multi_select", "[]", ColumnType::text_array, Texts{});
    EXPECT_EQ(refusal("select", "{}", ColumnType::text), ErrorKind::malformed);
    EXPECT_EQ(refusal("multi_select", "[5]", ColumnType::text_array), ErrorKind::malformed);
}

TEST(Decode, ADateIsItsStartOrItsEnd) {
    const char* days = R"({"start":"2026-03-01","end":"2026-03-04","time_zone":null})";
    expect("date", days, ColumnType::date, Day{20513});
    expect("date", days, ColumnType::timestamptz, Instant{1772323200000000});
    expect("date", days, ColumnType::daterange, "[2026-03-01,2026-03-05)");
    expect("date", days, ColumnType::tstzrange,
           "[\"2026-03-01 00:00:00+00\",\"2026-03-05 00:00:00+00\")");
    EXPECT_EQ(*read("date", days, ColumnType::date, DatePart::end), Value(Day{20516}));
    const char* day = R"({"start":"2026-03-01","end":null})";
    expect("date", day, ColumnType::daterange, "[2026-03-01,2026-03-02)");
    EXPECT_EQ(*read("date", day, ColumnType::timestamptz, DatePart::end), Value());
    const char* hours =
        R"({"start":"2026-03-01T10:00:00.000+01:00","end":"2026-03-02T12:30:00.000+01:00"})";
    expect("date", hours, ColumnType::timestamptz, Instant{1772355600000000});
    expect("date", hours, ColumnType::daterange, "[2026-03-01,2026-03-03)");
    expect("date", hours, ColumnType::tstzrange,
           "[\"2026-03-01 09:00:00+00\",\"2026-03-02 11:30:00+00\"]");
    expect("date", "null", ColumnType::tstzrange, Value());
    EXPECT_EQ(
        refusal("date", R"({"start":"2026-03-05","end":"2026-03-01"})", ColumnType::daterange),
        ErrorKind::misfit);
    EXPECT_EQ(refusal("date", R"({"start":"soon"})", ColumnType::date), ErrorKind::malformed);
}

TEST(Decode, ADayBeginsInTheTablesZone) {
    const Zone sao_paulo{"America/Sao_Paulo", -10800, {{1541300400, -7200}}};
    auto document = json::parse(property("date", R"({"start":"2018-11-04","end":null})"));
    Codec codec{.property = PropertyType::date, .column = ColumnType::timestamptz};
    codec.zone = &sao_paulo;
    EXPECT_EQ(*decode(*document, codec), Value(Instant{1541300400000000}));
    codec.column = ColumnType::date;
    EXPECT_EQ(*decode(*document, codec), Value(Day{17839}));
    auto local = json::parse(
        property("date", R"({"start":"2018-11-05T00:00:00","time_zone":"America/Sao_Paulo"})"));
    codec.column = ColumnType::timestamptz;
    EXPECT_EQ(*decode(*local, codec), Value(Instant{1541383200000000}));
    codec.zone = nullptr;
    EXPECT_FALSE(decode(*local, codec).ok());
}

TEST(Decode, PeopleAreIdsOrAddresses) {
    const std::string ada = R"({"object":"user","id":")" + one +
                            R"(","type":"person","person":{"email":"ada@example.com"}})";
    const std::string bot = R"({"object":"user","id":")" + two + R"(","type":"bot","bot":{}})";
    expect("people", "[" + ada + "," + bot + "]", ColumnType::uuid_array, Texts{one, two});
    expect("people", "[" + ada + "]", ColumnType::text_array, Texts{"ada@example.com"});
    expect("people", "[" + ada + "]", ColumnType::text, "ada@example.com");
    expect("people", "[]", ColumnType::text, Value());
    expect("people", "[]", ColumnType::uuid_array, Texts{});
    expect("created_by", bot, ColumnType::uuid, two);
    expect("last_edited_by", ada, ColumnType::text, "ada@example.com");
    EXPECT_EQ(refusal("people", "[" + bot + "]", ColumnType::text_array), ErrorKind::misfit);
    EXPECT_EQ(refusal("people", "[" + ada + "," + ada + "]", ColumnType::text), ErrorKind::misfit);
}

TEST(Decode, ARelationIsItsPages) {
    const std::string both = R"([{"id":")" + one + R"("},{"id":")" + two + R"("}])";
    expect("relation", both, ColumnType::uuid_array, Texts{one, two});
    expect("relation", R"([{"id":"0F0E0D0C0B0A49088706050403020100"}])", ColumnType::uuid, one);
    expect("relation", "[]", ColumnType::uuid, Value());
    EXPECT_EQ(refusal("relation", both, ColumnType::uuid), ErrorKind::misfit);
    EXPECT_EQ(refusal("relation", R"([{"id":"x"}])", ColumnType::uuid_array), ErrorKind::malformed);
}

TEST(Decode, FilesAreTheirUrls) {
    expect("files",
           R"([{"name":"a","type":"external","external":{"url":"https://a/?q"}},
               {"name":"b","type":"file","file":{"url":"https://b/?X-Amz-Signature=1"}}])",
           ColumnType::text_array, Texts{"https://a/?q", "https://b/?X-Amz-Signature=1"});
    EXPECT_EQ(refusal("files", R"([{"name":"a"}])", ColumnType::text_array), ErrorKind::malformed);
}

TEST(Decode, AFormulaIsItsResult) {
    expect("formula", R"({"type":"string","string":"x"})", ColumnType::text, "x");
    expect("formula", R"({"type":"string","string":null})", ColumnType::float8, Value());
    expect("formula", R"({"type":"string","string":""})", ColumnType::float8, Value());
    expect("formula", R"({"type":"number","number":2.5})", ColumnType::float8, 2.5);
    expect("formula", R"({"type":"number","number":2.5})", ColumnType::text, "2.5");
    expect("formula", R"({"type":"boolean","boolean":true})", ColumnType::boolean, true);
    expect("formula", R"({"type":"boolean","boolean":true})", ColumnType::text, "true");
    expect("formula", R"({"type":"date","date":{"start":"2026-03-01","end":null}})",
           ColumnType::timestamptz, Instant{1772323200000000});
    expect("formula", R"({"type":"date","date":{"start":"2026-03-01","end":"2026-03-02"}})",
           ColumnType::text, "2026-03-01/2026-03-02");
    expect("formula", R"({"type":"date","date":null})", ColumnType::timestamptz, Value());
    EXPECT_EQ(refusal("formula", R"({"type":"string","string":"x"})", ColumnType::float8),
              ErrorKind::misfit);
    EXPECT_EQ(refusal("formula", R"({"type":"number","number":1})", ColumnType::boolean),
              ErrorKind::misfit);
    EXPECT_EQ(refusal("formula", R"({"type":"unsupported"})", ColumnType::text), ErrorKind::misfit);
}

TEST(Decode, ARollupIsItsResult) {
    expect("rollup", R"({"type":"number","number":3,"function":"count"})", ColumnType::float8, 3.0);
    expect("rollup", R"({"type":"date","date":{"start":"2026-03-01"},"function":"latest_date"})",
           ColumnType::date, Day{20513});
    expect("rollup", R"({"type":"array","array":[{"type":"number","number":1}],"function":"x"})",
           ColumnType::jsonb,
           R"({"type":"array","array":[{"type":"number","number":1}],"function":"x"})");
    EXPECT_EQ(refusal("rollup", R"({"type":"incomplete","incomplete":{}})", ColumnType::float8),
              ErrorKind::incomplete);
    EXPECT_EQ(refusal("rollup", R"({"type":"array","array":[]})", ColumnType::float8),
              ErrorKind::misfit);
}

TEST(Decode, AUniqueIdHasItsPrefix) {
    expect("unique_id", R"({"prefix":"TASK","number":12})", ColumnType::text, "TASK-12");
    expect("unique_id", R"({"prefix":null,"number":12})", ColumnType::text, "12");
    expect("unique_id", R"({"prefix":"TASK","number":12})", ColumnType::int8, int64_t{12});
    expect("unique_id", R"({"prefix":"TASK","number":null})", ColumnType::text, Value());
}

TEST(Decode, JsonbLosesNothing) {
    expect("select", R"({"id":"1", "name":"a","color":"red"})", ColumnType::jsonb,
           R"({"id":"1","name":"a","color":"red"})");
    expect("place", R"({"lat":1.5,"lon":2})", ColumnType::jsonb, R"({"lat":1.5,"lon":2})");
    expect("place", "null", ColumnType::jsonb, Value());
    expect("button", "{}", ColumnType::jsonb, "{}");
    expect("number", "5", ColumnType::jsonb, "5");
    expect("flux", R"({"a":[1]})", ColumnType::jsonb, R"({"a":[1]})");
    expect("flux", "null", ColumnType::jsonb, Value());
}

TEST(Decode, AnotherTypeThanDeclaredIsToldApartFromAMisfit) {
    auto document = json::parse(property("number", "5"));
    const Codec text{.property = PropertyType::rich_text, .column = ColumnType::text};
    auto value = decode(*document, text);
    ASSERT_FALSE(value.ok());
    EXPECT_EQ(value.error().kind, ErrorKind::property_type);
    const Codec wrong{.property = PropertyType::number, .column = ColumnType::uuid};
    EXPECT_EQ(decode(*document, wrong).error().kind, ErrorKind::invalid_option);
    auto bare = json::parse(R"({"id":"a","type":"number"})");
    const Codec number{.property = PropertyType::number, .column = ColumnType::float8};
    EXPECT_EQ(decode(*bare, number).error().kind, ErrorKind::malformed);
}

TEST(Decode, ErrorsKeepValuesOutOfTheMessage) {
    auto value = read("number", "12345.5", ColumnType::int4);
    EXPECT_EQ(value.error().message.find("12345"), std::string::npos);
    EXPECT_NE(value.error().detail.find("12345"), std::string::npos);
}

TEST(IsCut, WhereNotionStopsAtTwentyFive) {
    const auto cut = [](std::string_view type, int count, std::string_view item,
                        std::string_view more = "") {
        std::string list = "[";
        for (int i = 0; i < count; ++i)
            list += (i > 0 ? "," : "") + std::string(item);
        auto document = json::parse(property(type, list + "]", more));
        return is_cut(*document);
    };
    EXPECT_TRUE(cut("relation", 25, "{}", ",\"has_more\":true"));
    EXPECT_FALSE(cut("relation", 25, "{}", ",\"has_more\":false"));
    EXPECT_TRUE(cut("relation", 25, "{}"));
    EXPECT_TRUE(cut("people", 25, "{}"));
    EXPECT_FALSE(cut("people", 24, "{}"));
    EXPECT_TRUE(cut("title", 25, R"({"type":"mention"})"));
    EXPECT_FALSE(cut("rich_text", 25, R"({"type":"text"})"));
    EXPECT_FALSE(cut("multi_select", 25, "{}"));
}

TEST(Half, ForgetsWhatNoEditChanges) {
    const auto of = [](std::string_view type, std::string_view inner) {
        auto document = json::parse(property(type, inner));
        return half(*document);
    };
    EXPECT_EQ(of("select", R"({"id":"1","name":"a","color":"red"})"),
              of("select", R"({"color":"blue","name":"a","id":"1"})"));
    EXPECT_NE(of("select", R"({"id":"1","name":"a"})"), of("select", R"({"id":"1","name":"b"})"));
    EXPECT_EQ(
        of("files", R"([{"name":"a","type":"file","file":{"url":"https://b/c?X-Amz-Signature=1",
                               "expiry_time":"2026-01-01"}}])"),
        of("files", R"([{"name":"a","type":"file","file":{"url":"https://b/c?X-Amz-Signature=2",
                               "expiry_time":"2026-01-02"}}])"));
    EXPECT_NE(
        of("files", R"([{"name":"a","type":"external","external":{"url":"https://b/c?d=1"}}])"),
        of("files", R"([{"name":"a","type":"external","external":{"url":"https://b/c?d=2"}}])"));
    EXPECT_EQ(of("people", R"([{"id":"1","name":"Ada","avatar_url":"x"}])"),
              of("people", R"([{"id":"1","name":"Ada L.","avatar_url":null,"object":"user"}])"));
    EXPECT_EQ(of("rich_text", R"([{"type":"text","text":{"content":"ab"},"plain_text":"ab"}])"),
              of("rich_text", R"([{"type":"text","text":{"content":"a","link":null}},
                                  {"type":"text","text":{"content":"b"}}])"));
    EXPECT_NE(
        of("rich_text", R"([{"type":"text","text":{"content":"a"}}])"),
        of("rich_text", R"([{"type":"text","text":{"content":"a"},"annotations":{"code":true}}])"));
    EXPECT_EQ(of("date", R"({"start":"2026-03-01T10:00:00.000Z","end":null,"time_zone":null})"),
              of("date", R"({"start":"2026-03-01T10:00:00+00:00"})"));
    EXPECT_NE(of("date", R"({"start":"2026-03-01"})"),
              of("date", R"({"start":"2026-03-01T00:00:00.000Z"})"));
    EXPECT_EQ(of("number", "5.0"), of("number", "5"));
    EXPECT_EQ(of("rollup", R"({"type":"array","array":[{"type":"select","select":
                               {"id":"1","name":"a","color":"red"}}],"function":"show_original"})"),
              of("rollup", R"({"type":"array","array":[{"type":"select","select":
                               {"id":"1","name":"a","color":"blue"}}],
                               "function":"show_original"})"));
}

} // namespace
} // namespace notion
