// A page's content, put together of as many answers as it takes (core/notion/content.hpp).
// Makes no request: its owner asks for content_path by GET (bridge/api.hpp). scope: its owner's.
#pragma once

#include <string_view>

#include "bridge/fault.hpp"

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
/// Notion said 404: false where that is the page itself, and not a part of it.
bool content_skip(Content* content) noexcept;
/// requires: whole.
std::string_view content_markdown(const Content* content) noexcept;
/// For content_open; a view into the content. "" where memory runs out.
std::string_view content_save(Content* content) noexcept;

} // namespace notion::bridge
