// Admission, guard by guard. scope: none.
#include "core/sync/admit.hpp"

#include <gtest/gtest.h>

namespace notion::sync {
namespace {

constexpr int64_t minute = 60'000;

/// A GET, asked after the fence, in the minute that is the highest known, with news.
AdmitFacts good() {
    AdmitFacts facts;
    facts.via = Via::get;
    facts.asked_tick = 8;
    facts.fence = 7;
    facts.edited_ms = 10 * minute;
    facts.highest_ms = 10 * minute;
    facts.asked_at_ms = 10 * minute + 30'000;
    facts.index_lag_ms = 5'000;
    return facts;
}

TEST(Admit, AReadAskedAfterTheFenceIsAdmitted) {
    EXPECT_EQ(admit(good()), Admission::admitted);
}

TEST(Admit, NothingIsMergedDuringAFlight) {
    AdmitFacts facts = good();
    facts.in_flight = true;
    EXPECT_EQ(admit(facts), Admission::thrown_away);
    facts.via = Via::answer; // its own answer belongs to it
    EXPECT_EQ(admit(facts), Admission::admitted);
}

TEST(Admit, WhatWasAskedBeforeTheFenceIsThrownAway) {
    AdmitFacts facts = good();
    facts.asked_tick = facts.fence;
    EXPECT_EQ(admit(facts), Admission::thrown_away);
    facts.asked_tick = facts.fence - 1;
    EXPECT_EQ(admit(facts), Admission::thrown_away);
}

TEST(Admit, AnOlderMinuteIsThrownAway) {
    AdmitFacts facts = good();
    facts.edited_ms -= minute;
    EXPECT_EQ(admit(facts), Admission::thrown_away);
}

TEST(Admit, AQueryInTheSameMinuteIsNotBelieved) {
    AdmitFacts facts = good();
    facts.via = Via::poll;
    EXPECT_EQ(admit(facts), Admission::read_page);
    facts.via = Via::scan;
    EXPECT_EQ(admit(facts), Admission::read_page);
}

TEST(Admit, AQueryIsBelievedAboveTheHighestMinute) {
    AdmitFacts facts = good();
    facts.via = Via::poll;
    facts.edited_ms += minute;
    EXPECT_EQ(admit(facts), Admission::admitted);
}

TEST(Admit, AQueryIsBelievedOnceTheIndexHadItsTime) {
    AdmitFacts facts = good();
    facts.via = Via::poll;
    facts.asked_at_ms = facts.edited_ms + minute + facts.index_lag_ms;
    EXPECT_EQ(admit(facts), Admission::read_page);
    facts.asked_at_ms += 1;
    EXPECT_EQ(admit(facts), Admission::admitted);
}

TEST(Admit, ACutListIsCompletedFirst) {
    AdmitFacts facts = good();
    facts.is_cut = true;
    EXPECT_EQ(admit(facts), Admission::complete_it);
    facts.news = News::none; // what is beyond the cut is not known
    EXPECT_EQ(admit(facts), Admission::complete_it);
}

// What a page leaves out may have been edited: neither its news nor its sameness is taken.
TEST(Admit, APageThatLeavesAPropertyOutWasNotSeen) {
    AdmitFacts facts = good();
    facts.is_part = true;
    EXPECT_EQ(admit(facts), Admission::read_page);
    facts.news = News::none;
    EXPECT_EQ(admit(facts), Admission::read_page);
    facts.mapped = false; // in the trash, or elsewhere: no row, whatever it holds
    EXPECT_EQ(admit(facts), Admission::nothing_new);
    facts.news = News::some;
    EXPECT_EQ(admit(facts), Admission::read_page);
}

TEST(Admit, WhatEqualsTheBaseIsNothingNew) {
    AdmitFacts facts = good();
    facts.news = News::none;
    EXPECT_EQ(admit(facts), Admission::nothing_new);
}

// An edit waits, its row locked; the page is set back: merged after all, the edit would come back.
TEST(Admit, WhatEqualsTheBaseIsNewsWhileAnotherSnapshotWaits) {
    AdmitFacts facts = good();
    facts.news = News::none;
    facts.awaited = true;
    EXPECT_EQ(admit(facts), Admission::admitted);
    facts.via = Via::poll; // and its index may lag behind what waits
    EXPECT_EQ(admit(facts), Admission::read_page);
}

TEST(Admit, FormulasThatFollowOurOwnWriteCauseNothing) {
    AdmitFacts facts = good();
    facts.news = News::generated;
    EXPECT_EQ(admit(facts), Admission::nothing_new);
    facts.edited_ms += minute; // somebody else wrote since
    EXPECT_EQ(admit(facts), Admission::admitted);
}

TEST(Admit, AFullScanRefreshesFormulas) {
    AdmitFacts facts = good();
    facts.news = News::generated;
    facts.via = Via::scan;
    facts.asked_at_ms = facts.edited_ms + 2 * minute;
    EXPECT_EQ(admit(facts), Admission::admitted);
}

TEST(Admit, APageThatNoMappingKnowsIsTaken) {
    AdmitFacts facts;
    facts.mapped = false;
    EXPECT_EQ(admit(facts), Admission::admitted);
    facts.is_cut = true;
    EXPECT_EQ(admit(facts), Admission::complete_it);
    facts.news = News::none; // in the trash, or elsewhere
    EXPECT_EQ(admit(facts), Admission::nothing_new);
}

} // namespace
} // namespace notion::sync
