// What becomes of the base after an answer, and at a first pairing. scope: none.
#include "core/sync/record.hpp"

#include <gtest/gtest.h>

#include "core/sync/sample.hpp"

namespace notion::sync {
namespace {

struct RecordTest : testing::Test {
    std::unique_ptr<Link> link = sample::link();
    Mapping mapping = sample::mapping(*link);
    Row row = sample::row();
    sample::Values page = sample::values();

    Recorded answer(const Mapping& of, const Wish& wish,
                    const sample::PageOptions& options = {}) const {
        const auto parsed = json::parse(sample::page_json(page, options));
        auto made = record(*link, of, wish, *parsed);
        EXPECT_TRUE(made.ok()) << (made.ok() ? "" : made.error().message);
        return made.value();
    }
    bool is_clean(const Recorded& recorded) const {
        Mapping after = mapping;
        after.base = recorded.base;
        after.held = recorded.held;
        return !decide(*link, after, row, false).wish;
    }
};

TEST(RecordTable, FollowsTheProtocol) {
    EXPECT_EQ(record_sent(SentAnswer::as_expected).base, SentBase::p_and_answer);
    EXPECT_EQ(record_sent(SentAnswer::other).base, SentBase::p_and_expected);
    EXPECT_EQ(record_sent(SentAnswer::cut).base, SentBase::p_and_expected);
    EXPECT_EQ(record_sent(SentAnswer::missing).base, SentBase::old);
    EXPECT_FALSE(record_sent(SentAnswer::as_expected).news);
    EXPECT_TRUE(record_sent(SentAnswer::other).news);
    EXPECT_TRUE(record_sent(SentAnswer::missing).gone);
}

TEST_F(RecordTest, AnAnswerAsExpectedIsTheBase) {
    row["fee"] = "6";
    page["fee"] = "6";
    const Recorded recorded = answer(mapping, {FlightKind::patch, {{"fee", "6"}}});
    EXPECT_FALSE(recorded.news);
    EXPECT_TRUE(is_clean(recorded));
    ASSERT_EQ(recorded.log.size(), 1U);
    EXPECT_EQ(recorded.log[0].from, Cell("5"));
    EXPECT_EQ(recorded.log[0].to, Cell("6"));
}

TEST_F(RecordTest, AnotherValueInTheAnswerIsAnothersEdit) {
    row["fee"] = "6";
    page["fee"] = "9"; // typed between our commit and the reading of the answer
    const Recorded recorded = answer(mapping, {FlightKind::patch, {{"fee", "6"}}});
    EXPECT_TRUE(recorded.news);
    mapping.base = recorded.base;
    const Merged merged = reconcile(*link, mapping, row, recorded.snapshot, Times());
    EXPECT_EQ(merged.write, (Fields{{"fee", "9"}})); // they had seen ours: no conflict
    EXPECT_TRUE(merged.conflicts.empty());
}

/// A create that may have been sent by the primary before us: from an older row, or not at all.
struct DoubtTest : RecordTest {
    sample::PageOptions options;

    DoubtTest() {
        mapping = {};
        mapping.exists = true;
        mapping.key = *row.at("id");
        mapping.flight = FlightState::unknown;
        mapping.payload.action = FlightKind::create;
        options.edited_by = options.created_by;
    }
    Merged adopt() {
        const Decision wish = decide(*link, Mapping(), row, false);
        const Recorded recorded = answer(mapping, *wish.wish, options);
        mapping.flight = FlightState::none;
        mapping.page = recorded.snapshot.page;
        mapping.page_state = PageState::live;
        mapping.base = recorded.base;
        is_news = recorded.news;
        return reconcile(*link, mapping, row, recorded.snapshot, Times());
    }
    bool is_news = false;
};

TEST_F(DoubtTest, APageThatEqualsTheRowIsAdoptedAsItIs) {
    const Merged merged = adopt();
    EXPECT_FALSE(merged.dirty);
    EXPECT_TRUE(merged.write.empty());
}

TEST_F(DoubtTest, AnOlderValueOfOursIsReplaced) {
    row["fee"] = "6"; // the page was made when it was 5
    const Merged merged = adopt();
    EXPECT_TRUE(is_news) << "or nobody would send it";
    EXPECT_TRUE(merged.dirty);
    EXPECT_TRUE(merged.write.empty()) << "an older value replaces no newer one";
    mapping.base = merged.base;
    EXPECT_EQ(decide(*link, mapping, row, false).wish->fields, (Fields{{"fee", "6"}}));
}

TEST_F(DoubtTest, WhatOthersMayHaveTypedIsAConflict) {
    row["fee"] = "6";
    page["fee"] = "9";
    options.edited_by = std::string(sample::person);
    const Merged merged = adopt();
    ASSERT_EQ(merged.conflicts.size(), 1U);
    EXPECT_EQ(merged.conflicts[0].postgres, Cell("6"));
    EXPECT_EQ(merged.conflicts[0].notion, Cell("9"));
}

TEST_F(RecordTest, WhatElseTheAnswerShowsIsNews) {
    page["fee"] = "6";
    page["stage"] = sample::option("Done");
    const Recorded recorded = answer(mapping, {FlightKind::patch, {{"fee", "6"}}});
    EXPECT_TRUE(recorded.news);
    EXPECT_EQ(recorded.base.at("stage").p, Cell("Open"));
}

TEST_F(RecordTest, WhatNotionComputesFromOurWriteIsNoNews) {
    page["fee"] = "6";
    page["total"] = R"({"type":"number","number":12})";
    const Recorded recorded = answer(mapping, {FlightKind::patch, {{"fee", "6"}}});
    EXPECT_FALSE(recorded.news);
    EXPECT_EQ(recorded.base.at("total").p, Cell("10"));
}

TEST_F(RecordTest, AMissingPropertyIsSetAside) {
    row["fee"] = "6";
    page.erase("fee");
    const Recorded recorded = answer(mapping, {FlightKind::patch, {{"fee", "6"}}});
    EXPECT_EQ(recorded.missing, std::vector<std::string>{"fee"});
    EXPECT_EQ(recorded.held.at("fee"), hold::gone);
    EXPECT_TRUE(is_clean(recorded)); // held, not sent again
    page["fee"] = "5";               // and it comes back
    mapping.held = recorded.held;
    mapping.base = recorded.base;
    const Merged merged = reconcile(*link, mapping, row, sample::snapshot(*link, page), Times());
    EXPECT_TRUE(merged.held.empty());
    EXPECT_TRUE(merged.dirty);
}

TEST_F(RecordTest, SecondsThatNotionDroppedAreNoNews) {
    row["due"] = "2026-04-01 12:34:56+00";
    page["due"] = R"({"start":"2026-04-01T12:34:00.000+00:00","end":null,"time_zone":null})";
    const Recorded recorded =
        answer(mapping, {FlightKind::patch, {{"due", "2026-04-01 12:34:56+00"}}});
    EXPECT_FALSE(recorded.news);
    EXPECT_TRUE(is_clean(recorded));
}

struct RecordCreate : RecordTest {
    Mapping fresh;
    Wish wish{FlightKind::create, {{"title", "Ada"}, {"fee", "5"}}};
    sample::PageOptions ours{.edited_by = std::string(sample::bot)};

    RecordCreate() {
        fresh.exists = true;
        fresh.key = "7";
        page = {{"mark", sample::runs("7")},
                {"title", sample::runs("Ada")},
                {"fee", "5"},
                {"stage", sample::option("To do")},
                {"tags", "[]"},
                {"due", "null"},
                {"done", "false"},
                {"judged", "[]"},
                {"secret", "[]"},
                {"owner", "null"},
                {"total", R"({"type":"number","number":null})"}};
        row = {{"id", "7"},    {"name", "Ada"}, {"fee", "5"},    {"stage", {}},
               {"tags", {}},   {"due", {}},     {"due_end", {}}, {"done", {}},
               {"judged", {}}, {"secret", {}},  {"owner", {}},   {"total", {}}};
        mapping = fresh;
        mapping.page = sample::page_id;
        mapping.page_state = PageState::live;
    }
};

TEST_F(RecordCreate, DefaultsOfWhatWasNotSentAreTheBaseAndNoNews) {
    const Recorded recorded = answer(fresh, wish, ours);
    EXPECT_FALSE(recorded.news);
    ASSERT_TRUE(recorded.base.at("stage").p); // known, and NULL
    EXPECT_EQ(*recorded.base.at("stage").p, Cell());
    EXPECT_TRUE(recorded.base.at("stage").n);
    EXPECT_TRUE(is_clean(recorded)); // NULL here, "To do" there: agreed, nobody typed it
    mapping.base = recorded.base;
    EXPECT_EQ(news_of(*link, mapping, sample::snapshot(*link, page)), News::none);
}

// A create of unknown outcome is adopted from the page itself, which people may have edited since.
TEST_F(RecordCreate, WhatAPersonTypedBeforeThePageWasKnownIsNews) {
    page["done"] = "true";
    const Recorded recorded = answer(fresh, wish);
    EXPECT_TRUE(recorded.news);
    mapping.base = recorded.base;
    const Merged merged = reconcile(*link, mapping, row, recorded.snapshot, Times());
    EXPECT_EQ(merged.write.at("done"), Cell("t"));
    EXPECT_TRUE(merged.conflicts.empty());
}

TEST_F(RecordCreate, AfterwardsADefaultThatAPersonChangesIsTaken) {
    mapping.base = answer(fresh, wish, ours).base;
    page["stage"] = sample::option("Done");
    const Merged merged = reconcile(*link, mapping, row, sample::snapshot(*link, page), Times());
    EXPECT_EQ(merged.write, (Fields{{"stage", "Done"}}));
    EXPECT_TRUE(merged.conflicts.empty());
}

TEST_F(RecordCreate, ValuesThatOnlyNotionFillsReachTheRow) {
    page["total"] = R"({"type":"number","number":12})";
    page["owner"] = sample::option("Eve"); // a default of the template
    const Recorded recorded = answer(fresh, wish, ours);
    EXPECT_TRUE(recorded.news);
    mapping.base = recorded.base;
    const Merged merged = reconcile(*link, mapping, row, recorded.snapshot, Times());
    EXPECT_EQ(merged.write, (Fields{{"total", "12"}, {"owner", "Eve"}}));
    EXPECT_TRUE(merged.conflicts.empty());
}

TEST_F(RecordCreate, WhatCouldNotBeSentStaysDirty) {
    row["due"] = "infinity";
    mapping.base = answer(fresh, wish, ours).base;
    row["due"] = "2026-03-01 09:30:00+00";
    EXPECT_EQ(decide(*link, mapping, row, false).wish->fields.count("due"), 1U);
}

TEST_F(RecordTest, TrashAndRestoreLeaveTheBase) {
    const Recorded trashed = answer(mapping, {FlightKind::trash, {}}, {.in_trash = true});
    EXPECT_EQ(trashed.page_state, PageState::trashed);
    EXPECT_FALSE(trashed.news);
    page["fee"] = "6"; // edited in the trash
    const Recorded restored = answer(mapping, {FlightKind::restore, {}});
    EXPECT_EQ(restored.page_state, PageState::live);
    EXPECT_TRUE(restored.news);
    EXPECT_EQ(restored.base.at("fee").p, Cell("5"));
}

TEST_F(RecordTest, AnAnswerAboutAnotherPageIsRefused) {
    mapping.page = "55555555-5555-5555-5555-555555555555";
    const auto parsed = json::parse(sample::page_json(page));
    EXPECT_FALSE(record(*link, mapping, {FlightKind::patch, {{"fee", "6"}}}, *parsed).ok());
}

// The first pairing.

TEST_F(RecordTest, PairsThatAgreeHaveABaseAndNothingToDo) {
    EXPECT_FALSE(decide(*link, mapping, row, false).wish);
    EXPECT_EQ(news_of(*link, mapping, sample::snapshot(*link, page)), News::none);
}

TEST_F(RecordTest, PairsThatDifferAreReportedAndNothingElse) {
    row["fee"] = "6";
    row["name"] = "Bob";
    const auto paired = pair(*link, row, sample::snapshot(*link, page), "");
    EXPECT_EQ(paired->differs, (std::vector<std::string>{"name", "fee"}));
    EXPECT_TRUE(paired->base.empty());
}

TEST_F(RecordTest, PreferPostgresMakesDifferencesDirty) {
    row["fee"] = "6";
    mapping.base = pair(*link, row, sample::snapshot(*link, page), "postgres")->base;
    EXPECT_EQ(decide(*link, mapping, row, false).wish->fields, (Fields{{"fee", "6"}}));
    EXPECT_EQ(news_of(*link, mapping, sample::snapshot(*link, page)), News::none);
}

TEST_F(RecordTest, PreferNotionMakesDifferencesNews) {
    row["fee"] = "6";
    page["judged"] = "[]"; // empty there: taken all the same, it was asked for
    mapping.base = pair(*link, row, sample::snapshot(*link, page), "notion")->base;
    EXPECT_FALSE(decide(*link, mapping, row, false).wish);
    const Merged merged = reconcile(*link, mapping, row, sample::snapshot(*link, page), Times());
    EXPECT_EQ(merged.write, (Fields{{"fee", "5"}, {"judged", std::nullopt}}));
    EXPECT_TRUE(merged.conflicts.empty());
}

TEST_F(RecordTest, OneWayColumnsNeedNoPreference) {
    row["secret"] = "other";
    row["owner"] = "Me";
    const auto paired = pair(*link, row, sample::snapshot(*link, page), "");
    EXPECT_TRUE(paired->differs.empty());
    mapping.base = paired->base;
    EXPECT_EQ(decide(*link, mapping, row, false).wish->fields, (Fields{{"secret", "other"}}));
    const Merged merged = reconcile(*link, mapping, row, sample::snapshot(*link, page), Times());
    EXPECT_EQ(merged.write, (Fields{{"owner", "Eve"}}));
}

TEST_F(RecordTest, AnUnknownPreferenceIsRefused) {
    EXPECT_FALSE(pair(*link, row, sample::snapshot(*link, page), "both").ok());
}

} // namespace
} // namespace notion::sync
