// UTF-8: see the header.
// scope: none.
#include "core/notion/utf8.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <iterator>

namespace notion::utf8 {
namespace {

bool is_tail(char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
}

struct Range {
    char32_t first;
    char32_t last;
};

/// Blocks of Unicode 15 that hold no letters, ascending. Coarse on purpose: a name needs to be
/// stable and readable, not linguistically right.
constexpr Range not_words[] = {
    {0x00, 0x2F},       {0x3A, 0x40},        {0x5B, 0x60},     {0x7B, 0xA9},     {0xAB, 0xB4},
    {0xB6, 0xB9},       {0xBB, 0xBF},        {0xD7, 0xD7},     {0xF7, 0xF7},     {0x2000, 0x206F},
    {0x2070, 0x2BFF},   {0x2E00, 0x2E7F},    {0x2FF0, 0x3004}, {0x3008, 0x3020}, {0x3030, 0x3030},
    {0xD800, 0xF8FF},   {0xFE00, 0xFE1F},    {0xFE30, 0xFE6F}, {0xFEFF, 0xFEFF}, {0xFF01, 0xFF0F},
    {0xFF1A, 0xFF20},   {0xFF3B, 0xFF40},    {0xFF5B, 0xFF65}, {0xFFE0, 0xFFFF}, {0x1D000, 0x1D3FF},
    {0x1F000, 0x1FBFF}, {0xE0000, 0x10FFFF},
};

/// The length of the character that `text` begins with, 0 where it is none (Unicode, table 3-7).
size_t sequence(std::string_view text) {
    const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned first = byte(0);
    if (first < 0x80)
        return 1;
    const size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || text.size() < length)
        return 0;
    for (size_t i = 1; i < length; ++i)
        if (!is_tail(text[i]))
            return 0;
    const unsigned second = byte(1);
    const bool wrong = (first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) ||
                       (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F);
    return wrong ? 0 : length;
}

} // namespace

bool is_valid(std::string_view text) {
    size_t at = 0;
    while (at < text.size()) {
        uint64_t eight = 0;
        if (at + sizeof eight <= text.size()) { // most of an answer is ASCII
            std::memcpy(&eight, text.data() + at, sizeof eight);
            if ((eight & 0x8080808080808080U) == 0) {
                at += sizeof eight;
                continue;
            }
        }
        const size_t length = sequence(text.substr(at, 4));
        if (length == 0)
            return false;
        at += length;
    }
    return true;
}

char32_t next(std::string_view text, size_t& at) {
    const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned first = byte(at++);
    const int tails = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : first >= 0xC0 ? 1 : 0;
    char32_t character = tails == 0 ? first : first & (0x3FU >> tails);
    for (int i = 0; i < tails && at < text.size() && is_tail(text[at]); ++i)
        character = character << 6 | (byte(at++) & 0x3FU);
    return character;
}

void append(std::string& to, char32_t c) {
    if (c < 0x80) {
        to += static_cast<char>(c);
        return;
    }
    const int tails = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    const unsigned lead = tails == 1 ? 0xC0 : tails == 2 ? 0xE0 : 0xF0;
    to += static_cast<char>(lead | c >> (6 * tails));
    for (int i = tails - 1; i >= 0; --i)
        to += static_cast<char>(0x80 | (c >> (6 * i) & 0x3F));
}

size_t start(std::string_view text, size_t at) {
    if (at >= text.size())
        return text.size();
    while (at > 0 && is_tail(text[at]))
        --at;
    return at;
}

std::string_view cut(std::string_view text, size_t bytes) {
    return text.substr(0, start(text, bytes));
}

size_t units(std::string_view text) {
    size_t count = 0;
    for (const char byte : text)
        count += (is_tail(byte) ? 0 : 1) + (static_cast<unsigned char>(byte) >= 0xF0 ? 1 : 0);
    return count;
}

std::string_view head(std::string_view text, size_t limit) {
    size_t at = 0;
    for (size_t used = 0; at < text.size();) {
        size_t after = at;
        used += next(text, after) >= 0x10000 ? 2 : 1;
        if (used > limit)
            break;
        at = after;
    }
    return text.substr(0, at);
}

bool is_word(char32_t character) {
    const auto* range =
        std::lower_bound(std::begin(not_words), std::end(not_words), character,
                         [](const Range& r, char32_t value) { return r.last < value; });
    return range == std::end(not_words) || character < range->first;
}

} // namespace notion::utf8
