// Plain text of Notion's Markdown, by md4c: see the header.
// md4c calls back through C, where nothing may be thrown: the text is reserved beforehand, and a
// callback that has no room ends the parse. scope: call.
#include "core/notion/plain.hpp"

#include <array>
#include <charconv>

#include <md4c.h>

#include "core/notion/utf8.hpp"

namespace notion {

namespace {

struct Plain {
    std::string text;
    size_t block_start = 0; ///< where the block under way begins in `text`
};

constexpr unsigned dialect = MD_FLAG_TABLES | MD_FLAG_STRIKETHROUGH | MD_FLAG_TASKLISTS |
                             MD_FLAG_NOINDENTEDCODEBLOCKS | // a tab nests, in Notion
                             MD_FLAG_NOHTMLBLOCKS | MD_FLAG_LATEXMATHSPANS;

constexpr int go_on = 0;
constexpr int no_room = 1;

/// requires: nothing; refuses rather than to allocate.
int put(Plain& plain, std::string_view words) noexcept {
    if (plain.text.size() + words.size() > plain.text.capacity())
        return no_room;
    plain.text.append(words);
    return go_on;
}

int put_break(Plain& plain, char mark) noexcept {
    if (plain.text.empty() || plain.text.back() == '\n')
        return go_on;
    if (plain.text.back() == '\t')
        plain.text.pop_back();
    return put(plain, {&mark, 1});
}

/// ` {color="blue"}` at the end of a block belongs to the block, not to its words.
void drop_attributes(Plain& plain) noexcept {
    std::string_view block = std::string_view(plain.text).substr(plain.block_start);
    if (!block.ends_with("\"}"))
        return;
    size_t open = block.rfind('{');
    if (open == block.npos || block.find("=\"", open) == block.npos)
        return;
    if (open > 0 && block[open - 1] == ' ')
        --open;
    plain.text.resize(plain.block_start + open);
}

constexpr std::array<std::pair<std::string_view, std::string_view>, 6> entities = {{
    {"&amp;", "&"},
    {"&lt;", "<"},
    {"&gt;", ">"},
    {"&quot;", "\""},
    {"&apos;", "'"},
    {"&nbsp;", "\xC2\xA0"},
}};

int put_entity(Plain& plain, std::string_view entity) noexcept {
    for (const auto& [name, character] : entities)
        if (entity == name)
            return put(plain, character);
    if (!entity.starts_with("&#") || entity.size() < 4)
        return put(plain, entity);
    bool is_hex = entity[2] == 'x' || entity[2] == 'X';
    std::string_view digits = entity.substr(is_hex ? 3 : 2);
    digits.remove_suffix(1);
    uint32_t code = 0;
    auto [end, wrong] =
        std::from_chars(digits.data(), digits.data() + digits.size(), code, is_hex ? 16 : 10);
    bool is_surrogate = code >= 0xD800 && code <= 0xDFFF;
    if (wrong != std::errc() || end != digits.data() + digits.size() || code == 0 ||
        code > 0x10FFFF || is_surrogate)
        return put(plain, "\xEF\xBF\xBD");
    constexpr size_t longest = 4;
    if (plain.text.size() + longest > plain.text.capacity())
        return no_room;
    utf8::append(plain.text, code);
    return go_on;
}

/// A tag is no word, but some part words: cells, rows, lines.
int put_tag(Plain& plain, std::string_view tag) noexcept {
    if (tag.starts_with("</td") || tag.starts_with("</th"))
        return put(plain, "\t");
    if (tag.starts_with("<br") || tag.starts_with("</tr") || tag.starts_with("</summary"))
        return put_break(plain, '\n');
    return go_on;
}

int on_enter_block(MD_BLOCKTYPE type, void*, void* data) noexcept {
    auto& plain = *static_cast<Plain*>(data);
    bool is_cell = type == MD_BLOCK_TH || type == MD_BLOCK_TD;
    if (int full = is_cell ? go_on : put_break(plain, '\n'))
        return full;
    plain.block_start = plain.text.size();
    return go_on;
}

int on_leave_block(MD_BLOCKTYPE type, void*, void* data) noexcept {
    auto& plain = *static_cast<Plain*>(data);
    switch (type) {
    case MD_BLOCK_P:
    case MD_BLOCK_H:
    case MD_BLOCK_LI:
        drop_attributes(plain);
        return put_break(plain, '\n');
    case MD_BLOCK_TH:
    case MD_BLOCK_TD:
        return put(plain, "\t");
    default:
        return put_break(plain, '\n');
    }
}

int on_span(MD_SPANTYPE, void*, void*) noexcept {
    return go_on;
}

int on_text(MD_TEXTTYPE type, const MD_CHAR* words, MD_SIZE size, void* data) noexcept {
    auto& plain = *static_cast<Plain*>(data);
    std::string_view view(words, size);
    switch (type) {
    case MD_TEXT_NULLCHAR:
        return put(plain, "\xEF\xBF\xBD");
    case MD_TEXT_BR:
    case MD_TEXT_SOFTBR: // Notion begins a new block at every line
        drop_attributes(plain);
        if (int full = put_break(plain, '\n'))
            return full;
        plain.block_start = plain.text.size();
        return go_on;
    case MD_TEXT_ENTITY:
        return put_entity(plain, view);
    case MD_TEXT_HTML:
        return put_tag(plain, view);
    default:
        return put(plain, view);
    }
}

} // namespace

Result<std::string> plain_text(std::string_view markdown) {
    constexpr size_t longest = size_t{1} << 30;
    if (markdown.size() > longest)
        return fail(ErrorKind::out_of_memory, "Markdown of more than 1 GB");
    Plain plain;
    // Every break stands for something in the Markdown, and replacements are at most thrice as
    // long.
    plain.text.reserve(3 * markdown.size() + 16);
    MD_PARSER parser = {};
    parser.flags = dialect;
    parser.enter_block = on_enter_block;
    parser.leave_block = on_leave_block;
    parser.enter_span = on_span;
    parser.leave_span = on_span;
    parser.text = on_text;
    int outcome = md_parse(markdown.data(), static_cast<MD_SIZE>(markdown.size()), &parser, &plain);
    if (outcome < 0)
        return fail(ErrorKind::out_of_memory, "no memory to read Markdown");
    if (outcome > 0)
        return fail(ErrorKind::internal, "Markdown gave a longer text than expected");
    while (!plain.text.empty() && (plain.text.back() == '\n' || plain.text.back() == '\t'))
        plain.text.pop_back();
    plain.text.shrink_to_fit();
    return std::move(plain.text);
}

std::string letters_of(std::string_view text) {
    std::string letters;
    for (size_t at = 0; at < text.size();) {
        char32_t character = utf8::next(text, at);
        bool is_ascii_word = (character >= '0' && character <= '9') ||
                             (character >= 'a' && character <= 'z') ||
                             (character >= 'A' && character <= 'Z');
        if (is_ascii_word || (character >= 0x80 && utf8::is_word(character)))
            utf8::append(letters, character);
    }
    return letters;
}

} // namespace notion
