// Between the views that cross the wall and the values of core. Inside the bridge only.
// scope: none.
#pragma once

#include <string_view>
#include <vector>

#include "bridge/cell.hpp"
#include "bridge/zone.hpp"
#include "core/notion/value.hpp"
#include "core/notion/zone.hpp"

namespace notion::bridge {

Value value_of(const Cell& cell);
/// A view of `value`; `items` gets the views of a list and must live as long as the cell.
Cell cell_of(const Value& value, std::vector<std::string_view>& items);
Zone zone_of(const ZoneView& view);

} // namespace notion::bridge
