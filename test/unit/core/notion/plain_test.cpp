// Plain text of Notion's Markdown: words stay, marks go, nothing that a reader sees is lost.
// scope: none.
#include "core/notion/plain.hpp"

#include <random>

#include <gtest/gtest.h>

#include "core/notion/utf8.hpp"

namespace notion {
namespace {

std::string plain(std::string_view markdown) {
    Result<std::string> text = plain_text(markdown);
    EXPECT_TRUE(text.ok());
    return text ? *text : "error: " + text.error().message;
}

TEST(Plain, MarksGoAndWordsStay) {
    EXPECT_EQ(plain(""), "");
    EXPECT_EQ(plain("# Plan\n**Bold** _and_ ~~gone~~ `code`"), "Plan\nBold and gone code");
    EXPECT_EQ(plain("- one\n- [x] two\n\t- nested\n3. three\n> quoted"),
              "one\ntwo\nnested\nthree\nquoted");
    EXPECT_EQ(plain("[words](https://example.com) ![image](https://example.com/a.png)"),
              "words image");
    EXPECT_EQ(plain("```sql\nSELECT 1;\n  -- *two*\n```\nafter"), "SELECT 1;\n  -- *two*\nafter");
    EXPECT_EQ(plain("one\n---\ntwo"), "one\ntwo");
    EXPECT_EQ(plain("a \\* b \\_ c"), "a * b _ c");
}

TEST(Plain, EveryLineIsABlock) {
    EXPECT_EQ(plain("first\nsecond\n\nthird"), "first\nsecond\nthird");
}

TEST(Plain, TabsNestAndAreNoCode) {
    EXPECT_EQ(plain("# Toggle {toggle=\"true\"}\n\tinside *it*"), "Toggle\ninside it");
}

TEST(Plain, AttributesOfABlockGo) {
    EXPECT_EQ(plain("Blue words {color=\"blue\"}\nnext {color=\"red_bg\"}"), "Blue words\nnext");
    EXPECT_EQ(plain("not {an attribute}"), "not {an attribute}");
}

TEST(Plain, TagsGoAndCellsAreParted) {
    EXPECT_EQ(plain("<callout icon=\"x\">\n\tMind **this**\n</callout>"), "Mind this");
    EXPECT_EQ(plain("Ask <mention-user url=\"user://1\">Ada</mention-user> today"),
              "Ask Ada today");
    EXPECT_EQ(plain("<table>\n<tr>\n<td>a</td>\n<td>b</td>\n</tr>\n</table>"), "a\nb");
    EXPECT_EQ(plain("| a | b |\n|---|---|\n| c | d |"), "a\tb\nc\td");
    EXPECT_EQ(plain("one<br>two"), "one\ntwo");
}

TEST(Plain, EntitiesAreCharacters) {
    EXPECT_EQ(plain("a &amp; b &lt;c&gt; &#x263A; &#0; &#xD800; &#1114112;"),
              "a & b <c> \xE2\x98\xBA \xEF\xBF\xBD \xEF\xBF\xBD \xEF\xBF\xBD");
    EXPECT_EQ(plain("&unknown;"), "&unknown;");
}

TEST(Plain, FormulasKeepTheirText) {
    EXPECT_EQ(plain("so $x^2$ it is"), "so x^2 it is");
}

TEST(Plain, UnicodeStays) {
    EXPECT_EQ(plain("## Größe 測試 🎈\n- ünï"), "Größe 測試 🎈\nünï");
}

// Whatever is thrown at it, the answer is UTF-8, and fits what was reserved for it.
TEST(Plain, AnyTextHasAPlainText) {
    std::mt19937 random(7);
    constexpr std::string_view pieces[] = {
        "#", " ",  "*",  "_",     "`",    "\n",  "\t",    "|",    "-",      "[",   "](",
        ")", "<b", ">",  "&amp;", "&#1;", "$",   "~~",    "{",    "=\"",    "\"}", "ü",
        "🎈", "a",  "1.", "!",     "\\",   "```", "</td>", "<br>", "- [ ] ", "---"};
    for (int round = 0; round < 20'000; ++round) {
        std::string markdown;
        for (size_t length = random() % 60; length > 0; --length)
            markdown += pieces[random() % std::size(pieces)];
        Result<std::string> text = plain_text(markdown);
        ASSERT_TRUE(text.ok()) << markdown;
        ASSERT_TRUE(utf8::is_valid(*text)) << markdown;
    }
}

TEST(Plain, LettersAreWhatRenderingsShare) {
    EXPECT_EQ(letters_of("- Größe: 1,5 *m*"), letters_of("Größe\n\n1.5 m"));
    EXPECT_EQ(letters_of("— … 🎈!"), "");
}

} // namespace
} // namespace notion
