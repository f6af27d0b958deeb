// The field table, row by row and then exhaustively. scope: none.
#include "core/sync/merge.hpp"

#include <gtest/gtest.h>

namespace notion::sync {
namespace {

FieldCase news_and_dirty(Rule rule, Newer newer = Newer::undecidable) {
    FieldCase field;
    field.page = Seen::news;
    field.dirty = true;
    field.rule = rule;
    field.newer = newer;
    return field;
}

TEST(Merge, NothingHappensWhereNothingChanged) {
    FieldCase field;
    field.page = Seen::same;
    field.equal = true;
    EXPECT_EQ(merge_field(field), FieldAction::nothing);
}

TEST(Merge, TheRowIsSentWhereOnlyTheRowChanged) {
    FieldCase field;
    field.page = Seen::same;
    field.dirty = true;
    EXPECT_EQ(merge_field(field), FieldAction::send);
    EXPECT_EQ(base_after(FieldAction::send), BaseAfter::old);
}

TEST(Merge, ThePageIsTakenWhereOnlyThePageChanged) {
    FieldCase field;
    field.page = Seen::news;
    EXPECT_EQ(merge_field(field), FieldAction::take);
    EXPECT_EQ(base_after(FieldAction::take), BaseAfter::decoded_and_n);
}

TEST(Merge, ABetterValueHereIsNotWrittenOverByItsOwnRoundTrip) {
    FieldCase field;
    field.page = Seen::news;
    field.equal = true; // 12:34:56 here, 12:34 there: canonically the same
    EXPECT_EQ(merge_field(field), FieldAction::note);
    EXPECT_EQ(base_after(FieldAction::note), BaseAfter::p_and_n);
}

TEST(Merge, AlikeIsAgreed) {
    FieldCase field = news_and_dirty(Rule::manual);
    field.equal = true;
    EXPECT_EQ(merge_field(field), FieldAction::agree);
}

TEST(Merge, AnAbsentPropertyIsNotJudged) {
    FieldCase field = news_and_dirty(Rule::notion);
    field.page = Seen::absent;
    EXPECT_EQ(merge_field(field), FieldAction::nothing);
}

TEST(Merge, TheRuleSettlesWhatBothChanged) {
    EXPECT_EQ(merge_field(news_and_dirty(Rule::notion)), FieldAction::take_over);
    EXPECT_EQ(merge_field(news_and_dirty(Rule::postgres)), FieldAction::keep);
    EXPECT_EQ(merge_field(news_and_dirty(Rule::manual)), FieldAction::hold);
}

TEST(Merge, NewestTakesTheLaterAndNotionsWhereNoneCanTell) {
    EXPECT_EQ(merge_field(news_and_dirty(Rule::newest, Newer::postgres)), FieldAction::keep);
    EXPECT_EQ(merge_field(news_and_dirty(Rule::newest, Newer::notion)), FieldAction::take_over);
    EXPECT_EQ(merge_field(news_and_dirty(Rule::newest)), FieldAction::take_over);
}

TEST(Merge, SetsUniteUnlessAPersonDecides) {
    for (const Rule rule : {Rule::newest, Rule::notion, Rule::postgres}) {
        FieldCase field = news_and_dirty(rule);
        field.is_set = true;
        EXPECT_EQ(merge_field(field), FieldAction::unite);
    }
    FieldCase field = news_and_dirty(Rule::manual);
    field.is_set = true;
    EXPECT_EQ(merge_field(field), FieldAction::hold);
}

TEST(Merge, AHeldFieldIsNeitherSentNorApplied) {
    FieldCase field = news_and_dirty(Rule::postgres);
    field.held = true;
    EXPECT_EQ(merge_field(field), FieldAction::hold);
    field.page = Seen::same;
    EXPECT_EQ(merge_field(field), FieldAction::nothing);
}

TEST(Merge, AHeldFieldIsReleasedOnceBothAgree) {
    FieldCase field = news_and_dirty(Rule::manual);
    field.held = true;
    field.equal = true;
    EXPECT_EQ(merge_field(field), FieldAction::agree);
}

TEST(Merge, AnEditOfWhatNotionMayNotChangeIsPutBack) {
    FieldCase field;
    field.page = Seen::news;
    field.direction = Direction::to_notion;
    EXPECT_EQ(merge_field(field), FieldAction::put_back);
    EXPECT_EQ(base_after(FieldAction::put_back), BaseAfter::decoded_and_n); // so that p is dirty
}

/// Every case there is.
template <class Visit>
void each_case(Visit&& visit) {
    for (int bits = 0; bits < 32; ++bits) {
        for (const Seen page : {Seen::absent, Seen::same, Seen::news}) {
            for (const Rule rule : {Rule::newest, Rule::notion, Rule::postgres, Rule::manual}) {
                for (int way = 0; way < 9; ++way) {
                    FieldCase field;
                    field.page = page;
                    field.dirty = bits & 1;
                    field.equal = bits & 2;
                    field.is_set = bits & 4;
                    field.held = bits & 8;
                    field.direction = static_cast<Direction>(way % 3);
                    field.newer = static_cast<Newer>(way / 3);
                    field.rule = rule;
                    visit(field, merge_field(field));
                }
            }
        }
    }
}

bool writes_row(FieldAction action) {
    return action == FieldAction::take || action == FieldAction::take_over ||
           action == FieldAction::unite;
}

TEST(Merge, WhatOnlyGoesToNotionNeverWritesTheRow) {
    each_case([](const FieldCase& field, FieldAction action) {
        if (field.direction == Direction::to_notion) {
            EXPECT_FALSE(writes_row(action));
        }
    });
}

TEST(Merge, WhatOnlyComesFromNotionIsNeverSent) {
    each_case([](const FieldCase& field, FieldAction action) {
        if (field.direction == Direction::from_notion) {
            EXPECT_FALSE(leaves_dirty(action));
        }
    });
}

TEST(Merge, NoValueThatSomebodyTypedIsOverwrittenWithoutAConflict) {
    each_case([](const FieldCase& field, FieldAction action) {
        const bool both = field.page == Seen::news && field.dirty && !field.equal;
        if (!both)
            return;
        // Decided with the loser kept, united without a loser, or held.
        EXPECT_TRUE(is_conflict(action) || action == FieldAction::unite);
    });
}

TEST(Merge, TheRowIsWrittenOnlyForNewsThatDiffers) {
    each_case([](const FieldCase& field, FieldAction action) {
        if (writes_row(action)) {
            EXPECT_EQ(field.page, Seen::news);
            EXPECT_FALSE(field.equal);
            EXPECT_FALSE(field.held);
        }
    });
}

TEST(Merge, NewsIsAlwaysSettledInTheBaseUnlessHeld) {
    each_case([](const FieldCase& field, FieldAction action) {
        const bool old = base_after(action) == BaseAfter::old;
        if (field.page == Seen::news) {
            EXPECT_EQ(old, action == FieldAction::hold);
        } else {
            EXPECT_TRUE(old);
        }
    });
}

TEST(Merge, ACleanFieldIsNeverHeld) {
    each_case([](const FieldCase& field, FieldAction action) {
        if (!field.dirty && !field.held) {
            EXPECT_NE(action, FieldAction::hold);
        }
    });
}

} // namespace
} // namespace notion::sync
