// Column types by name, as notion.link_columns and the links' JSON write them.
// scope: none.
#pragma once

#include <optional>
#include <string_view>

#include "core/notion/value.hpp"

namespace notion {

/// "float8" → ColumnType::float8; nullopt for anything else than an enumerator's name.
std::optional<ColumnType> column_type(std::string_view name);
std::string_view column_type_name(ColumnType type);

} // namespace notion
