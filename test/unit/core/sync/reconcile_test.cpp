// One snapshot into one row: values, base, log and conflicts. scope: none.
#include "core/sync/reconcile.hpp"

#include <gtest/gtest.h>

#include "core/sync/print.hpp"
#include "core/sync/sample.hpp"

namespace notion::sync {
namespace {

struct Reconcile : testing::Test {
    std::unique_ptr<Link> link = sample::link();
    Mapping mapping = sample::mapping(*link);
    Row row = sample::row();
    sample::Values page = sample::values();
    Times times;

    Merged merge() const {
        return reconcile(*link, mapping, row, sample::snapshot(*link, page), times);
    }
    /// Takes the merge over, as the caller does in its transaction.
    void keep(const Merged& merged) {
        mapping.base = merged.base;
        mapping.held = merged.held;
        for (const auto& [column, cell] : merged.write)
            row[column] = cell;
    }
};

TEST_F(Reconcile, NothingToDoWhereBothAgree) {
    const Merged merged = merge();
    EXPECT_EQ(merged.action, MergeAction::none);
    EXPECT_TRUE(merged.write.empty());
    EXPECT_TRUE(merged.log.empty());
    EXPECT_TRUE(merged.conflicts.empty());
    EXPECT_FALSE(merged.dirty);
}

TEST_F(Reconcile, AnEditInNotionReachesTheRow) {
    page["fee"] = "7.5";
    const Merged merged = merge();
    EXPECT_EQ(merged.action, MergeAction::update);
    EXPECT_EQ(merged.write, (Fields{{"fee", "7.5"}}));
    EXPECT_EQ(merged.base.at("fee").p, Cell("7.5"));
    ASSERT_EQ(merged.log.size(), 1U);
    EXPECT_EQ(merged.log[0].from, Cell("5"));
    EXPECT_FALSE(merged.dirty);
}

TEST_F(Reconcile, AnEditHereStaysAndIsDirty) {
    row["fee"] = "6";
    const Merged merged = merge();
    EXPECT_EQ(merged.action, MergeAction::none);
    EXPECT_TRUE(merged.dirty);
    EXPECT_EQ(merged.base.at("fee").p, Cell("5"));
}

TEST_F(Reconcile, DifferentFieldsMergeWithoutConflict) {
    row["fee"] = "6";
    page["stage"] = sample::option("Done");
    const Merged merged = merge();
    EXPECT_EQ(merged.write, (Fields{{"stage", "Done"}}));
    EXPECT_TRUE(merged.conflicts.empty());
    EXPECT_TRUE(merged.dirty);
}

TEST_F(Reconcile, TheLosersValueIsKept) {
    row["fee"] = "6";
    page["fee"] = "7";
    const Merged merged = merge(); // newest, and no time is known: Notion's
    EXPECT_EQ(merged.write, (Fields{{"fee", "7"}}));
    ASSERT_EQ(merged.conflicts.size(), 1U);
    const Conflict& conflict = merged.conflicts[0];
    EXPECT_EQ(conflict.base, Cell("5"));
    EXPECT_EQ(conflict.postgres, Cell("6"));
    EXPECT_EQ(conflict.notion, Cell("7"));
    EXPECT_EQ(conflict.winner, "notion");
    EXPECT_FALSE(conflict.is_open);
    EXPECT_NE(conflict.note, "");
}

TEST_F(Reconcile, ANewerRowWinsUnderNewest) {
    row["fee"] = "6";
    page["fee"] = "7";
    times.row_changed_us = *mapping.edited_us + 61'000'000;
    const Merged merged = merge();
    EXPECT_TRUE(merged.write.empty());
    EXPECT_TRUE(merged.dirty);
    EXPECT_EQ(merged.conflicts.at(0).winner, "postgres");
    EXPECT_EQ(merged.base.at("fee").p, Cell("7")); // what 6 will be sent against
}

TEST_F(Reconcile, AlikeIsAgreedWithoutAWrite) {
    row["fee"] = page["fee"] = "9";
    const Merged merged = merge();
    EXPECT_EQ(merged.action, MergeAction::none);
    EXPECT_FALSE(merged.dirty);
    EXPECT_EQ(merged.base.at("fee").p, Cell("9"));
}

TEST_F(Reconcile, SecondsAreNoDifferenceAndAreKept) {
    row["due"] = "2026-04-01 12:34:56+00";
    page["due"] = R"({"start":"2026-04-01T12:34:00.000+00:00","end":null,"time_zone":null})";
    const Merged merged = merge();
    EXPECT_TRUE(merged.write.empty());
    EXPECT_FALSE(merged.dirty);
    EXPECT_EQ(merged.base.at("due").p, Cell("2026-04-01 12:34:56+00"));
}

TEST_F(Reconcile, StartAndEndOfADateMergeApart) {
    row["due"] = "2026-03-02 09:30:00+00";
    page["due"] =
        R"({"start":"2026-03-01T09:30:00.000+00:00","end":"2026-03-05T09:30:00.000+00:00"})";
    const Merged merged = merge();
    EXPECT_EQ(merged.write, (Fields{{"due_end", "2026-03-05 09:30:00+00"}}));
    EXPECT_TRUE(merged.conflicts.empty());
    EXPECT_TRUE(merged.dirty); // the start is still to be sent
}

TEST_F(Reconcile, SetsMergeMemberByMember) {
    row["tags"] = "{a,b,here}";
    page["tags"] = sample::options("b,there"); // a was removed there
    const Merged merged = merge();
    EXPECT_EQ(merged.write, (Fields{{"tags", "{b,there,here}"}}));
    EXPECT_TRUE(merged.conflicts.empty());
    EXPECT_TRUE(merged.dirty);
    EXPECT_EQ(merged.base.at("tags").p, Cell("{b,there}"));
}

TEST_F(Reconcile, TheOrderOfASetIsNoEdit) {
    row["tags"] = "{b,a,b}";
    const Merged merged = merge();
    EXPECT_FALSE(merged.dirty);
}

TEST_F(Reconcile, ManualHoldsTheFieldAndOpensOneConflict) {
    row["judged"] = "better";
    page["judged"] = sample::runs("best");
    const Merged first = merge();
    EXPECT_TRUE(first.write.empty());
    EXPECT_FALSE(first.dirty);
    ASSERT_EQ(first.conflicts.size(), 1U);
    EXPECT_TRUE(first.conflicts[0].is_open);
    EXPECT_EQ(first.base.at("judged").p, Cell("good"));
    EXPECT_EQ(first.held.at("judged"), hold::conflict);

    keep(first);
    EXPECT_EQ(news_of(*link, mapping, sample::snapshot(*link, page)), News::none);
    const Merged again = merge();
    EXPECT_TRUE(again.conflicts.empty());
    EXPECT_EQ(again.held, first.held);
    EXPECT_FALSE(decide(*link, mapping, row, false).wish);
}

TEST_F(Reconcile, AnOpenConflictFollowsItsSides) {
    row["judged"] = "better";
    page["judged"] = sample::runs("best");
    keep(merge());
    page["judged"] = sample::runs("the very best");
    EXPECT_EQ(news_of(*link, mapping, sample::snapshot(*link, page)), News::some);
    const Merged there = merge();
    ASSERT_EQ(there.conflicts.size(), 1U);
    EXPECT_TRUE(there.conflicts[0].is_open);
    EXPECT_EQ(there.conflicts[0].notion, Cell("the very best"));
    EXPECT_EQ(there.held.at("judged"), hold::conflict);
    keep(there);
    row["judged"] = "better still";
    const Decision here = decide(*link, mapping, row, false);
    ASSERT_EQ(here.conflicts.size(), 1U);
    EXPECT_EQ(here.conflicts[0].postgres, Cell("better still"));
    EXPECT_EQ(here.conflicts[0].notion, Cell("the very best"));
    EXPECT_EQ(here.conflicts[0].base, Cell("good"));
    EXPECT_FALSE(here.wish);
}

TEST_F(Reconcile, ARowThatComesToWhatThePageShowedEndsItsConflict) {
    row["judged"] = "better";
    page["judged"] = sample::runs("best");
    keep(merge());
    row["judged"] = "best";
    const Decision decision = decide(*link, mapping, row, false);
    EXPECT_TRUE(decision.held.empty());
    EXPECT_EQ(decision.agreed, std::vector<std::string>{"judged"});
    ASSERT_TRUE(decision.wish) << "so that the page is looked at";
    EXPECT_EQ(decision.wish->fields, (Fields{{"judged", "best"}}));
}

TEST_F(Reconcile, ADeletedRowHasNothingToBeDecided) {
    row["judged"] = "better";
    page["judged"] = sample::runs("best");
    keep(merge());
    EXPECT_TRUE(decide(*link, mapping, std::nullopt, false).held.contains("judged")) << "unseen";
    const Decision deleted = decide(*link, mapping, std::nullopt, true);
    EXPECT_TRUE(deleted.held.empty());
    EXPECT_EQ(deleted.agreed, std::vector<std::string>{"judged"});
}

TEST_F(Reconcile, APersonsDecisionReleasesAHeldField) {
    row["judged"] = "better";
    page["judged"] = sample::runs("best");
    keep(merge());
    mapping.held["judged"] = hold::resolved_notion;
    EXPECT_EQ(news_of(*link, mapping, sample::snapshot(*link, page)), News::some);
    const Merged for_notion = merge();
    EXPECT_EQ(for_notion.write, (Fields{{"judged", "best"}}));
    EXPECT_TRUE(for_notion.held.empty());
    EXPECT_EQ(for_notion.agreed, std::vector<std::string>{"judged"});

    mapping.held["judged"] = hold::resolved_postgres;
    const Merged for_postgres = merge();
    EXPECT_TRUE(for_postgres.write.empty());
    EXPECT_TRUE(for_postgres.dirty);
    keep(for_postgres);
    EXPECT_EQ(decide(*link, mapping, row, false).wish->fields, (Fields{{"judged", "better"}}));
}

// Of unknown outcome: not made, or made and set back.
TEST_F(Reconcile, WhatMayBeSetBackIsAPersonsToDecide) {
    for (const char* column : {"fee", "tags"}) {
        mapping = sample::mapping(*link);
        row = sample::row();
        row[column] = column == std::string("fee") ? "6" : "{a}";
        mapping.held[column] = hold::doubtful;
        EXPECT_FALSE(decide(*link, mapping, row, false).wish) << "not before the page was merged";
        EXPECT_EQ(news_of(*link, mapping, sample::snapshot(*link, page)), News::some);
        const Merged merged = merge();
        EXPECT_EQ(merged.held.at(column), hold::conflict) << column;
        ASSERT_EQ(merged.conflicts.size(), 1U) << column;
        EXPECT_TRUE(merged.conflicts[0].is_open);
        EXPECT_NE(merged.conflicts[0].note, "");
        EXPECT_FALSE(merged.dirty);
        EXPECT_TRUE(merged.write.empty());
    }
}

TEST_F(Reconcile, WhereTheRowWinsAnywayItIsSentAgainAndSaid) {
    row["secret"] = "more"; // to_notion
    mapping.held["secret"] = hold::doubtful;
    const Merged merged = merge();
    EXPECT_TRUE(merged.held.empty());
    EXPECT_TRUE(merged.dirty);
    ASSERT_EQ(merged.conflicts.size(), 1U);
    EXPECT_EQ(merged.conflicts[0].winner, "postgres");
}

TEST_F(Reconcile, DoubtEndsWhereBothAgreeOrThePageShowsAnEdit) {
    mapping.held["fee"] = hold::doubtful; // the row was set back, too
    EXPECT_TRUE(merge().held.empty());
    EXPECT_TRUE(merge().conflicts.empty());
    row["fee"] = "6";
    page["fee"] = "7";
    const Merged merged = merge(); // newest, as ever
    EXPECT_TRUE(merged.held.empty());
    EXPECT_EQ(merged.conflicts.size(), 1U);
    EXPECT_FALSE(merged.conflicts[0].is_open);
}

TEST_F(Reconcile, AHeldFieldThatComesToAgreeIsReleased) {
    row["judged"] = "better";
    page["judged"] = sample::runs("best");
    keep(merge());
    row["judged"] = "best";
    const Merged merged = merge();
    EXPECT_TRUE(merged.held.empty());
    EXPECT_EQ(merged.agreed, std::vector<std::string>{"judged"});
    EXPECT_EQ(merged.base.at("judged").p, Cell("best"));
}

TEST_F(Reconcile, AnEditOfWhatOnlyGoesToNotionIsPutBackAndLogged) {
    page["secret"] = sample::runs("seen");
    const Merged merged = merge();
    EXPECT_TRUE(merged.write.empty());
    EXPECT_TRUE(merged.dirty);
    ASSERT_EQ(merged.log.size(), 1U);
    EXPECT_EQ(merged.log[0].from, Cell("seen"));
    EXPECT_EQ(merged.log[0].to, Cell("s"));
    EXPECT_EQ(merged.log[0].rule, "to_notion");
    keep(merged);
    EXPECT_EQ(decide(*link, mapping, row, false).wish->fields, (Fields{{"secret", "s"}}));
}

TEST_F(Reconcile, WhatOnlyComesFromNotionWinsOverAnEditHere) {
    row["owner"] = "Me";
    page["owner"] = sample::option("Dan");
    const Merged merged = merge();
    EXPECT_EQ(merged.write, (Fields{{"owner", "Dan"}}));
    EXPECT_EQ(merged.conflicts.at(0).postgres, Cell("Me"));
}

TEST_F(Reconcile, TheMarkerIsNeverInboundAndIsRewritten) {
    page["mark"] = sample::runs("8");
    const Merged merged = merge();
    EXPECT_TRUE(merged.write.empty());
    EXPECT_TRUE(merged.dirty);
    keep(merged);
    EXPECT_EQ(decide(*link, mapping, row, false).wish->fields, (Fields{{"mark", "7"}}));
}

TEST_F(Reconcile, AnAbsentPropertyIsUnknownNotNull) {
    page.erase("fee");
    row["fee"] = "6";
    const Merged merged = merge();
    EXPECT_TRUE(merged.write.empty());
    EXPECT_EQ(merged.base.at("fee").p, Cell("5"));
}

TEST_F(Reconcile, AClearedTextIsEmptyWhereNullIsNotAllowed) {
    page["title"] = "[]";
    page["judged"] = "[]";
    const Merged merged = merge();
    EXPECT_EQ(merged.write, (Fields{{"name", ""}, {"judged", std::nullopt}}));
    keep(merged);
    EXPECT_FALSE(decide(*link, mapping, row, false).wish); // '' is what Notion holds
}

TEST_F(Reconcile, WhatDoesNotFitSetsAsideItsFieldAlone) {
    std::string json = sample::link_json();
    const std::string was =
        R"("property_id":"fee","property_type":"number","column_type":"float8")";
    json.replace(json.find(was), was.size(),
                 R"("property_id":"fee","property_type":"number","column_type":"int4")");
    link = sample::link(json);
    page["fee"] = "7.5";
    page["stage"] = sample::option("Done");
    const Merged merged = merge();
    EXPECT_EQ(merged.write, (Fields{{"stage", "Done"}}));
    EXPECT_TRUE(merged.held.at("fee").starts_with(hold::misfit));
    EXPECT_EQ(merged.base.at("fee").p, Cell("5"));
    keep(merged);
    EXPECT_EQ(news_of(*link, mapping, sample::snapshot(*link, page)), News::none);

    page["fee"] = "8"; // and a value that fits releases it
    const Merged after = merge();
    EXPECT_EQ(after.write, (Fields{{"fee", "8"}}));
    EXPECT_TRUE(after.held.empty());
}

TEST_F(Reconcile, SidesThatFeedEachOtherAreStopped) {
    page["fee"] = "6";
    times.hops = hops_max;
    const Merged merged = merge();
    EXPECT_TRUE(merged.write.empty());
    EXPECT_EQ(merged.held.at("fee"), hold::oscillates);
    EXPECT_EQ(merged.conflicts.at(0).kind, "oscillates");
    EXPECT_TRUE(merged.conflicts.at(0).is_open);
}

TEST_F(Reconcile, NothingIsMergedDuringAFlightOrFromACutList) {
    page["fee"] = "6";
    mapping.flight = FlightState::unknown;
    EXPECT_EQ(merge().action, MergeAction::wait);
    mapping.flight = FlightState::none;
    Snapshot snapshot = sample::snapshot(*link, page);
    snapshot.cut.push_back("tags");
    EXPECT_EQ(reconcile(*link, mapping, row, snapshot, times).action, MergeAction::wait);
}

// Rows and pages as wholes.

TEST_F(Reconcile, ANewPageBecomesARow) {
    const Merged merged =
        reconcile(*link, Mapping(), std::nullopt, sample::snapshot(*link, page), times);
    EXPECT_EQ(merged.action, MergeAction::insert);
    EXPECT_EQ(merged.write, (Fields{{"name", "Ada"},
                                    {"fee", "5"},
                                    {"stage", "Open"},
                                    {"tags", "{a,b}"},
                                    {"due", "2026-03-01 09:30:00+00"},
                                    {"done", "f"},
                                    {"judged", "good"},
                                    {"owner", "Eve"},
                                    {"total", "10"}}));
    EXPECT_TRUE(merged.dirty); // the marker is to be written
}

TEST_F(Reconcile, AfterTheInsertOnlyTheMarkerAndOurOwnColumnsAreSent) {
    Merged merged = reconcile(*link, Mapping(), std::nullopt, sample::snapshot(*link, page), times);
    Row inserted = merged.write;
    inserted["id"] = "8";       // an identity
    inserted["secret"] = "own"; // a default
    inserted["due_end"] = std::nullopt;
    const Rebased rebased =
        rebase(*link, Mapping(), merged.base, merged.held, merged.write, inserted);
    EXPECT_TRUE(rebased.dirty);
    mapping.base = rebased.base;
    mapping.key = "8";
    EXPECT_EQ(decide(*link, mapping, inserted, false).wish->fields,
              (Fields{{"mark", "8"}, {"secret", "own"}}));
}

TEST_F(Reconcile, WhatATriggerMadeOfAValueIsDirtyAndLogged) {
    page["stage"] = sample::option("Done");
    const Merged merged = merge();
    row["stage"] = "DONE";
    const Rebased rebased = rebase(*link, mapping, merged.base, merged.held, merged.write, row);
    EXPECT_TRUE(rebased.dirty);
    ASSERT_EQ(rebased.log.size(), 1U);
    EXPECT_EQ(rebased.log[0].from, Cell("Done"));
    EXPECT_EQ(rebased.log[0].to, Cell("DONE"));
}

TEST_F(Reconcile, AbsenceWithoutEvidenceWaits) {
    const Merged merged =
        reconcile(*link, mapping, std::nullopt, sample::snapshot(*link, page), times);
    EXPECT_EQ(merged.action, MergeAction::wait);
}

TEST_F(Reconcile, ARowThatWasDeletedHereIsNotBroughtBackByItsPage) {
    mapping.row_deleted = true;
    const Merged merged =
        reconcile(*link, mapping, std::nullopt, sample::snapshot(*link, page), times);
    EXPECT_EQ(merged.action, MergeAction::none);
    EXPECT_TRUE(merged.conflicts.empty());
}

TEST_F(Reconcile, DeletedHereAndEditedThereKeepsThePageAndSaysSo) {
    times.deleted = true;
    page["fee"] = "6";
    const Merged merged =
        reconcile(*link, mapping, std::nullopt, sample::snapshot(*link, page), times);
    EXPECT_EQ(merged.action, MergeAction::none);
    EXPECT_TRUE(merged.row_deleted);
    ASSERT_EQ(merged.conflicts.size(), 1U);
    EXPECT_EQ(merged.conflicts[0].column, "");
    mapping.held = merged.held;
    EXPECT_FALSE(decide(*link, mapping, std::nullopt, true).wish);
}

TEST_F(Reconcile, ATrashedPageLeavesTheRowByDefault) {
    const Snapshot trashed = sample::snapshot(*link, page, {.in_trash = true});
    const Merged merged = reconcile(*link, mapping, row, trashed, times);
    EXPECT_EQ(merged.action, MergeAction::trashed);
    EXPECT_EQ(merged.page_state, PageState::trashed);
    EXPECT_TRUE(merged.write.empty());
}

TEST_F(Reconcile, OnNotionTrashDeleteWaitsForItsGraceAndAConfirmation) {
    link->on_notion_trash = OnNotionTrash::remove;
    const Snapshot trashed = sample::snapshot(*link, page, {.in_trash = true});
    EXPECT_EQ(reconcile(*link, mapping, row, trashed, times).action, MergeAction::trashed);
    mapping.page_state = PageState::trashed;
    EXPECT_EQ(reconcile(*link, mapping, row, trashed, times).action, MergeAction::trashed);
    times.trashed_since_us = 0;
    times.asked_us = trash_grace_us - 1;
    EXPECT_EQ(reconcile(*link, mapping, row, trashed, times).action, MergeAction::trashed);
    times.asked_us = trash_grace_us;
    EXPECT_EQ(reconcile(*link, mapping, row, trashed, times).action, MergeAction::remove);
    row["fee"] = "6"; // edited here meanwhile: kept
    const Merged edited = reconcile(*link, mapping, row, trashed, times);
    EXPECT_EQ(edited.action, MergeAction::trashed);
    EXPECT_TRUE(edited.dirty);
}

TEST_F(Reconcile, APageInTheTrashThatItsRowCameBackForIsNobodysDeletion) {
    mapping.row_deleted = true;
    mapping.page_state = PageState::trashed;
    times.trashed_since_us = 0;
    times.asked_us = trash_grace_us;
    link->on_notion_trash = OnNotionTrash::remove;
    const Snapshot trashed = sample::snapshot(*link, page, {.in_trash = true});
    const Merged merged = reconcile(*link, mapping, row, trashed, times);
    EXPECT_EQ(merged.action, MergeAction::trashed);
    EXPECT_TRUE(merged.dirty);
    mapping.row_deleted = merged.row_deleted;
    EXPECT_EQ(decide(*link, mapping, row, false).wish->action, FlightKind::restore);
}

TEST_F(Reconcile, APageMovedAwayWaitsAndDeletesNothing) {
    const Snapshot moved = sample::snapshot(*link, page, {.data_source = "elsewhere"});
    const Merged merged = reconcile(*link, mapping, row, moved, times);
    EXPECT_EQ(merged.action, MergeAction::none);
    EXPECT_EQ(merged.page_state, PageState::moved);
    EXPECT_TRUE(merged.write.empty());
}

TEST_F(Reconcile, APageTakenOutOfTheTrashBringsItsRowBackUnderItsKey) {
    mapping.row_deleted = true;
    mapping.page_state = PageState::trashed;
    const Merged merged =
        reconcile(*link, mapping, std::nullopt, sample::snapshot(*link, page), times);
    EXPECT_EQ(merged.action, MergeAction::insert);
    EXPECT_EQ(merged.write.at("id"), Cell("7"));
    EXPECT_FALSE(merged.row_deleted);
}

TEST_F(Reconcile, ALinkThatOnlySendsInsertsNothing) {
    link->direction = Direction::to_notion;
    const Merged merged =
        reconcile(*link, Mapping(), std::nullopt, sample::snapshot(*link, page), times);
    EXPECT_EQ(merged.action, MergeAction::none);
}

} // namespace
} // namespace notion::sync
