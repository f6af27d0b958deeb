// What a dirty row wishes. scope: none.
#include "core/sync/wish.hpp"

#include <gtest/gtest.h>

#include "core/sync/sample.hpp"

namespace notion::sync {
namespace {

struct WishTest : testing::Test {
    std::unique_ptr<Link> link = sample::link();
    Mapping mapping = sample::mapping(*link);
    Row row = sample::row();

    Decision wish(bool deleted = false) const { return decide(*link, mapping, row, deleted); }
    Decision wish_without_row(bool deleted) const {
        return decide(*link, mapping, std::nullopt, deleted);
    }
};

TEST_F(WishTest, AgreementWishesNothing) {
    EXPECT_FALSE(wish().wish);
}

TEST_F(WishTest, OnlyWhatDiffersIsPatched) {
    row["fee"] = "6";
    const Decision decision = wish();
    ASSERT_TRUE(decision.wish);
    EXPECT_EQ(decision.wish->action, FlightKind::patch);
    EXPECT_EQ(decision.wish->fields, (Fields{{"fee", "6"}}));
}

TEST_F(WishTest, AnotherPrintOfTheSameValueIsNoDirt) {
    row["fee"] = "5.0";
    row["tags"] = "{b,a}";
    row["due"] = "2026-03-01 09:30:59.5+00"; // Notion keeps minutes
    row["due_end"] = std::nullopt;
    EXPECT_FALSE(wish().wish);
}

TEST_F(WishTest, ANewRowWantsAPageWithWhatIsNotEmpty) {
    row["stage"] = std::nullopt;
    row["judged"] = "";
    const Decision decision = decide(*link, Mapping(), row, false);
    ASSERT_TRUE(decision.wish);
    EXPECT_EQ(decision.wish->action, FlightKind::create);
    EXPECT_EQ(decision.wish->fields, (Fields{{"title", "Ada"},
                                             {"fee", "5"},
                                             {"tags", "{a,b}"},
                                             {"due", "2026-03-01 09:30:00+00"},
                                             {"secret", "s"}}));
}

TEST_F(WishTest, WhatNotionCannotHoldIsHeldAndStopsNothingElse) {
    row["fee"] = "6";
    row["due"] = "infinity";
    const Decision decision = wish();
    EXPECT_EQ(decision.wish->fields, (Fields{{"fee", "6"}}));
    EXPECT_EQ(decision.held.at("due"),
              "unsendable: Notion cannot hold this date: Dates must lie in the "
              "years 1 to 9999; this one is \"infinity\".");
    mapping.held = decision.held;
    row["due"] = "2026-03-02 09:30:00+00"; // sendable again: judged anew
    EXPECT_EQ(wish().wish->fields.count("due"), 1U);
    EXPECT_TRUE(wish().held.empty());
}

TEST_F(WishTest, WhatNotionComputesIsNeverSent) {
    row["total"] = "11";
    row["owner"] = "Me";
    EXPECT_FALSE(wish().wish);
}

TEST_F(WishTest, AHeldFieldStaysHeldUntilItIsDecided) {
    mapping.held["fee"] = hold::conflict;
    row["fee"] = "6";
    EXPECT_FALSE(wish().wish);
    EXPECT_EQ(wish().held.at("fee"), hold::conflict);
}

TEST_F(WishTest, AColumnThatTheRowLacksIsNotNull) {
    row.erase("fee");
    EXPECT_FALSE(wish().wish);
    row.erase("id"); // the key is the mapping's
    EXPECT_FALSE(wish().wish);
}

TEST_F(WishTest, AFlightExcludesOtherWrites) {
    row["fee"] = "6";
    for (const FlightState state : {FlightState::sending, FlightState::unknown}) {
        mapping.flight = state;
        EXPECT_FALSE(wish().wish);
        EXPECT_FALSE(wish_without_row(true).wish);
    }
}

TEST_F(WishTest, ACapturedDeleteTrashesThePage) {
    EXPECT_EQ(wish_without_row(true).wish->action, FlightKind::trash);
    link->on_postgres_delete = OnPostgresDelete::ignore;
    EXPECT_FALSE(wish_without_row(true).wish);
    EXPECT_TRUE(wish_without_row(true).row_deleted); // the page lives on, and brings no row back
    EXPECT_FALSE(wish(true).row_deleted);
}

TEST_F(WishTest, AbsenceWithoutADeleteTrashesNothing) {
    const Decision decision = wish_without_row(false);
    EXPECT_FALSE(decision.wish);
    EXPECT_NE(decision.reason, "");
}

TEST_F(WishTest, ARowThatCameBackIsARow) {
    row["fee"] = "6";
    EXPECT_EQ(wish(true).wish->action, FlightKind::patch);
    mapping.row_deleted = true;
    mapping.page_state = PageState::trashed;
    EXPECT_EQ(wish(true).wish->action, FlightKind::restore);
}

TEST_F(WishTest, ItsPageStaysOursToRestoreUntilThatIsDone) {
    mapping.row_deleted = true;
    mapping.page_state = PageState::trashed;
    mapping.row_deleted = wish().row_deleted; // as kept; then the row is touched, and as it was
    const Decision again = wish();
    ASSERT_TRUE(again.wish);
    EXPECT_EQ(again.wish->action, FlightKind::restore);
    EXPECT_TRUE(again.conflicts.empty());
    row["fee"] = "6";
    EXPECT_TRUE(wish().conflicts.empty()); // nobody in Notion deleted anything
}

TEST_F(WishTest, APageInTheTrashIsRestoredForAnEditAndSaysSo) {
    mapping.page_state = PageState::trashed;
    EXPECT_FALSE(wish().wish);
    row["fee"] = "6";
    const Decision decision = wish();
    EXPECT_EQ(decision.wish->action, FlightKind::restore);
    EXPECT_EQ(decision.conflicts.at(0).kind, "edit against delete");
}

TEST_F(WishTest, APageOutOfSightIsLeftAlone) {
    row["fee"] = "6";
    for (const PageState state : {PageState::moved, PageState::unreachable, PageState::gone}) {
        mapping.page_state = state;
        EXPECT_FALSE(wish().wish);
        EXPECT_FALSE(wish_without_row(true).wish);
        EXPECT_NE(wish().reason, "");
    }
}

TEST_F(WishTest, ALinkThatOnlyReadsSendsNothing) {
    link = sample::link([] {
        std::string json = sample::link_json();
        const std::string was = R"("direction":"both","rule":"newest","on_notion_trash")";
        json.replace(json.find(was), was.size(),
                     R"("direction":"from_notion","rule":"newest","on_notion_trash")");
        return json;
    }());
    EXPECT_FALSE(decide(*link, Mapping(), row, false).wish);
    EXPECT_FALSE(wish_without_row(true).wish);
    mapping.base.erase("mark");
    EXPECT_FALSE(wish().wish); // not even the marker
}

TEST_F(WishTest, AMappingThatWaitsForAPersonWishesNothing) {
    mapping.held[std::string(hold::whole)] = "duplicate page";
    row["fee"] = "6";
    EXPECT_FALSE(wish().wish);
    EXPECT_EQ(wish().reason, "duplicate page");
    EXPECT_EQ(wish().held, mapping.held);
}

TEST_F(WishTest, SidesThatFeedEachOtherAreStopped) {
    mapping.hops = hops_max;
    row["fee"] = "6";
    const Decision decision = wish();
    EXPECT_FALSE(decision.wish);
    EXPECT_EQ(decision.held.at("fee"), hold::oscillates);
    EXPECT_TRUE(decision.conflicts.at(0).is_open);
}

TEST_F(WishTest, AConflictThatFollowsItsRowNamesItsFunction) {
    for (Field& field : link->fields)
        if (field.id == "fee") {
            field.rule = Rule::function;
            field.function = "public.dearest";
        }
    mapping.held["fee"] = hold::conflict;
    mapping.base.at("fee").seen = R"({"type":"number","number":9})";
    row["fee"] = "6";
    const Decision decision = wish();
    ASSERT_EQ(decision.conflicts.size(), 1U);
    EXPECT_EQ(decision.conflicts[0].rule, "public.dearest");
    EXPECT_EQ(decision.conflicts[0].notion, "9");
}

} // namespace
} // namespace notion::sync
