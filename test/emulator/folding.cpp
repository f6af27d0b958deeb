// Texts as filters compare them; see folding.hpp. Composition is known for the letters of a few
// languages: enough to tell a client that relies on it. scope: call.
#include "folding.hpp"

#include <algorithm>
#include <clocale>
#include <cwctype>

namespace emulator {

namespace {

// Decodes one code point; RapidJSON has checked the encoding.
char32_t next_code_point(std::string_view text, size_t& at) {
    const auto byte = static_cast<unsigned char>(text[at++]);
    const int more = byte < 0x80 ? 0 : byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
    char32_t code = more == 0 ? byte : byte & (0x3F >> more);
    for (int i = 0; i < more && at < text.size(); ++i)
        code = code << 6 | (static_cast<unsigned char>(text[at++]) & 0x3F);
    return code;
}

void append_utf8(std::string& into, char32_t code) {
    if (code < 0x80) {
        into.push_back(static_cast<char>(code));
    } else if (code < 0x800) {
        into.push_back(static_cast<char>(0xC0 | code >> 6));
        into.push_back(static_cast<char>(0x80 | (code & 0x3F)));
    } else if (code < 0x10000) {
        into.push_back(static_cast<char>(0xE0 | code >> 12));
        into.push_back(static_cast<char>(0x80 | (code >> 6 & 0x3F)));
        into.push_back(static_cast<char>(0x80 | (code & 0x3F)));
    } else {
        into.push_back(static_cast<char>(0xF0 | code >> 18));
        into.push_back(static_cast<char>(0x80 | (code >> 12 & 0x3F)));
        into.push_back(static_cast<char>(0x80 | (code >> 6 & 0x3F)));
        into.push_back(static_cast<char>(0x80 | (code & 0x3F)));
    }
}

// Letters that have forms with a mark, the mark, and those forms.
struct Marked {
    char32_t mark;
    std::u32string_view plain;
    std::u32string_view marked;
};
constexpr Marked marked[] = {
    {0x300, U"aeiouAEIOU", U"\u00E0\u00E8\u00EC\u00F2\u00F9\u00C0\u00C8\u00CC\u00D2\u00D9"},
    {0x301, U"aeiouyAEIOUY",
     U"\u00E1\u00E9\u00ED\u00F3\u00FA\u00FD\u00C1\u00C9\u00CD\u00D3\u00DA\u00DD"},
    {0x308, U"aeiouAEIOU", U"\u00E4\u00EB\u00EF\u00F6\u00FC\u00C4\u00CB\u00CF\u00D6\u00DC"},
    {0x303, U"anoANO", U"\u00E3\u00F1\u00F5\u00C3\u00D1\u00D5"},
    {0x327, U"cC", U"\u00E7\u00C7"},
    {0x338, U"<=>", U"\u226E\u2260\u226F"},
};

std::u32string code_points(std::string_view text) {
    std::u32string points;
    for (size_t at = 0; at < text.size();)
        points.push_back(next_code_point(text, at));
    return points;
}

std::u32string composed(const std::u32string& text) {
    std::u32string out;
    for (const char32_t code : text) {
        const auto* form = std::ranges::find(marked, code, &Marked::mark);
        const size_t at = out.empty() || form == std::end(marked) ? std::u32string_view::npos
                                                                  : form->plain.find(out.back());
        if (at == std::u32string_view::npos)
            out.push_back(code);
        else
            out.back() = form->marked[at];
    }
    return out;
}

std::u32string without_accents(const std::u32string& text) {
    std::u32string out;
    for (const char32_t code : text) {
        if (code >= 0x300 && code <= 0x36F)
            continue;
        out.push_back(code);
        for (const Marked& form : marked)
            if (const size_t at = form.marked.find(code); at != std::u32string_view::npos)
                out.back() = form.plain[at];
    }
    return out;
}

std::u32string trimmed(std::u32string text) {
    const auto blank = [](char32_t code) { return code <= ' ' || code == 0xA0 || code == 0x3000; };
    while (!text.empty() && blank(text.back()))
        text.pop_back();
    const auto first = std::ranges::find_if_not(text, blank);
    return {first, text.end()};
}

std::string lower_ascii(std::string text) {
    for (char& c : text)
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    return text;
}

} // namespace

std::string lower_case(std::string_view text) {
    // Letters beyond ASCII have cases too, whatever the locale of the program.
    static const locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    std::string lower;
    lower.reserve(text.size());
    for (size_t at = 0; at < text.size();) {
        const auto byte = static_cast<unsigned char>(text[at]);
        if (byte < 0x80) {
            lower.push_back(static_cast<char>(byte >= 'A' && byte <= 'Z' ? byte + 32 : byte));
            ++at;
        } else {
            append_utf8(lower,
                        towlower_l(static_cast<std::wint_t>(next_code_point(text, at)), utf8));
        }
    }
    return lower;
}

std::string as_compared(const Semantics& semantics, std::string_view text, bool fold, bool trim) {
    std::string out(text);
    if (trim || semantics.text_composes || semantics.text_ignores_accents) {
        std::u32string points = code_points(text);
        if (semantics.text_composes)
            points = composed(points);
        if (semantics.text_ignores_accents)
            points = without_accents(points);
        if (trim)
            points = trimmed(std::move(points));
        out.clear();
        for (const char32_t code : points)
            append_utf8(out, code);
    }
    if (!fold)
        return out;
    return semantics.text_folds_ascii_only ? lower_ascii(std::move(out)) : lower_case(out);
}

} // namespace emulator
