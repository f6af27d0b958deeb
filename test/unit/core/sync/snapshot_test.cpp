// What a page shows, and what of it is news. scope: none.
#include "core/sync/snapshot.hpp"

#include <gtest/gtest.h>

#include "core/sync/print.hpp"
#include "core/sync/sample.hpp"

namespace notion::sync {
namespace {

struct SnapshotTest : testing::Test {
    std::unique_ptr<Link> link = sample::link();
    Mapping mapping = sample::mapping(*link);
    sample::Values page = sample::values();

    News news(const sample::PageOptions& options = {}) const {
        return news_of(*link, mapping, sample::snapshot(*link, page, options));
    }
};

TEST_F(SnapshotTest, SurvivesItsOwnJson) {
    const Snapshot taken = sample::snapshot(*link, page);
    const std::string printed = print(taken);
    const auto parsed = json::parse(printed);
    ASSERT_TRUE(parsed.ok());
    const auto again = parse_snapshot(*parsed);
    ASSERT_TRUE(again.ok());
    EXPECT_EQ(print(*again), printed);
    EXPECT_EQ(again->marker, Cell("7"));
    EXPECT_EQ(again->edited_us, taken.edited_us);
}

TEST_F(SnapshotTest, OnlyPairedPropertiesAreKept) {
    page["other"] = "5";
    EXPECT_FALSE(sample::snapshot(*link, page).properties.contains("other"));
}

TEST_F(SnapshotTest, WhatAPageLeavesOutIsTold) {
    EXPECT_TRUE(sample::snapshot(*link, page).absent.empty());
    page.erase("fee");
    const Snapshot taken = sample::snapshot(*link, page);
    EXPECT_EQ(taken.absent, std::vector<std::string>{"fee"});
    const auto again = parse_snapshot(*json::parse(print(taken)));
    ASSERT_TRUE(again.ok());
    EXPECT_EQ(again->absent, taken.absent);
}

TEST_F(SnapshotTest, HalvesAreComparedAsJsonbKeepsThem) {
    // jsonb sorts members by length and prints numbers its own way.
    EXPECT_TRUE(
        same_half(R"({"type":"number","number":100000})", R"({"number": 1e5, "type": "number"})"));
    EXPECT_FALSE(same_half(R"({"type":"number","number":1})", R"({"type":"number","number":2})"));
}

TEST_F(SnapshotTest, NewsIsWhatTheBaseDoesNotHave) {
    EXPECT_EQ(news(), News::none);
    page["total"] = R"({"type":"number","number":11})";
    EXPECT_EQ(news(), News::generated);
    page["fee"] = "6";
    EXPECT_EQ(news(), News::some);
}

TEST_F(SnapshotTest, TheTrashAndAMoveAreNewsOnce) {
    EXPECT_EQ(news({.in_trash = true}), News::some);
    mapping.page_state = PageState::trashed;
    EXPECT_EQ(news({.in_trash = true}), News::none);
    EXPECT_EQ(news(), News::some);
    mapping.page_state = PageState::moved;
    EXPECT_EQ(news({.data_source = "elsewhere"}), News::none);
    EXPECT_EQ(news(), News::some);
}

TEST_F(SnapshotTest, APageThatIsThereAgainIsNews) {
    for (const PageState state : {PageState::unreachable, PageState::gone}) {
        mapping.page_state = state;
        EXPECT_EQ(news(), News::some);
    }
}

TEST_F(SnapshotTest, AnUnmappedPageIsNewsUnlessItIsNoRow) {
    mapping = Mapping();
    EXPECT_EQ(news(), News::some);
    EXPECT_EQ(news({.in_trash = true}), News::none);
    EXPECT_EQ(news({.data_source = "elsewhere"}), News::none);
}

TEST_F(SnapshotTest, WithoutABaseEmptinessIsNoNews) {
    mapping.base.erase("judged");
    page["judged"] = "[]";
    EXPECT_EQ(news(), News::none);
    page["judged"] = sample::runs("x");
    EXPECT_EQ(news(), News::some);
}

TEST_F(SnapshotTest, ACutListIsCompletedFromItsItems) {
    std::string json = sample::link_json();
    const std::string was =
        R"("property_id":"tags","property_type":"multi_select","column_type":"text_array")";
    json.replace(json.find(was), was.size(),
                 R"("property_id":"tags","property_type":"relation","column_type":"uuid_array")");
    link = sample::link(json);
    const std::string id = R"({"id":"77777777-7777-7777-7777-777777777777"})";
    const std::string other = R"({"id":"88888888-8888-8888-8888-888888888888"})";
    std::string text = sample::page_json(page);
    const std::string tags = R"("tags","type":"multi_select","multi_select":)" + page["tags"];
    ASSERT_NE(text.find(tags), std::string::npos);
    text.replace(text.find(tags), tags.size(),
                 R"("tags","type":"relation","relation":[)" + id + R"(],"has_more":true)");
    const auto parsed = json::parse(text);
    auto taken = take_snapshot(*link, *parsed);
    ASSERT_TRUE(taken.ok());
    EXPECT_EQ(taken->cut, std::vector<std::string>{"tags"});

    const auto items = json::parse(
        R"([{"object":"property_item","id":"tags","type":"relation","relation":)" + id +
        R"(},{"object":"property_item","id":"tags","type":"relation","relation":)" + other + "}]");
    ASSERT_TRUE(complete(*link, *taken, "tags", *items).ok());
    EXPECT_TRUE(taken->cut.empty());
    const auto value = decoded(*link->field("tags"), taken->properties.at("tags"));
    ASSERT_TRUE(value.ok());
    EXPECT_EQ(std::get<std::vector<std::string>>(*value).size(), 2U);
    EXPECT_FALSE(complete(*link, *taken, "tags", *items).ok()); // no longer cut
}

TEST_F(SnapshotTest, AnswersOfQueriesKeepNotionsOrderAndLeaveOutWhatIsNoPage) {
    const std::string list = R"({"object":"list","results":[)" + sample::page_json(page) +
                             R"(,{"object":"data_source","id":"x"},)" +
                             sample::page_json(page, {.edited = "2026-03-01T11:00:00.000Z"}) +
                             R"(],"next_cursor":"c","has_more":true,"type":"page_or_data_source"})";
    const auto parsed = json::parse(list);
    const auto taken = take_snapshots(*link, *parsed);
    ASSERT_TRUE(taken.ok());
    ASSERT_EQ(taken->snapshots.size(), 2U);
    EXPECT_LT(taken->snapshots[0].edited_us, taken->snapshots[1].edited_us);
    EXPECT_EQ(taken->next_cursor, "c");
}

} // namespace
} // namespace notion::sync
