// Reading a link. scope: none.
#include "core/sync/link.hpp"

#include <gtest/gtest.h>

#include "core/sync/sample.hpp"

namespace notion::sync {
namespace {

std::string with(std::string json, std::string_view was, std::string_view now) {
    const size_t at = json.find(was);
    EXPECT_NE(at, std::string::npos);
    return json.replace(at, was.size(), now);
}

TEST(LinkJson, NamesEachPropertyOnce) {
    const auto link = sample::link();
    EXPECT_EQ(link->fields.size(), 12U);
    EXPECT_EQ(link->property_ids().size(), 11U); // due is in two columns
    EXPECT_EQ(link->field("due#end")->column, "due_end");
    EXPECT_TRUE(link->field("due")->shares_property);
    EXPECT_FALSE(link->field("fee")->shares_property);
}

TEST(LinkJson, TheMarkerIsTextAndNeverInbound) {
    const auto link = sample::link();
    const Field* marker = link->marker();
    ASSERT_TRUE(marker);
    EXPECT_EQ(marker->codec.column, ColumnType::text);
    EXPECT_FALSE(marker->takes());
    EXPECT_TRUE(marker->sends());
}

TEST(LinkJson, WhatNotionComputesIsOnlyEverRead) {
    const std::string json =
        with(sample::link_json(), R"("column_type":"float8","direction":"from_notion")",
             R"("column_type":"float8","direction":"both")");
    const auto link = sample::link(json);
    EXPECT_TRUE(link->field("total")->is_generated);
    EXPECT_FALSE(link->field("total")->sends());
}

TEST(LinkJson, WhatIsNotKnownIsAnErrorThatNamesTheColumn) {
    const std::string good = sample::link_json();
    const std::string bad[] = {
        with(good, R"("column_type":"float8")", R"("column_type":"money")"),
        with(good, R"("rule":"manual")", R"("rule":"loudest")"),
        with(good, R"("column_type":"float8","direction":"both")",
             R"("column_type":"float8","direction":"sideways")"),
    };
    for (const std::string& json : bad) {
        const auto link = parse_link(json, Zone());
        ASSERT_FALSE(link.ok());
        EXPECT_EQ(link.error().kind, ErrorKind::invalid_option);
        EXPECT_NE(link.error().message.find("column \""), std::string::npos);
    }
}

TEST(LinkJson, TwoColumnsForOnePropertyAreRefusedUnlessTheyAreADatesParts) {
    const std::string json =
        with(sample::link_json(), R"("property_id":"fee")", R"("property_id":"title")");
    EXPECT_FALSE(parse_link(json, Zone()).ok());
}

TEST(LinkJson, MalformedJsonIsAnError) {
    for (const std::string_view json : {"", "[]", "{}", "null", R"({"data_source":"x"})",
                                        R"({"data_source":"x","direction":"both"})",
                                        R"({"data_source":"x","direction":"both","columns":[1]})"})
        EXPECT_FALSE(parse_link(json, Zone()).ok()) << json;
}

} // namespace
} // namespace notion::sync
