// What becomes of writes with an unknown outcome. scope: none.
#include "core/sync/settle.hpp"

#include <gtest/gtest.h>

#include "core/sync/sample.hpp"

namespace notion::sync {
namespace {

constexpr int64_t second = 1'000'000;

struct SettleTest : testing::Test {
    std::unique_ptr<Link> link = sample::link();
    sample::Values page = sample::values();
    Mapping mapping;
    int64_t sent_us = 0;

    SettleTest() {
        mapping.exists = true;
        mapping.key = "7";
        mapping.flight = FlightState::unknown;
        mapping.payload.action = FlightKind::create;
        mapping.sent_marker = "7";
        mapping.attempts = 1;
        sent_us = sample::snapshot(*link, page).created_us + 20 * second;
        mapping.sent_us = sent_us;
        mapping.settle_until_us = sent_us + 150 * second;
    }
    Snapshot found(const sample::PageOptions& options = {}) const {
        return sample::snapshot(*link, page, options);
    }
    Settlement look(const std::vector<Snapshot>& candidates, int64_t after_us) const {
        return settle(*link, mapping, candidates, {sample::bot, sent_us + after_us}).settlement;
    }
};

constexpr int64_t early = 10 * second;
constexpr int64_t late = 151 * second;

TEST_F(SettleTest, OnePageOfOursIsAdoptedAtAnyTime) {
    EXPECT_EQ(look({found()}, early), Settlement::adopt);
    EXPECT_EQ(look({found()}, late), Settlement::adopt);
    EXPECT_EQ(settle(*link, mapping, {found()}, {sample::bot}).page, sample::page_id);
}

TEST_F(SettleTest, NoPageCountsOnlyAfterItsTime) {
    EXPECT_EQ(look({}, early), Settlement::wait);
    EXPECT_EQ(look({}, 150 * second), Settlement::wait);
    EXPECT_EQ(look({}, late), Settlement::not_sent);
}

TEST_F(SettleTest, TheSecondUnknownIsAHumans) {
    mapping.attempts = create_attempts_max;
    EXPECT_EQ(look({}, early), Settlement::wait);
    EXPECT_EQ(look({}, late), Settlement::give_up);
}

TEST_F(SettleTest, SeveralPagesAreAHumans) {
    EXPECT_EQ(look({found(), found()}, early), Settlement::several);
}

TEST_F(SettleTest, ACopyByAPersonIsNotOurs) {
    EXPECT_EQ(look({found({.created_by = std::string(sample::person)})}, late),
              Settlement::not_sent);
    EXPECT_EQ(look({found(), found({.created_by = std::string(sample::person)})}, early),
              Settlement::adopt);
}

TEST_F(SettleTest, WhoeverSentItMayHaveMadeIt) {
    const Snapshot former = found({.created_by = "former bot"});
    EXPECT_EQ(look({former}, late), Settlement::not_sent);
    mapping.makers = {"another", "former bot"};
    EXPECT_EQ(look({former}, early), Settlement::adopt);
    EXPECT_EQ(look({former, found()}, early), Settlement::several);
    EXPECT_EQ(look({found({.created_by = std::string(sample::person)})}, late),
              Settlement::not_sent);
}

TEST_F(SettleTest, APageInTheTrashOrElsewhereIsNotOurs) {
    EXPECT_EQ(look({found({.in_trash = true})}, late), Settlement::not_sent);
    EXPECT_EQ(look({found({.data_source = "elsewhere"})}, late), Settlement::not_sent);
}

TEST_F(SettleTest, TheMarkerIsComparedByteForByte) {
    mapping.sent_marker = "key";
    page["mark"] = sample::runs("KEY"); // Notion's filters know no case
    EXPECT_EQ(look({found()}, late), Settlement::not_sent);
}

TEST_F(SettleTest, APageFromBeforeTheIntentIsNotOurs) {
    mapping.sent_us = sent_us + intent_skew_us + 60 * second;
    mapping.settle_until_us = *mapping.sent_us;
    EXPECT_EQ(look({found()}, intent_skew_us + late), Settlement::not_sent);
    mapping.attempts = 2; // but it may be that of the first attempt
    EXPECT_EQ(look({found()}, early), Settlement::adopt);
}

TEST_F(SettleTest, NothingIsAdoptedBeforeOurOwnBotIsKnown) {
    EXPECT_EQ(settle(*link, mapping, {found()}, {"", sent_us + late}).settlement, Settlement::wait);
    EXPECT_EQ(settle(*link, mapping, {}, {"", sent_us + late}).settlement, Settlement::not_sent);
}

struct SettlePatch : SettleTest {
    SettlePatch() {
        const Mapping agreed = sample::mapping(*link);
        mapping.base = agreed.base;
        mapping.page = sample::page_id;
        mapping.page_state = PageState::live;
        mapping.sent_marker.reset();
        mapping.payload = {FlightKind::patch, {{"fee", "6"}}};
    }
    Snapshot edited_by(std::string_view who) const {
        return found({.edited_by = std::string(who)});
    }
    Settled tell(const Snapshot& snapshot, int64_t skew_us = 0) const {
        return settle(*link, mapping, {snapshot}, {sample::bot, sent_us + late, skew_us});
    }
};

TEST_F(SettlePatch, ThePagesValueDecides) {
    page["fee"] = "6";
    EXPECT_EQ(look({found()}, early), Settlement::sent);
    page["fee"] = "5";
    EXPECT_EQ(look({edited_by(sample::bot)}, early), Settlement::wait);
    EXPECT_EQ(look({edited_by(sample::bot)}, late), Settlement::not_sent);
    page["fee"] = "9";
    EXPECT_EQ(look({found()}, early), Settlement::wait);
    EXPECT_EQ(look({found()}, late), Settlement::merge);
}

// What was written and set back looks like what was never written.
TEST_F(SettlePatch, TheValueOfBeforeProvesNothingOnceAnotherEditedThePage) {
    page["fee"] = "5";
    EXPECT_EQ(look({edited_by(sample::person)}, early), Settlement::wait);
    const Settled settled = tell(edited_by(sample::person));
    EXPECT_EQ(settled.settlement, Settlement::merge);
    EXPECT_EQ(settled.held.at("fee"), hold::doubtful);
    EXPECT_EQ(settled.base.at("fee").p, mapping.base.at("fee").p);
}

TEST_F(SettlePatch, AnEditFromBeforeTheWriteIsNoDoubt) {
    page["fee"] = "5";
    const Snapshot seen = edited_by(sample::person);
    mapping.sent_us = seen.edited_us + 60 * second + sent_skew_us;
    EXPECT_EQ(tell(seen).settlement, Settlement::not_sent);
    mapping.sent_us = *mapping.sent_us - 1; // in its minute, perhaps
    EXPECT_EQ(tell(seen).settlement, Settlement::merge);
    EXPECT_EQ(tell(seen, -1).settlement, Settlement::not_sent); // by a clock that goes after
}

TEST_F(SettlePatch, EachFieldIsToldByItself) {
    mapping.payload.fields = {{"fee", "6"}, {"title", "Bob"}};
    page["fee"] = "6";
    const Settled settled = tell(edited_by(sample::person));
    EXPECT_EQ(settled.settlement, Settlement::merge);
    EXPECT_EQ(settled.base.at("fee").p, Cell("6")); // it is there, whoever wrote it
    EXPECT_FALSE(settled.held.contains("fee"));
    EXPECT_EQ(settled.held.at("title"), hold::doubtful);
    page["title"] = sample::runs("Eve");
    EXPECT_TRUE(tell(edited_by(sample::person)).held.empty()); // an edit like any other
}

TEST_F(SettlePatch, HalfOfWhatWasSentIsAnotherValue) {
    mapping.payload.fields["title"] = "Bob";
    page["fee"] = "6";
    EXPECT_EQ(look({found()}, late), Settlement::merge);
}

TEST_F(SettlePatch, AnotherPageSaysNothing) {
    mapping.page = "66666666-6666-6666-6666-666666666666";
    EXPECT_EQ(look({found()}, late), Settlement::wait);
    EXPECT_EQ(look({}, late), Settlement::wait);
}

TEST_F(SettlePatch, TrashAndRestoreAreDecidedByTheTrash) {
    mapping.payload = {FlightKind::trash, {}};
    EXPECT_EQ(look({found({.in_trash = true})}, early), Settlement::sent);
    EXPECT_EQ(look({found()}, early), Settlement::wait);
    EXPECT_EQ(look({found()}, late), Settlement::not_sent);
    mapping.payload = {FlightKind::restore, {}};
    EXPECT_EQ(look({found()}, early), Settlement::sent);
    EXPECT_EQ(look({found({.in_trash = true})}, late), Settlement::not_sent);
}

TEST(SettleTime, IsNotionsDeadlineAndTheNetworksAndTheIndexes) {
    EXPECT_EQ(settle_ms(65'000), 150'000);
}

} // namespace
} // namespace notion::sync
