// scope: none.
#include "core/notion/schema.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/notion/utf8.hpp"

namespace notion {
namespace {

DataSource source_of(std::vector<std::pair<std::string, std::string>> ids_and_names) {
    DataSource source;
    for (auto& [id, name] : ids_and_names) {
        Property property;
        property.id = id;
        property.name = name;
        property.type_name = id == "title" ? "title" : "rich_text";
        property.type = property_type(property.type_name);
        source.properties.push_back(std::move(property));
    }
    return source;
}

std::map<std::string, std::string> names(const DataSource& source,
                                         NameStyle style = NameStyle::snake_case) {
    std::map<std::string, std::string> by_id;
    for (const NamedColumn& column : name_columns(source, style))
        by_id[column.property->id] = column.column;
    return by_id;
}

TEST(Names, AreSnakeCase) {
    const auto snake = [](std::string_view name) {
        return identifier(name, NameStyle::snake_case, "fallback");
    };
    EXPECT_EQ(snake("Due Date"), "due_date");
    EXPECT_EQ(snake("  % of (Total) "), "of_total");
    EXPECT_EQ(snake("Größe"), "größe");
    EXPECT_EQ(snake("締め切り 🎉"), "締め切り");
    EXPECT_EQ(snake("🎉"), "fallback");
    EXPECT_EQ(snake(""), "fallback");
    EXPECT_EQ(snake("__a__b__"), "a_b");
    EXPECT_EQ(snake("2026"), "2026");
}

TEST(Names, ExactOnesStayAsTheyAre) {
    EXPECT_EQ(identifier("Due Date 🎉", NameStyle::exact, "x"), "Due Date 🎉");
    EXPECT_EQ(identifier("", NameStyle::exact, "x"), "x");
}

TEST(Names, AreCutAtACharacter) {
    std::string emoji;
    for (int i = 0; i < 30; ++i)
        emoji += "é日";
    const std::string cut = identifier(emoji, NameStyle::exact, "");
    EXPECT_LE(cut.size(), 63U);
    EXPECT_GE(cut.size(), 60U);
    EXPECT_EQ(emoji.substr(0, cut.size()), cut);
    EXPECT_EQ(utf8::start(emoji, cut.size()), cut.size());
}

TEST(Names, ClashesAndNothingLeftGetASuffixFromTheId) {
    const auto by_id = names(source_of({{"title", "Name"}, {"aB%3Fc", "name"}, {"x", "🎉"}}));
    EXPECT_EQ(by_id.at("title"), "name");
    EXPECT_EQ(by_id.at("aB%3Fc"), "name_abc");
    EXPECT_EQ(by_id.at("x"), "property_x");
}

TEST(Names, ClashOnlyAfterTheCut) {
    const std::string stem(63, 'a');
    const auto by_id = names(source_of({{"p", stem + "1"}, {"q", stem + "2"}}));
    EXPECT_EQ(by_id.at("p"), stem);
    EXPECT_EQ(by_id.at("q"), stem.substr(0, 61) + "_q");
}

TEST(Names, StayClearOfReservedOnes) {
    for (const char* name : {"page_id", "Page URL", "page content", "ctid", "XMIN", "tableoid"}) {
        const auto by_id = names(source_of({{"abc", name}}));
        EXPECT_NE(by_id.at("abc").find("_abc"), std::string::npos) << by_id.at("abc");
    }
    EXPECT_EQ(names(source_of({{"abc", "Page count"}})).at("abc"), "page_count");
}

TEST(Names, DoNotHangOnTheOrderOfProperties) {
    std::vector<std::pair<std::string, std::string>> list{
        {"title", "a"}, {"b", "A"}, {"c", "a!"}, {"%3F", "a?"}, {"%21", "?a"}, {"d", "a_b"}};
    const auto expected = names(source_of(list));
    std::sort(list.begin(), list.end());
    do {
        EXPECT_EQ(names(source_of(list)), expected);
    } while (std::next_permutation(list.begin(), list.end()));
}

TEST(Names, OfSixHundredHostileColumnsAreUniqueAndShort) {
    std::vector<std::pair<std::string, std::string>> list;
    for (int i = 0; i < 600; ++i)
        list.emplace_back("%" + std::to_string(10 + i % 80) + "%" + std::to_string(i),
                          i % 3 == 0   ? std::string(200, 'x')
                          : i % 3 == 1 ? "🎉"
                                       : "ctid");
    for (const NameStyle style : {NameStyle::snake_case, NameStyle::exact}) {
        std::set<std::string> seen;
        for (const NamedColumn& column : name_columns(source_of(list), style)) {
            EXPECT_TRUE(seen.insert(column.column).second) << column.column;
            EXPECT_LE(column.column.size(), 63U);
        }
    }
}

TEST(Schema, TypesKnowTheirNames) {
    for (int i = 0; i < static_cast<int>(PropertyType::unknown); ++i) {
        const auto type = static_cast<PropertyType>(i);
        EXPECT_EQ(property_type(property_type_name(type)), type);
        Property property;
        property.type = type;
        EXPECT_TRUE(accepts(type, default_column_type(property)));
    }
    EXPECT_EQ(property_type("flux_capacitor"), PropertyType::unknown);
    EXPECT_EQ(property_type(""), PropertyType::unknown);
    EXPECT_EQ(property_type_name(PropertyType::unknown), "");
}

TEST(Schema, ATypeUnknownTodayBecomesJsonb) {
    auto document = json::parse(R"({"object":"data_source","id":"d","title":[],
        "properties":{"New":{"id":"n","name":"New","type":"flux","flux":{}}}})");
    auto source = parse_data_source(*document);
    ASSERT_TRUE(source.ok());
    const auto columns = name_columns(*source, NameStyle::snake_case);
    ASSERT_EQ(columns.size(), 1U);
    EXPECT_EQ(columns[0].type, ColumnType::jsonb);
    EXPECT_EQ(columns[0].property->type_name, "flux");
}

TEST(Schema, RefusesWhatIsNoDataSource) {
    for (const char* text : {"5", "{}", R"({"object":"data_source","id":"x"})",
                             R"({"object":"page","id":"x","properties":{}})",
                             R"({"object":"data_source","id":"x","properties":{"a":{"id":"b"}}})",
                             R"({"object":"data_source","id":"x","properties":{"a":5}})"}) {
        auto document = json::parse(text);
        auto source = parse_data_source(*document);
        ASSERT_FALSE(source.ok()) << text;
        EXPECT_EQ(source.error().kind, ErrorKind::malformed);
    }
}

TEST(Schema, AFormulaIsWhatItsResultsAre) {
    DataSource source;
    for (const char* id : {"n", "s", "d", "b", "none"}) {
        Property property;
        property.id = id;
        property.type_name = "formula";
        property.type = PropertyType::formula;
        source.properties.push_back(property);
    }
    const auto value = [](std::string id, std::string result) {
        return "\"" + id + "\":{\"id\":\"" + id + "\",\"type\":\"formula\",\"formula\":" + result +
               "}";
    };
    const std::string text =
        R"({"object":"list","has_more":false,"results":[{"object":"page","id":"p",
        "created_time":"2026-01-01T00:00:00.000Z","last_edited_time":"2026-01-01T00:00:00.000Z",
        "properties":{)" +
        value("n", R"({"type":"number","number":1})") + "," +
        value("s", R"({"type":"string","string":"x"})") + "," +
        value("d", R"({"type":"date","date":{"start":"2026-01-01"}})") + "," +
        value("b", R"({"type":"boolean","boolean":false})") + "," +
        value("none", R"({"type":"string","string":null})") + "}}]}";
    auto list = json::parse(text);
    ASSERT_TRUE(list.ok());
    ASSERT_TRUE(learn_results(source, *list).ok());
    const ColumnType expected[] = {ColumnType::float8, ColumnType::text, ColumnType::timestamptz,
                                   ColumnType::boolean, ColumnType::text};
    for (size_t i = 0; i < 5; ++i)
        EXPECT_EQ(default_column_type(source.properties[i]), expected[i]);
    EXPECT_EQ(source.properties[4].result_type, "");
}

TEST(Schema, ARollupIsWhatItsFunctionGives) {
    const auto type = [](std::string function, std::string result = "") {
        Property property;
        property.type = PropertyType::rollup;
        property.rollup_function = std::move(function);
        property.result_type = std::move(result);
        return default_column_type(property);
    };
    EXPECT_EQ(type("count"), ColumnType::float8);
    EXPECT_EQ(type("percent_checked"), ColumnType::float8);
    EXPECT_EQ(type("latest_date"), ColumnType::timestamptz);
    EXPECT_EQ(type("max", "date"), ColumnType::timestamptz);
    EXPECT_EQ(type("date_range"), ColumnType::jsonb);
    EXPECT_EQ(type("show_original"), ColumnType::jsonb);
    EXPECT_EQ(type("show_unique"), ColumnType::jsonb);
    EXPECT_EQ(type("median", "array"), ColumnType::jsonb);
    EXPECT_EQ(type("invented_tomorrow"), ColumnType::jsonb);
}

} // namespace
} // namespace notion
