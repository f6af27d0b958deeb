// Filters asked of a page. Recorded semantics: does_not_* includes empty rows, text ignores
// case, dates compare by minute or by day, every is false and none is true of nothing.
// scope: call.
#include "filter.hpp"

#include "folding.hpp"
#include "value.hpp"

#include <algorithm>

namespace emulator {

namespace {

bool text_holds(const World& world, const Condition& condition, const std::string& text) {
    const Semantics& semantics = world.semantics;
    const bool equality = condition.test == Test::equals || condition.test == Test::does_not_equal;
    const bool fold = equality                            ? semantics.text_equals_ignores_case
                      : condition.test == Test::ends_with ? !semantics.text_ends_mind_case
                                                          : true;
    const std::string value = as_compared(semantics, text, fold, semantics.text_trims_values);
    const std::string& sought = fold ? condition.lower : condition.text;
    switch (condition.test) {
    case Test::equals:
        return value == sought;
    case Test::does_not_equal:
        return value != sought;
    case Test::contains:
        return value.find(sought) != std::string::npos;
    case Test::does_not_contain:
        return value.find(sought) == std::string::npos;
    case Test::starts_with:
        return value.starts_with(sought);
    case Test::ends_with:
        return value.ends_with(sought);
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

bool date_holds(const World& world, const Condition& condition,
                const std::optional<DateValue>& date) {
    if (!date)
        return false;
    const auto& [from, to, whole_days] = condition.date;
    const bool by_end = world.semantics.ranges_compare_end && date->end;
    const Moment& moment = by_end ? *date->end : date->start;
    const int64_t at =
        moment.at - (moment.has_time ? 0 : world.semantics.date_zone_minutes * minute_ms);
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

bool options_hold(const World& world, const Condition& condition, const Property& property,
                  const Value& value) {
    const bool mind = world.semantics.options_mind_case;
    const auto* ids = std::get_if<OptionIds>(&value);
    const bool found =
        ids && std::ranges::any_of(*ids, [&](const auto& id) {
            const Option* option = property.option(id);
            return option && std::ranges::find(condition.names,
                                               mind ? option->name : lower_case(option->name)) !=
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
                                              : date_holds(world, condition, rolled.date);
}

bool timestamp_holds(const World& world, const Condition& condition, int64_t at) {
    if (condition.test == Test::is_empty || condition.test == Test::is_not_empty)
        return condition.test == Test::is_not_empty;
    const int64_t unit = world.semantics.times_compare_seconds ? 1 : minute_ms;
    return date_holds(world, condition, DateValue{{floor_to(at, unit), 0, true}, std::nullopt});
}

} // namespace

bool holds(World& world, const Condition& condition, const Property& property, const Page& page) {
    if (property.type == Type::created_time)
        return timestamp_holds(world, condition, page.stamp.created_at);
    if (property.type == Type::last_edited_time)
        return timestamp_holds(world, condition, page.stamp.edited_at);
    if (condition.test == Test::is_empty || condition.test == Test::is_not_empty) {
        bool empty = is_empty(world, property, page);
        if (condition.family == Family::text && world.semantics.blank_text_is_empty)
            empty =
                as_compared(world.semantics, text_of(world, property, page), false, true).empty();
        return empty == (condition.test == Test::is_empty);
    }
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
        return options_hold(world, condition, property, value);
    case Family::date:
        return date_holds(world, condition, date_of(property, page));
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
        return timestamp_holds(world, filter.condition, page.stamp.created_at);
    if (filter.subject == Filter::Subject::last_edited_time)
        return timestamp_holds(world, filter.condition, page.stamp.edited_at);
    const Property& property = source.properties[filter.slot];
    if (property.type == Type::rollup)
        return rollup_holds(world, filter, property, page);
    return holds(world, filter.condition, property, page);
}

} // namespace emulator
