// Between views and values: see the header. scope: none.
#include "bridge/convert.hpp"

#include <string>

namespace notion::bridge {

Value value_of(const Cell& cell) {
    switch (cell.kind) {
    case CellKind::null:
        return {};
    case CellKind::boolean:
        return cell.boolean;
    case CellKind::integer:
        return cell.number;
    case CellKind::real:
        return cell.real;
    case CellKind::day:
        return Day{static_cast<int32_t>(cell.number)};
    case CellKind::instant:
        return Instant{cell.number};
    case CellKind::text:
        return std::string(cell.text);
    case CellKind::list:
        return std::vector<std::string>(cell.items, cell.items + cell.count);
    }
    return {};
}

Cell cell_of(const Value& value, std::vector<std::string_view>& items) {
    Cell cell;
    if (auto* boolean = std::get_if<bool>(&value)) {
        cell.kind = CellKind::boolean;
        cell.boolean = *boolean;
    } else if (auto* integer = std::get_if<int64_t>(&value)) {
        cell.kind = CellKind::integer;
        cell.number = *integer;
    } else if (auto* real = std::get_if<double>(&value)) {
        cell.kind = CellKind::real;
        cell.real = *real;
    } else if (auto* day = std::get_if<Day>(&value)) {
        cell.kind = CellKind::day;
        cell.number = day->days;
    } else if (auto* instant = std::get_if<Instant>(&value)) {
        cell.kind = CellKind::instant;
        cell.number = instant->us;
    } else if (auto* text = std::get_if<std::string>(&value)) {
        cell.kind = CellKind::text;
        cell.text = *text;
    } else if (auto* list = std::get_if<std::vector<std::string>>(&value)) {
        cell.kind = CellKind::list;
        items.assign(list->begin(), list->end());
        cell.items = items.data();
        cell.count = items.size();
    }
    return cell;
}

Zone zone_of(const ZoneView& view) {
    Zone zone;
    zone.name = view.name;
    zone.first_offset_s = view.first_offset_s;
    zone.transitions.reserve(static_cast<size_t>(view.transitions));
    for (int32_t at = 0; at < view.transitions; at++)
        zone.transitions.push_back({view.at_s[at], view.offset_s[at]});
    return zone;
}

} // namespace notion::bridge
