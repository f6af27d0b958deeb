// References: a field whose value is the page of another row. What is not there yet is not known: a
// column that the row lacks, a property that is named `unfollowed`. scope: none.
#include <gtest/gtest.h>

#include "core/sync/reconcile.hpp"
#include "core/sync/record.hpp"
#include "core/sync/sample.hpp"

namespace notion::sync {
namespace {

constexpr std::string_view page_a = "aaaaaaaa-0000-4000-8000-000000000001";
constexpr std::string_view page_b = "aaaaaaaa-0000-4000-8000-000000000002";

std::string relation(std::string_view page) {
    const std::string ids = page.empty() ? "" : R"({"id":")" + std::string(page) + R"("})";
    return R"({"type":"relation","relation":[)" + ids + "]}";
}

struct Reference : testing::Test {
    std::unique_ptr<Link> link = make("both", "newest");
    Mapping mapping;
    Row row = {{"id", "7"}, {"parent", std::string(page_a)}};
    Snapshot snapshot;
    Times times;

    Reference() {
        mapping.exists = true;
        mapping.key = "7";
        mapping.page = "bbbbbbbb-0000-4000-8000-000000000001";
        mapping.page_state = PageState::live;
        mapping.base["mark"] = {"7", std::nullopt, std::nullopt};
        mapping.base["up"] = {std::string(page_a), relation(page_a), std::nullopt};
        snapshot.page = mapping.page;
        snapshot.is_source_told = false;
        show(page_a);
    }

    static std::unique_ptr<Link> make(std::string_view direction, std::string_view rule) {
        return sample::link(
            R"({"id":1,"data_source":"s","direction":"both","rule":"newest","columns":[)"
            R"({"column_name":"id","property_id":"mark","property_type":"rich_text",)"
            R"("column_type":"text","direction":"to_notion","is_marker":true},)"
            R"({"column_name":"parent","property_id":"up","property_type":"relation",)"
            R"("column_type":"uuid","direction":")" +
            std::string(direction) + R"(","rule":")" + std::string(rule) + R"("}]})");
    }

    void show(std::string_view page) { snapshot.properties["up"] = relation(page); }
    Merged merge() const { return reconcile(*link, mapping, row, snapshot, times); }
    void keep(const Merged& merged) {
        mapping.base = merged.base;
        mapping.held = merged.held;
    }
};

TEST_F(Reference, AParentWithoutAPageIsLeftOutOfTheCreate) {
    mapping = {};
    row.erase("parent");
    const Decision decision = decide(*link, mapping, row, false);
    ASSERT_TRUE(decision.wish);
    EXPECT_EQ(decision.wish->action, FlightKind::create);
    EXPECT_TRUE(decision.wish->fields.empty());
}

TEST_F(Reference, AndIsSentWhenItHasOne) {
    mapping.base["up"] = {Cell(), relation(""), std::nullopt}; // as record() leaves it
    const Decision decision = decide(*link, mapping, row, false);
    ASSERT_TRUE(decision.wish);
    EXPECT_EQ(decision.wish->action, FlightKind::patch);
    EXPECT_EQ(decision.wish->fields, (Fields{{"up", std::string(page_a)}}));
}

TEST_F(Reference, WhatTheRowLacksIsNeitherSentNorCleared) {
    row.erase("parent");
    EXPECT_FALSE(decide(*link, mapping, row, false).wish);
    const Merged merged = merge();
    EXPECT_FALSE(merged.dirty);
    EXPECT_TRUE(merged.write.empty());
    EXPECT_TRUE(merged.held.empty()) << "nothing is new there";
    EXPECT_EQ(merged.base.at("up").p, Cell(std::string(page_a)));
}

TEST_F(Reference, NewsOverAnUnknownValueWaits) {
    row.erase("parent");
    show(page_b);
    const Merged merged = merge();
    EXPECT_EQ(merged.held.at("up"), hold::unfollowed);
    EXPECT_EQ(merged.base.at("up").n, relation(page_a)) << "the base learns nothing";
    keep(merged);
    EXPECT_EQ(news_of(*link, mapping, snapshot), News::none) << "the same news comes once";
    row["parent"] = std::string(page_b); // its page came, and a session changed the key
    EXPECT_FALSE(decide(*link, mapping, row, false).wish) << "nothing goes over what nobody saw";
}

TEST_F(Reference, APageWithoutARowIsNotTaken) {
    show(page_b);
    times.unfollowed = {"up"};
    const Merged merged = merge();
    EXPECT_TRUE(merged.write.empty());
    EXPECT_TRUE(merged.conflicts.empty());
    EXPECT_EQ(merged.held.at("up"), hold::unfollowed);
    keep(merged);
    EXPECT_EQ(news_of(*link, mapping, snapshot), News::none);
    mapping.held.clear(); // its row came: released, and read again
    times.unfollowed.clear();
    EXPECT_EQ(news_of(*link, mapping, snapshot), News::some);
    const Merged taken = merge();
    EXPECT_EQ(taken.write, (Fields{{"parent", std::string(page_b)}}));
    EXPECT_EQ(taken.base.at("up").p, Cell(std::string(page_b)));
    EXPECT_TRUE(taken.held.empty());
}

TEST_F(Reference, AnEditHereGoesOverItWhereTheRuleSaysSo) {
    link = make("both", "postgres");
    row["parent"] = std::nullopt;
    show(page_b);
    times.unfollowed = {"up"};
    const Merged merged = merge();
    EXPECT_TRUE(merged.held.empty());
    EXPECT_TRUE(merged.dirty);
    ASSERT_EQ(merged.conflicts.size(), 1U);
    EXPECT_EQ(merged.conflicts[0].notion, Cell(std::string(page_b)));
}

TEST_F(Reference, AnEmptiedRelationThatMayBeOfTheTrashIsNotPutBack) {
    link = make("to_notion", "newest");
    show("");
    times.unfollowed = {"up"};
    const Merged merged = merge();
    EXPECT_EQ(merged.held.at("up"), hold::unfollowed);
    EXPECT_FALSE(merged.dirty);
    times.unfollowed.clear();
    EXPECT_TRUE(merge().dirty) << "but what a person took out is";
}

TEST_F(Reference, ANewPageBecomesARowWithoutIt) {
    mapping = {};
    times.unfollowed = {"up"};
    Merged merged = reconcile(*link, mapping, std::nullopt, snapshot, times);
    EXPECT_EQ(merged.action, MergeAction::insert);
    EXPECT_FALSE(merged.write.contains("parent"));
    EXPECT_EQ(merged.held.at("up"), hold::unfollowed);
    mapping.exists = true;
    mapping.key = "7";
    mapping.page = snapshot.page;
    mapping.page_state = PageState::live;
    keep(merged);
    row["parent"] = std::nullopt;
    EXPECT_FALSE(decide(*link, mapping, row, false).wish->fields.contains("up"));
    mapping.held.clear();
    times.unfollowed.clear();
    merged = merge();
    EXPECT_EQ(merged.write, (Fields{{"parent", std::string(page_a)}}));
    EXPECT_TRUE(merged.conflicts.empty()) << "nobody here had said anything";
}

TEST_F(Reference, SeveralPagesInAColumnForOneDoNotFit) {
    snapshot.properties["up"] = R"({"type":"relation","relation":[{"id":")" + std::string(page_a) +
                                R"("},{"id":")" + std::string(page_b) + R"("}]})";
    const Merged merged = merge();
    EXPECT_TRUE(merged.held.at("up").starts_with(hold::misfit));
    EXPECT_TRUE(merged.write.empty());
}

} // namespace
} // namespace notion::sync
