// Rollups; see rollup.hpp. scope: call.
#include "rollup.hpp"

#include "rich_text.hpp"
#include "value.hpp"

#include <algorithm>
#include <cmath>
#include <set>

namespace emulator {

namespace {

std::string rendered(World& world, const Cell& cell) {
    std::string text;
    Out out(text);
    write_payload(out, world, *cell.property, *cell.page, Extent::cut);
    return text;
}

std::vector<Cell> cells_of(World& world, const Property& property, const Page& page) {
    const DataSource& source = world.store.schema_of(page);
    const Property* relation = source.by_id(property.relation_id);
    const DataSource* target =
        relation ? world.store.data_source(relation->related_source) : nullptr;
    const Property* rolled = target ? target->by_id(property.rolled_id) : nullptr;
    std::vector<Cell> cells;
    if (!rolled)
        return cells;
    if (const auto* ids = std::get_if<Ids>(&stored(page, *relation)))
        for (const Uuid id : *ids)
            if (const PageRecord* record = world.store.page(id); record && !record->now.in_trash)
                cells.push_back({target, rolled, &record->now});
    return cells;
}

struct Counts {
    double all = 0;
    double filled = 0;
    double values = 0; // a multi_select counts each of its options
    double checked = 0;
    std::set<std::string> distinct;
};

Counts count(World& world, const std::vector<Cell>& cells) {
    Counts counts;
    for (const Cell& cell : cells) {
        const Value& value = stored(*cell.page, *cell.property);
        ++counts.all;
        if (const auto* flag = std::get_if<bool>(&value); flag && *flag)
            ++counts.checked;
        if (is_empty(world, *cell.property, *cell.page))
            continue;
        ++counts.filled;
        counts.distinct.insert(rendered(world, cell));
        const auto* options = std::get_if<OptionIds>(&value);
        const auto* ids = std::get_if<Ids>(&value);
        counts.values += options ? static_cast<double>(options->size())
                         : ids   ? static_cast<double>(ids->size())
                                 : 1;
    }
    return counts;
}

std::optional<double> counted(std::string_view function, const Counts& counts) {
    const double unit = counts.all > 0 ? 1 / counts.all : 0;
    if (function == "count")
        return counts.all;
    if (function == "count_values")
        return counts.values;
    if (function == "empty")
        return counts.all - counts.filled;
    if (function == "not_empty")
        return counts.filled;
    if (function == "unique")
        return static_cast<double>(counts.distinct.size());
    if (function == "percent_empty")
        return (counts.all - counts.filled) * unit;
    if (function == "percent_not_empty")
        return counts.filled * unit;
    if (function == "checked")
        return counts.checked;
    if (function == "unchecked")
        return counts.all - counts.checked;
    if (function == "percent_checked")
        return counts.checked * unit;
    if (function == "percent_unchecked")
        return (counts.all - counts.checked) * unit;
    return std::nullopt;
}

bool is_arithmetic(std::string_view function) {
    static constexpr std::string_view names[] = {"sum", "average", "median", "min", "max", "range"};
    return std::ranges::find(names, function) != std::end(names);
}

std::optional<double> computed(std::string_view function, const std::vector<Cell>& cells) {
    std::vector<double> numbers;
    for (const Cell& cell : cells)
        if (const auto number = number_of(*cell.property, *cell.page))
            numbers.push_back(*number);
    if (numbers.empty())
        return function == "sum" ? std::optional(0.0) : std::nullopt;
    std::ranges::sort(numbers);
    double sum = 0;
    for (const double number : numbers)
        sum += number;
    const size_t middle = numbers.size() / 2;
    if (function == "sum")
        return sum;
    if (function == "average")
        return sum / static_cast<double>(numbers.size());
    if (function == "median")
        return numbers.size() % 2 ? numbers[middle] : (numbers[middle - 1] + numbers[middle]) / 2;
    if (function == "min")
        return numbers.front();
    if (function == "max")
        return numbers.back();
    return numbers.back() - numbers.front();
}

Moment last_of(const DateValue& date) {
    return date.end ? *date.end : date.start;
}

std::optional<DateValue> dated(std::string_view function, const std::vector<Cell>& cells) {
    std::optional<Moment> first, last;
    for (const Cell& cell : cells) {
        const auto date = date_of(*cell.property, *cell.page);
        if (!date)
            continue;
        if (!first || date->start.at < first->at)
            first = date->start;
        if (!last || last_of(*date).at > last->at)
            last = last_of(*date);
    }
    if (!first)
        return std::nullopt;
    if (function == "earliest_date")
        return DateValue{*first, std::nullopt};
    if (function == "latest_date")
        return DateValue{*last, std::nullopt};
    return DateValue{*first, last};
}

void write_cells(Out& out, World& world, const Rolled& rolled) {
    out.open_array();
    const size_t shown = std::min(rolled.cells.size(), world.limits.references_shown);
    for (size_t i = 0; i < shown; ++i) {
        const Cell& cell = rolled.cells[i];
        out.open().key("type").text(cell.property->type_text()).key(cell.property->type_text());
        write_payload(out, world, *cell.property, *cell.page, Extent::cut);
        out.close();
    }
    out.close_array();
}

} // namespace

Rolled roll_up(World& world, const Property& property, const Page& page) {
    Rolled rolled;
    rolled.cells = cells_of(world, property, page);
    const std::string_view function = property.function;
    if (!rolled.cells.empty() && rolled.cells.front().property->type == Type::rollup) {
        rolled.kind = Rolled::Kind::unsupported;
        return rolled;
    }
    if (is_arithmetic(function)) {
        rolled.kind = Rolled::Kind::number;
        rolled.number = computed(function, rolled.cells);
    } else if (function == "earliest_date" || function == "latest_date" ||
               function == "date_range") {
        rolled.kind = Rolled::Kind::date;
        rolled.date = dated(function, rolled.cells);
    } else if (const auto number = counted(function, count(world, rolled.cells))) {
        rolled.kind = Rolled::Kind::number;
        rolled.number = number;
    } else if (function == "show_unique") {
        std::set<std::string> seen;
        std::erase_if(rolled.cells,
                      [&](const Cell& cell) { return !seen.insert(rendered(world, cell)).second; });
    } else if (function.starts_with("count_per_group") ||
               function.starts_with("percent_per_group")) {
        rolled.kind = Rolled::Kind::unsupported;
    }
    return rolled;
}

void write_rollup(Out& out, World& world, const Property& property, const Page& page) {
    if (const auto* raw = std::get_if<Raw>(&stored(page, property))) {
        out.raw(raw->json);
        return;
    }
    const Rolled rolled = roll_up(world, property, page);
    out.open().key("type");
    switch (rolled.kind) {
    case Rolled::Kind::number:
        out.text("number").key("number");
        if (rolled.number)
            out.number(*rolled.number);
        else
            out.null();
        break;
    case Rolled::Kind::date:
        out.text("date").key("date");
        if (rolled.date)
            write_date(out, *rolled.date);
        else
            out.null();
        break;
    case Rolled::Kind::array:
        out.text("array").key("array");
        write_cells(out, world, rolled);
        break;
    case Rolled::Kind::unsupported:
        out.text("unsupported").key("unsupported").open().close();
        break;
    }
    out.key("function").text(property.function).close();
}

} // namespace emulator
