// Content of pages both ways: every combination of what may be known keeps every text that anyone
// wrote, or asks a person.
#include "core/sync/content.hpp"

#include <gtest/gtest.h>

namespace notion::sync {
namespace {

ContentFacts both_ways() {
    ContentFacts facts{};
    facts.sends = true;
    facts.has_base = true;
    return facts;
}

TEST(Content, OneSideThatChangedIsFollowed) {
    ContentFacts facts = both_ways();
    EXPECT_EQ(judge_content(facts), ContentVerdict::keep);
    facts.page_changed = true;
    EXPECT_EQ(judge_content(facts), ContentVerdict::take);
    facts = both_ways();
    facts.row_changed = true;
    EXPECT_EQ(judge_content(facts), ContentVerdict::send);
}

TEST(Content, BothSidesAskAPersonUnlessTheyAgree) {
    ContentFacts facts = both_ways();
    facts.row_changed = facts.page_changed = true;
    EXPECT_EQ(judge_content(facts), ContentVerdict::conflict);
    facts.equal = true;
    EXPECT_EQ(judge_content(facts), ContentVerdict::agreed);
}

TEST(Content, TheFirstMeetingTakesTheSideThatHasWords) {
    ContentFacts facts = both_ways();
    facts.has_base = false;
    EXPECT_EQ(judge_content(facts), ContentVerdict::conflict);
    facts.row_empty = true;
    EXPECT_EQ(judge_content(facts), ContentVerdict::take);
    facts.row_empty = false;
    facts.page_empty = true;
    EXPECT_EQ(judge_content(facts), ContentVerdict::send);
}

TEST(Content, AnUnknownWriteIsWaitedForAndThenJudgedByThePage) {
    ContentFacts facts = both_ways();
    facts.sent = SentContent::unknown;
    EXPECT_EQ(judge_content(facts), ContentVerdict::later);
    facts.page_changed = facts.row_changed = true;
    EXPECT_EQ(judge_content(facts), ContentVerdict::later);
    facts.sent = SentContent::settled;
    EXPECT_EQ(judge_content(facts), ContentVerdict::conflict);
    facts.page_changed = false; // it did not land
    EXPECT_EQ(judge_content(facts), ContentVerdict::send);
    facts.sent = SentContent::unknown;
    facts.page_changed = facts.shows_sent = true; // it did
    facts.row_changed_since_sent = true;
    EXPECT_EQ(judge_content(facts), ContentVerdict::send);
    facts.row_changed_since_sent = false;
    EXPECT_EQ(judge_content(facts), ContentVerdict::take);
}

TEST(Content, AWriteThatLandedIsTheBase) {
    ContentFacts facts = both_ways();
    facts.has_base = false;
    facts.sent = SentContent::landed;
    facts.page_changed = true;
    EXPECT_EQ(judge_content(facts), ContentVerdict::take) << "somebody edited it since";
    facts.row_changed_since_sent = true;
    EXPECT_EQ(judge_content(facts), ContentVerdict::conflict);
    facts.shows_sent = true;
    EXPECT_EQ(judge_content(facts), ContentVerdict::send);
}

TEST(Content, ADecisionHoldsForWhatWasShown) {
    ContentFacts facts = both_ways();
    facts.row_changed = facts.page_changed = true;
    facts.decision = ContentDecision::postgres;
    EXPECT_EQ(judge_content(facts), ContentVerdict::conflict);
    facts.page_as_decided = true;
    EXPECT_EQ(judge_content(facts), ContentVerdict::send);
    facts.decision = ContentDecision::notion;
    EXPECT_EQ(judge_content(facts), ContentVerdict::conflict);
    facts.row_as_decided = true;
    EXPECT_EQ(judge_content(facts), ContentVerdict::take);
    facts.decision = ContentDecision::value;
    EXPECT_EQ(judge_content(facts), ContentVerdict::value);
    facts.page_as_decided = false;
    EXPECT_EQ(judge_content(facts), ContentVerdict::conflict);
}

/// Exhaustive: a text that its side changed since the base is overwritten only by a person's word,
/// or where the page shows that it is the one that we sent.
TEST(Content, NoTextIsOverwrittenUnseen) {
    int seen = 0;
    for (unsigned bits = 0; bits < 1024; bits++)
        for (int sent = 0; sent < 4; sent++)
            for (int decision = 0; decision < 4; decision++) {
                const auto bit = [bits](unsigned n) { return (bits >> n & 1U) != 0; };
                ContentFacts facts{.sends = true,
                                   .equal = bit(0),
                                   .has_base = bit(1),
                                   .row_changed = bit(2),
                                   .page_changed = bit(3),
                                   .row_empty = bit(4),
                                   .page_empty = bit(5),
                                   .sent = static_cast<SentContent>(sent),
                                   .shows_sent = bit(6) && sent != 0,
                                   .row_changed_since_sent = bit(9),
                                   .decision = static_cast<ContentDecision>(decision),
                                   .row_as_decided = bit(7),
                                   .page_as_decided = bit(8)};
                if (facts.equal)
                    continue;
                const ContentVerdict verdict = judge_content(facts);
                const bool sent_is_base = facts.shows_sent || facts.sent == SentContent::landed;
                const bool row_is_new = sent_is_base     ? facts.row_changed_since_sent
                                        : facts.has_base ? facts.row_changed
                                                         : !facts.row_empty;
                const bool page_is_new = sent_is_base     ? !facts.shows_sent
                                         : facts.has_base ? facts.page_changed
                                                          : !facts.page_empty;
                if (verdict == ContentVerdict::take && row_is_new) {
                    EXPECT_EQ(facts.decision, ContentDecision::notion);
                    EXPECT_TRUE(facts.row_as_decided);
                    seen++;
                }
                if (verdict == ContentVerdict::send && page_is_new) {
                    EXPECT_EQ(facts.decision, ContentDecision::postgres);
                    EXPECT_TRUE(facts.page_as_decided);
                    seen++;
                }
                if (verdict == ContentVerdict::agreed || verdict == ContentVerdict::keep) {
                    EXPECT_FALSE(row_is_new || page_is_new);
                }
            }
    EXPECT_GT(seen, 0);
}

TEST(Content, InwardAPageThatChangedIsRight) {
    ContentFacts facts{};
    EXPECT_EQ(judge_content(facts), ContentVerdict::take);
    facts.has_base = facts.row_changed = true;
    EXPECT_EQ(judge_content(facts), ContentVerdict::keep);
    facts.page_changed = true;
    EXPECT_EQ(judge_content(facts), ContentVerdict::take);
    facts.equal = true;
    EXPECT_EQ(judge_content(facts), ContentVerdict::agreed);
}

} // namespace
} // namespace notion::sync
