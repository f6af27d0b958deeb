// Filter, inside: conditions on texts. Whether Notion minds case, accents, composition and blanks
// is unknown, so that only those parts of a text are asked for that stay parts whatever is done to
// both sides alike (docs/unknown.md, "texts"); composition reaches one character to the left, and
// trimming reaches blanks. All wide. scope: none.
#include <algorithm>
#include <optional>

#include "core/notion/filter_parts.hpp"
#include "core/notion/utf8.hpp"

namespace notion {
namespace {

/// Of one pattern at most so many parts are asked for, the longest ones.
constexpr size_t parts_max = 3;
/// No operand's limit is documented; that of a text is 2,000.
constexpr size_t units_max = 2000;

struct Range {
    char32_t first;
    char32_t last;
};

/// Characters that no neighbour changes but a mark after them, in case, accents and composition.
/// Not among them: marks, which change what stands before, sigma, whose small form depends on its
/// place, letters made of several, U+FFFD, which stands for what PostgreSQL cannot hold.
constexpr Range steady[] = {
    {0x20, 0x7E},   {0xC0, 0xD6},     {0xD8, 0xF6},     {0xF8, 0x24F},
    {0x391, 0x3A1}, {0x3A4, 0x3C1},   {0x3C4, 0x3C9},   {0x400, 0x482},
    {0x48A, 0x52F}, {0x3041, 0x3096}, {0x30A1, 0x30FA}, {0x4E00, 0x9FFF},
};

bool is_steady(char32_t character) {
    return std::ranges::any_of(
        steady, [&](Range range) { return character >= range.first && character <= range.last; });
}

bool is_ascii_letter(char32_t c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// Whether a mark may follow that makes one character of the two.
bool takes_marks(char32_t c) {
    const bool sign = c == '<' || c == '=' || c == '>';
    return is_ascii_letter(c) || sign || (c > 0x7E && !(c >= 0x4E00 && c <= 0x9FFF));
}

/// A literal part of a pattern, and where it stands.
struct Part {
    std::string text;
    bool at_start = false;
    bool at_end = false;
};

/// The parts of a LIKE pattern between its wildcards; nullopt where PostgreSQL will refuse it.
std::optional<std::vector<Part>> parts_of(std::string_view pattern) {
    std::vector<Part> parts{{"", true, false}};
    for (size_t at = 0; at < pattern.size(); ++at) {
        char c = pattern[at];
        if (c == '%' || c == '_') {
            parts.emplace_back();
            continue;
        }
        if (c == '\\' && ++at == pattern.size())
            return std::nullopt;
        parts.back().text += pattern[at];
    }
    parts.back().at_end = true;
    return parts;
}

/// The longest stretch of `part` that can be asked for, or an empty one.
Part asked(const Part& part, bool ascii) {
    Part best;
    size_t at = 0;
    while (at < part.text.size()) {
        size_t end = at;
        size_t last = at;
        char32_t character = 0;
        while (end < part.text.size()) {
            size_t next = end;
            const char32_t here = utf8::next(part.text, next);
            if (!is_steady(here) || (ascii && here > 0x7E))
                break;
            character = here;
            last = end;
            end = next;
        }
        const bool whole_end = part.at_end && end == part.text.size();
        size_t stop = end > at && takes_marks(character) && !whole_end ? last : end;
        size_t from = at;
        while (from < stop && part.text[from] == ' ')
            ++from;
        while (stop > from && part.text[stop - 1] == ' ')
            --stop;
        if (stop - from > best.text.size())
            best = {part.text.substr(from, stop - from), part.at_start && from == 0,
                    part.at_end && stop == part.text.size()};
        at = end;
        if (at < part.text.size())
            utf8::next(part.text, at);
    }
    return best;
}

/// Whether no trimming changes it.
bool is_trim(std::string_view text) {
    const auto bare = [](char32_t c) { return c > 0x7E ? utf8::is_word(c) : c > 0x20; };
    size_t first = 0;
    size_t last = utf8::start(text, text.size() - 1);
    return bare(utf8::next(text, first)) && bare(utf8::next(text, last)) &&
           text.find("\uFFFD") == std::string_view::npos && utf8::units(text) <= units_max;
}

Clause part_clause(const Term& term, const Part& part, bool ends) {
    if (part.text.empty() || utf8::units(part.text) > units_max)
        return unsaid();
    const char* name = part.at_start         ? "starts_with"
                       : part.at_end && ends ? "ends_with"
                                             : "contains";
    return condition(term, name, json::quote(part.text));
}

Clause equals(const Term& term, const std::string& text) {
    if (text.empty())
        return never(); // an empty text is NULL
    if (is_trim(text))
        return condition(term, "equals", json::quote(text));
    const Part part = asked({text, false, false}, false);
    return part_clause(term, part, false);
}

/// ILIKE rests on what was recorded: contains and starts_with find ASCII letters without case.
Clause like(const Term& term, const std::string& pattern) {
    const bool fold = term.op == Operator::ilike;
    const auto parts = parts_of(pattern);
    if (!parts)
        return unsaid();
    if (parts->size() == 1 && !fold)
        return equals(term, parts->front().text);
    std::vector<Part> chosen;
    for (const Part& part : *parts)
        if (Part one = asked(part, fold); !one.text.empty())
            chosen.push_back(std::move(one));
    std::ranges::stable_sort(
        chosen, [](const Part& a, const Part& b) { return a.text.size() > b.text.size(); });
    if (chosen.size() > parts_max)
        chosen.resize(parts_max);
    std::vector<Clause> clauses;
    for (const Part& part : chosen)
        clauses.push_back(part_clause(term, part, !fold));
    return all_of(std::move(clauses));
}

Clause one(const Term& term, const std::string& text) {
    switch (term.op) {
    case Operator::like:
    case Operator::ilike:
        return like(term, text);
    case Operator::starts_with:
        return part_clause(term, asked({text, true, false}, false), false);
    default:
        return equals(term, text);
    }
}

} // namespace

Clause text_leaf(const Term& term) {
    if (term.op == Operator::is_null)
        return empty(term);
    std::vector<Clause> parts{never()};
    for (const Value& value : term.operands)
        if (const auto* text = std::get_if<std::string>(&value))
            parts.push_back(one(term, *text));
    return any_of(std::move(parts));
}

bool rests_on_texts(PropertyType type) {
    switch (type) {
    case PropertyType::title:
    case PropertyType::rich_text:
    case PropertyType::url:
    case PropertyType::email:
    case PropertyType::phone_number:
        return true;
    default:
        return false;
    }
}

} // namespace notion
