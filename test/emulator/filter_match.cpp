// Filters asked of a page. Recorded semantics: does_not_* includes empty rows, text ignores
// case, dates compare by minute or by day, every is false and none is true of nothing.
// scope: call.
#include "filter.hpp"

#include "value.hpp"

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

bool text_equals(const World& world, const Condition& condition, const std::string& text) {
    if (world.semantics.text_equals_ignores_case)
        return lower_case(text) == condition.lower;
    return text == condition.text;
}

bool text_holds(const World& world, const Condition& condition, const std::string& text) {
    switch (condition.test) {
    case Test::equals:
        return text_equals(world, condition, text);
    case Test::does_not_equal:
        return !text_equals(world, condition, text);
    case Test::contains:
        return lower_case(text).find(condition.lower) != std::string::npos;
    case Test::does_not_contain:
        return lower_case(text).find(condition.lower) == std::string::npos;
    case Test::starts_with:
        return lower_case(text).starts_with(condition.lower);
    case Test::ends_with:
        return lower_case(text).ends_with(condition.lower);
    default:
        return false;
    }
}

bool number_holds(const Condition& condition, std::optional<double> number) {
    if (!number)
        return condition.test == Test::does_not_equal;
    switch (condition.test) {
    case Test::equals:
        return *number == condition.number;
    case Test::does_not_equal:
        return *number != condition.number;
    case Test::greater_than:
        return *number > condition.number;
    case Test::less_than:
        return *number < condition.number;
    case Test::greater_than_or_equal_to:
        return *number >= condition.number;
    case Test::less_than_or_equal_to:
        return *number <= condition.number;
    default:
        return false;
    }
}

bool date_holds(const Condition& condition, const std::optional<DateValue>& date) {
    if (!date)
        return false;
    const auto& [from, to, whole_days] = condition.date;
    const int64_t at = date->start.at;
    switch (condition.test) {
    case Test::equals:
    case Test::within:
        return at >= from && at <= to;
    case Test::before:
        return at < from;
    case Test::after:
        return at > to;
    case Test::on_or_before:
        return at <= to;
    case Test::on_or_after:
        return at >= from;
    default:
        return false;
    }
}

bool options_hold(const Condition& condition, const Property& property, const Value& value) {
    const auto* ids = std::get_if<OptionIds>(&value);
    const bool found =
        ids && std::ranges::any_of(*ids, [&](const auto& id) {
            const Option* option = property.option(id);
            return option && std::ranges::find(condition.names, lower_case(option->name)) !=
                                 condition.names.end();
        });
    const bool negated =
        condition.test == Test::does_not_equal || condition.test == Test::does_not_contain;
    return found != negated;
}

bool ids_hold(const Condition& condition, const Property& property, const Page& page) {
    bool found = false;
    if (property.type == Type::created_by)
        found = page.stamp.created_by == condition.id;
    else if (property.type == Type::last_edited_by)
        found = page.stamp.edited_by == condition.id;
    else if (const auto* ids = std::get_if<Ids>(&stored(page, property)))
        found = std::ranges::find(*ids, condition.id) != ids->end();
    return found == (condition.test == Test::contains);
}

bool verification_holds(const Condition& condition, const Value& value) {
    const auto* raw = std::get_if<Raw>(&value);
    Document document;
    std::string state = "none";
    if (raw && parse(raw->json, document) && document.IsObject())
        if (const auto said = text_member(document, "state"); said && *said != "unverified")
            state = *said;
    const bool found = std::ranges::find(condition.names, state) != condition.names.end();
    return found == (condition.test == Test::equals);
}

bool rollup_holds(World& world, const Filter& filter, const Property& property, const Page& page) {
    using Quantifier = Filter::Quantifier;
    const Rolled rolled = roll_up(world, property, page);
    const Condition& condition = filter.condition;
    const auto cell_holds = [&](const Cell& cell) {
        return holds(world, condition, *cell.property, *cell.page);
    };
    switch (filter.quantifier) {
    case Quantifier::any:
        return std::ranges::any_of(rolled.cells, cell_holds);
    case Quantifier::every:
        return !rolled.cells.empty() && std::ranges::all_of(rolled.cells, cell_holds);
    case Quantifier::none:
        return std::ranges::none_of(rolled.cells, cell_holds);
    case Quantifier::none_given:
        break;
    }
    if (condition.test == Test::is_empty || condition.test == Test::is_not_empty)
        return is_empty(world, property, page) == (condition.test == Test::is_empty);
    return condition.family == Family::number ? number_holds(condition, rolled.number)
                                              : date_holds(condition, rolled.date);
}

bool timestamp_holds(const Condition& condition, int64_t at) {
    if (condition.test == Test::is_empty || condition.test == Test::is_not_empty)
        return condition.test == Test::is_not_empty;
    return date_holds(condition, DateValue{{floor_to(at, minute_ms), 0, true}, std::nullopt});
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

bool holds(World& world, const Condition& condition, const Property& property, const Page& page) {
    if (condition.test == Test::is_empty || condition.test == Test::is_not_empty)
        return is_empty(world, property, page) == (condition.test == Test::is_empty);
    const Value& value = stored(page, property);
    switch (condition.family) {
    case Family::text:
        return text_holds(world, condition, text_of(world, property, page));
    case Family::number:
        return number_holds(condition, number_of(property, page));
    case Family::checkbox: {
        const bool checked = std::holds_alternative<bool>(value) && std::get<bool>(value);
        return (checked == condition.flag) == (condition.test == Test::equals);
    }
    case Family::option:
    case Family::options:
        return options_hold(condition, property, value);
    case Family::date:
        return date_holds(condition, date_of(property, page));
    case Family::people:
    case Family::relation:
        return ids_hold(condition, property, page);
    case Family::verification:
        return verification_holds(condition, value);
    case Family::files:
        return false;
    }
    return false;
}

bool matches(World& world, const DataSource& source, const Filter& filter, const Page& page) {
    const auto part_matches = [&](const Filter& part) {
        return matches(world, source, part, page);
    };
    if (filter.kind == Filter::Kind::all)
        return std::ranges::all_of(filter.parts, part_matches);
    if (filter.kind == Filter::Kind::any)
        return filter.parts.empty() || std::ranges::any_of(filter.parts, part_matches);
    if (filter.subject == Filter::Subject::created_time)
        return timestamp_holds(filter.condition, page.stamp.created_at);
    if (filter.subject == Filter::Subject::last_edited_time)
        return timestamp_holds(filter.condition, page.stamp.edited_at);
    const Property& property = source.properties[filter.slot];
    if (property.type == Type::rollup)
        return rollup_holds(world, filter, property, page);
    return holds(world, filter.condition, property, page);
}

} // namespace emulator
