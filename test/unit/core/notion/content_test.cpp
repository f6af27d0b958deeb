// Content: large pages are put together from what Notion gives of them; what is not shared stays
// marked; what cannot be complete is an error.
// scope: none.
#include "core/notion/content.hpp"

#include <gtest/gtest.h>

#include "core/notion/json.hpp"

namespace notion {
namespace {

const std::string page = "11111111-2222-4333-8444-555555555555";
const std::string part = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee";
const std::string other = "99999999-bbbb-4ccc-8ddd-eeeeeeeeeeee";

std::string answer(std::string_view markdown, const std::vector<std::string>& unknown = {},
                   bool truncated = true) {
    std::string ids;
    for (const std::string& id : unknown)
        ids += (ids.empty() ? "" : ",") + json::quote(id);
    return R"({"object":"page_markdown","markdown":)" + json::quote(markdown) +
           ",\"truncated\":" + (truncated && !unknown.empty() ? "true" : "false") +
           ",\"unknown_block_ids\":[" + ids + "]}";
}

std::string tag(std::string id) {
    std::erase(id, '-');
    std::string on = page;
    std::erase(on, '-');
    return "<unknown url=\"https://www.notion.so/" + on + "#" + id + "\" alt=\"toggle\"/>";
}

TEST(Content, OneAnswerIsEnough) {
    Content content(page);
    EXPECT_EQ(content.next().path, "/v1/pages/" + page + "/markdown");
    ASSERT_TRUE(content.take(answer("# Hello")).ok());
    EXPECT_TRUE(content.is_whole());
    EXPECT_EQ(content.markdown(), "# Hello");
}

TEST(Content, WhatWasLeftOutIsPutInItsPlace) {
    Content content(page);
    ASSERT_TRUE(
        content.take(answer("one\n\t" + tag(part) + "\n" + tag(other) + "\nlast", {part, other}))
            .ok());
    EXPECT_FALSE(content.is_whole());
    EXPECT_EQ(content.next().path, "/v1/pages/" + part + "/markdown");
    ASSERT_TRUE(content.take(answer("two\n\tdeep\nthree")).ok());
    ASSERT_TRUE(content.take(answer("four")).ok());
    EXPECT_TRUE(content.is_whole());
    EXPECT_EQ(content.markdown(), "one\n\ttwo\n\t\tdeep\n\tthree\nfour\nlast");
}

TEST(Content, PartsHavePartsOfTheirOwn) {
    Content content(page);
    ASSERT_TRUE(content.take(answer("a\n" + tag(part), {part})).ok());
    ASSERT_TRUE(content.take(answer("b\n" + tag(other), {other})).ok());
    ASSERT_TRUE(content.take(answer("c")).ok());
    EXPECT_EQ(content.markdown(), "a\nb\nc");
}

TEST(Content, WhatIsNotSharedStaysMarked) {
    Content content(page);
    ASSERT_TRUE(content.take(answer("a\n" + tag(part) + "\nb", {part})).ok());
    EXPECT_TRUE(content.skip(404));
    EXPECT_TRUE(content.is_whole());
    EXPECT_EQ(content.markdown(), "a\n" + tag(part) + "\nb");
    EXPECT_TRUE(content.is_lossy());
}

TEST(Content, OnlyARefusedPartIsLeftOut) {
    Content content(page);
    EXPECT_FALSE(content.skip(404));
    ASSERT_TRUE(content.take(answer("a\n" + tag(part) + "\n" + tag(other), {part, other})).ok());
    EXPECT_FALSE(content.skip(403));
    EXPECT_FALSE(content.skip(429));
    EXPECT_FALSE(content.skip(500));
    EXPECT_TRUE(content.skip(400));
    ASSERT_TRUE(content.take(answer("b")).ok());
    EXPECT_EQ(content.markdown(), "a\n" + tag(part) + "\nb");
}

TEST(Content, WhatIsNamedIsAskedForWhetherOrNotTheAnswerIsCut) {
    Content content(page);
    ASSERT_TRUE(content.take(answer("a\n" + tag(part), {part}, false)).ok());
    ASSERT_FALSE(content.is_whole());
    EXPECT_EQ(content.next().path, "/v1/pages/" + part + "/markdown");
    ASSERT_TRUE(content.take(answer("b")).ok());
    EXPECT_EQ(content.markdown(), "a\nb");
    EXPECT_FALSE(content.is_lossy());
}

TEST(Content, APartThatIsUnknownByItselfStaysMarked) {
    for (const bool truncated : {false, true}) {
        Content content(page);
        ASSERT_TRUE(content.take(answer("a\n" + tag(part) + "\nb", {part}, truncated)).ok());
        ASSERT_TRUE(content.take(answer(tag(part), {part}, truncated)).ok());
        EXPECT_TRUE(content.is_whole());
        EXPECT_EQ(content.markdown(), "a\n" + tag(part) + "\nb");
        EXPECT_TRUE(content.is_lossy());
    }
}

TEST(Content, WhatHasNoMarkAndCannotBeHadGetsOne) {
    Content content(page);
    ASSERT_TRUE(content.take(answer("a", {part, other})).ok());
    EXPECT_TRUE(content.skip(404));
    ASSERT_TRUE(content.take(answer("", {other})).ok());
    EXPECT_TRUE(content.is_whole());
    const auto mark = [](std::string id) {
        std::erase(id, '-');
        return "<unknown url=\"https://www.notion.so/" + id + "\" alt=\"block\"/>";
    };
    EXPECT_EQ(content.markdown(), "a\n" + mark(part) + "\n\n" + mark(other));
    EXPECT_TRUE(content.is_lossy());
}

TEST(Content, AMarkIsFoundByItsBlockAndNotByItsPage) {
    Content content(page);
    ASSERT_TRUE(content.take(answer(tag(part) + "\n" + tag(other), {other, part})).ok());
    ASSERT_TRUE(content.take(answer("second", {page})).ok());
    EXPECT_TRUE(content.skip(404)); // the page, named by a part: no mark is its own
    ASSERT_TRUE(content.take(answer("first")).ok());
    EXPECT_TRUE(content.markdown().starts_with("first\nsecond\n<unknown ")) << content.markdown();
}

TEST(Content, WhatReplacingWouldDestroyIsNoticed) {
    const auto is_lossy = [](std::string_view markdown) {
        Content content(page);
        EXPECT_TRUE(content.take(answer(markdown)).ok());
        return content.is_lossy();
    };
    EXPECT_TRUE(is_lossy("a\n\t" + tag(part) + "\nb"));
    EXPECT_FALSE(is_lossy("a\n```\n" + tag(part) + "\n```"));
    EXPECT_TRUE(is_lossy("```\nx\n```\n" + tag(part)));
    EXPECT_FALSE(is_lossy(""));
}

TEST(Content, APartWithoutItsMarkIsNotLost) {
    Content content(page);
    ASSERT_TRUE(content.take(answer("a", {part})).ok());
    ASSERT_TRUE(content.take(answer("b")).ok());
    EXPECT_EQ(content.markdown(), "a\nb");
}

TEST(Content, WhatCannotBeCompletedIsAnError) {
    Content content(page);
    Status cut = content.take(R"({"markdown":"a","truncated":true,"unknown_block_ids":[]})");
    ASSERT_FALSE(cut.ok());
    EXPECT_EQ(cut.error().kind, ErrorKind::incomplete);
    EXPECT_FALSE(Content(page).take(answer("", {page})).ok());
    EXPECT_FALSE(Content(page).take(answer("", {page}, false)).ok());
    Content circle(page);
    Status taken = circle.take(answer("a", {part}));
    for (int round = 0; round < 1'000 && taken.ok(); ++round)
        taken = circle.take(answer("b", {part, other}));
    EXPECT_FALSE(taken.ok());
    EXPECT_FALSE(Content(page).take("{}").ok());
    EXPECT_FALSE(Content(page).take("<html>").ok());
}

TEST(Content, ItIsTakenUpAgain) {
    Content content(page);
    ASSERT_TRUE(content.take(answer("a \"quoted\"\n" + tag(part), {part})).ok());
    auto again = Content::load(content.save());
    ASSERT_TRUE(again.ok());
    EXPECT_EQ(again->next().path, "/v1/pages/" + part + "/markdown");
    ASSERT_TRUE(again->take(answer("b")).ok());
    EXPECT_EQ(again->markdown(), "a \"quoted\"\nb");
    EXPECT_FALSE(Content::load("[]").ok());
}

TEST(Content, ReplacingIsOneRequest) {
    Call call = replace_content(page, "a \"b\"\n");
    EXPECT_EQ(call.method, Method::patch);
    EXPECT_EQ(call.body, R"({"type":"replace_content","replace_content":{"new_str":"a \"b\"\n"}})");
}

} // namespace
} // namespace notion
