// UTF-8: characters as PostgreSQL counts them and units as JavaScript, and so Notion, counts them.
// Assumes valid UTF-8 (json::parse and PostgreSQL see to that); on other bytes the rest stays
// within bounds and goes on byte by byte. scope: none.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace notion::utf8 {

/// Whether all of it is UTF-8: no overlong forms, no surrogates, nothing beyond U+10FFFF.
bool is_valid(std::string_view text);
/// The character at `at`, which is moved past it.
char32_t next(std::string_view text, size_t& at);
void append(std::string& to, char32_t character);
/// The greatest offset <= `at` at which a character begins.
size_t start(std::string_view text, size_t at);
/// `text` cut to at most `bytes` bytes, at a character.
std::string_view cut(std::string_view text, size_t bytes);
/// Length in UTF-16 units: what JavaScript calls the length of a string.
size_t units(std::string_view text);
/// The longest beginning of `text` of at most `units` UTF-16 units.
std::string_view head(std::string_view text, size_t units);
/// Letters, marks and digits beyond ASCII; symbols, spaces, punctuation and emoji are not.
bool is_word(char32_t character);

} // namespace notion::utf8
