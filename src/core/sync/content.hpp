// Content: what becomes of a page's body and of the column that is paired with it, both ways. A
// three-way merge like a field's, which nothing but a person settles where both sides changed.
// Assumes texts as they are: what Notion makes of a Markdown is no change by itself.
// scope: none.
#pragma once

#include <cstdint>

namespace notion::sync {

/// What became of a content that was sent and not read back. unknown: it may be on its way still;
/// settled: not any more; landed: Notion has it, in words that are not known yet.
enum class SentContent : uint8_t { none, unknown, settled, landed };

/// What a person decided of the conflict that is open (notion.resolve).
enum class ContentDecision : uint8_t { none, postgres, notion, value };

struct ContentFacts {
    bool sends;        ///< the column goes outward; else the page's word is the last
    bool equal;        ///< column and page hold the same text
    bool has_base;     ///< they agreed once
    bool row_changed;  ///< since then
    bool page_changed; ///< since then
    bool row_empty;
    bool page_empty;
    SentContent sent;
    bool shows_sent; ///< the page has the words that were sent
    bool row_changed_since_sent;
    ContentDecision decision;
    bool row_as_decided;  ///< the column holds what the conflict showed
    bool page_as_decided; ///< so does the page
};

enum class ContentVerdict : uint8_t {
    later,    ///< the page is to be read again
    keep,     ///< both are what they were when they agreed; or the column is nobody's business
    agreed,   ///< both texts say the same
    take,     ///< the page's text becomes the column's
    send,     ///< the column's text replaces the page's
    value,    ///< a person's own text becomes the column's, and is sent
    conflict, ///< a person decides
};
ContentVerdict judge_content(const ContentFacts& facts);

} // namespace notion::sync
