// A page's content, put together of as many answers as it takes (core/notion/content.hpp).
// Makes no request: its owner asks for content_path by GET (bridge/api.hpp). scope: its owner's.
#pragma once

#include <string_view>

#include "bridge/fault.hpp"
#include "core/sync/content.hpp"

namespace notion::bridge {

struct Content;

/// `page`: an id, or what content_save gave ("{…}").
Content* content_open(std::string_view page, Fault& fault) noexcept;
void content_shut(Content* content) noexcept;
bool content_is_whole(const Content* content) noexcept;
/// What to GET next; a view into the content. requires: not whole. "" where memory runs out.
std::string_view content_path(Content* content) noexcept;
/// Takes the answer. Errors: malformed, incomplete.
bool content_take(Content* content, std::string_view answer, Fault& fault) noexcept;
/// Notion answered `status`: true where that leaves a part of the page out, which stays marked.
/// False where the page itself is refused, for any other answer, and where memory runs out.
bool content_skip(Content* content, int32_t status) noexcept;
/// requires: whole.
std::string_view content_markdown(const Content* content) noexcept;
/// Replacing it would destroy what Markdown does not hold. requires: whole.
bool content_is_lossy(const Content* content) noexcept;
/// Whether two contents have the same words, whatever their marks. Where one cannot be read as
/// Markdown: no.
bool content_same_words(std::string_view one, std::string_view other) noexcept;
/// What becomes of a page's content and its column.
sync::ContentVerdict content_judge(const sync::ContentFacts& facts) noexcept;
/// For content_open; a view into the content. "" where memory runs out.
std::string_view content_save(Content* content) noexcept;

} // namespace notion::bridge
