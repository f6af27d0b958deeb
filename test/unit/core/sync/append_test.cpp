// Append: an append of unknown outcome is settled by the page's blocks, and never on a guess.
// scope: none.
#include "core/sync/append.hpp"

#include <gtest/gtest.h>

#include "core/notion/plain.hpp"

namespace notion::sync {
namespace {

constexpr int64_t minute = 60'000;
constexpr int64_t now = 1'000 * minute;

AppendBlock ours(std::string_view text, int64_t at = now) {
    return {letters_of(text), false, true, at / minute * minute};
}

AppendBlock parent(std::string_view text) {
    AppendBlock block = ours(text);
    block.has_children = true;
    return block;
}

AppendBlock theirs(std::string_view text) {
    AppendBlock block = ours(text);
    block.is_ours = false;
    return block;
}

Append append(std::string_view markdown, int64_t sent = now + 10'000, int64_t done = 0) {
    auto plain = plain_text(markdown);
    return {letters_of(*plain), sent, done};
}

Append answered(std::string_view markdown, int64_t sent = now + 5'000) {
    return append(markdown, sent, sent + 200);
}

TEST(Append, ItsBlocksAtTheEndSayThatItWasDone) {
    EXPECT_EQ(settle_append({ours("Started"), ours("by Ada")}, {}, append("## Started\nby *Ada*")),
              Appended::done);
    EXPECT_EQ(settle_append({}, {}, append("## Started")), Appended::not_done);
    EXPECT_EQ(settle_append({theirs("Started")}, {}, append("## Started")), Appended::not_done);
}

TEST(Append, AlikeOnesAreCounted) {
    EXPECT_EQ(settle_append({ours("Done"), ours("Done")}, {answered("Done")}, append("Done")),
              Appended::done);
    EXPECT_EQ(settle_append({ours("Done")}, {answered("Done")}, append("Done")),
              Appended::not_done);
}

TEST(Append, OlderBlocksAreNone) {
    EXPECT_EQ(settle_append({ours("Done", now - minute)}, {answered("Done", now - minute)},
                            append("Done")),
              Appended::not_done);
}

// An append that was answered around the turn of the minute may be on either side of it: where
// that decides, nobody knows.
TEST(Append, TheTurnOfAMinuteIsNoEvidence) {
    Append across = append("Done", now - 1'000, now + 500);
    EXPECT_EQ(settle_append({ours("Done")}, {across}, append("Done")), Appended::unclear);
    EXPECT_EQ(settle_append({ours("Done"), ours("Done")}, {across}, append("Done")),
              Appended::done);
    EXPECT_EQ(settle_append({}, {across}, append("Done")), Appended::not_done);
}

TEST(Append, WhatPeopleChangedIsUnclear) {
    EXPECT_EQ(settle_append({ours("Donee")}, {}, append("Done")), Appended::unclear);
    EXPECT_EQ(settle_append({ours("Two")}, {answered("One")}, append("Two")), Appended::unclear);
    EXPECT_EQ(settle_append({}, {answered("One")}, append("Two")), Appended::unclear);
    EXPECT_EQ(settle_append({ours("Half of")}, {}, append("Half of\nit")), Appended::unclear);
}

TEST(Append, WhatNobodyReadMayBeBelowABlock) {
    EXPECT_EQ(settle_append({parent("One"), ours("Three")}, {}, append("- One\n\t- Two\n- Three")),
              Appended::done);
    EXPECT_EQ(settle_append({parent("")}, {}, append("| a | b |\n|---|---|\n| c | d |")),
              Appended::done);
    EXPECT_EQ(settle_append({ours("One"), parent("")}, {answered("One")},
                            append("| a | b |\n|---|---|\n| c | d |")),
              Appended::unclear); // it may be One's
    EXPECT_EQ(settle_append({ours("One"), ours("Three")}, {}, append("- One\n\t- Two\n- Three")),
              Appended::unclear);
}

TEST(Append, BlocksAreReadAsNotionGivesThem) {
    const std::vector<std::string> makers{"a", "b"};
    auto blocks = parse_append_blocks(
        R"([{"object":"block","id":"1","type":"paragraph","has_children":false,
             "created_time":"2026-11-20T10:02:00.000Z","created_by":{"object":"user","id":"b"},
             "paragraph":{"rich_text":[{"plain_text":"Hé ","type":"text"},{"plain_text":"llo!"}]}},
            {"type":"equation","has_children":false,"created_time":"2026-11-20T10:02:00.000Z",
             "created_by":{"id":"p"},"equation":{"expression":"x^2"}}])",
        makers);
    ASSERT_TRUE(blocks.ok());
    EXPECT_EQ((*blocks)[0].letters, "Héllo");
    EXPECT_TRUE((*blocks)[0].is_ours);
    EXPECT_EQ((*blocks)[0].created_ms % minute, 0);
    EXPECT_EQ((*blocks)[1].letters, "x2");
    EXPECT_FALSE((*blocks)[1].is_ours);
    EXPECT_FALSE(parse_append_blocks("{}", makers).ok());
    EXPECT_FALSE(parse_append_blocks("[{}]", makers).ok());
}

TEST(Append, OnlyAPagesMarkdownIsAYes) {
    EXPECT_EQ(append_outcome(true, 200, R"({"object":"page_markdown","markdown":""})"),
              Outcome::done);
    EXPECT_EQ(append_outcome(true, 200, "<html>"), Outcome::unknown);
    EXPECT_EQ(append_outcome(true, 0, ""), Outcome::unknown);
    EXPECT_EQ(append_outcome(false, 0, ""), Outcome::certain_no);
    EXPECT_EQ(append_outcome(true, 429, ""), Outcome::certain_no);
    EXPECT_EQ(append_outcome(true, 400, R"({"object":"error","code":"validation_error"})"),
              Outcome::permanent);
    EXPECT_EQ(append_outcome(true, 409, R"({"object":"error","code":"conflict_error"})"),
              Outcome::unknown);
    EXPECT_EQ(append_outcome(true, 503, R"({"object":"error","additional_data":
        {"committed_resource_id":"1"}})"),
              Outcome::unknown);
}

} // namespace
} // namespace notion::sync
