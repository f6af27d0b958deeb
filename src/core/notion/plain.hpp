// Plain text of Notion's Markdown: CommonMark with tables, to-dos and strikethrough, and what
// Notion adds to it: tags (callouts, columns, mentions, tables), attributes in braces, formulas in
// dollars. Marks go, words and line breaks stay; nothing is lost of what a reader sees. scope:
// none.
#pragma once

#include <string>
#include <string_view>

#include "core/result.hpp"

namespace notion {

/// `markdown`: UTF-8. Blocks end in a line break, cells of a table in a tab; addresses of links and
/// images go. The same for the same text, always. Errors: out_of_memory (over 1 GB), internal.
Result<std::string> plain_text(std::string_view markdown);

/// The letters and digits of a text, as they are, without what stands between them: what two
/// renderings of the same words have in common. `text`: UTF-8.
std::string letters_of(std::string_view text);

} // namespace notion
