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
        return settle(*link, mapping, candidates, sample::bot, sent_us + after_us).settlement;
    }
};

constexpr int64_t early = 10 * second;
constexpr int64_t late = 151 * second;

TEST_F(SettleTest, OnePageOfOursIsAdoptedAtAnyTime) {
    EXPECT_EQ(look({found()}, early), Settlement::adopt);
    EXPECT_EQ(look({found()}, late), Settlement::adopt);
    EXPECT_EQ(settle(*link, mapping, {found()}, sample::bot, 0).page, sample::page_id);
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
    EXPECT_EQ(settle(*link, mapping, {found()}, "", sent_us + late).settlement, Settlement::wait);
    EXPECT_EQ(settle(*link, mapping, {}, "", sent_us + late).settlement, Settlement::not_sent);
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
};

TEST_F(SettlePatch, ThePagesValueDecides) {
    page["fee"] = "6";
    EXPECT_EQ(look({found()}, early), Settlement::sent);
    page["fee"] = "5";
    EXPECT_EQ(look({found()}, early), Settlement::wait);
    EXPECT_EQ(look({found()}, late), Settlement::not_sent);
    page["fee"] = "9";
    EXPECT_EQ(look({found()}, early), Settlement::wait);
    EXPECT_EQ(look({found()}, late), Settlement::merge);
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
