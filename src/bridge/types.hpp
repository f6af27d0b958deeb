// Types: what the SQL face asks about properties and columns when a table is linked.
// scope: none.
#pragma once

#include <string_view>

namespace notion::bridge {

/// Whether a property of this type can be read into a column of that ColumnType, both by name.
bool property_accepts(std::string_view property_type, std::string_view column_type) noexcept;
/// False for what Notion computes itself, and for types unknown today.
bool property_is_writable(std::string_view property_type) noexcept;

} // namespace notion::bridge
