// Sort: which orders are the same to Notion and to PostgreSQL, and their JSON.
// Where it places empty values and how it orders texts, options, people and days is not documented:
// those are sorted here. scope: none.
#pragma once

#include <string>
#include <string_view>

#include "core/notion/codec.hpp"

namespace notion {

/// `filled`: conditions that Notion decides leave no row where the column is NULL. Rows that are
/// equal in the column may come in any order.
bool sorts_alike(const Codec& codec, bool filled);
/// `property_id` "" for the page's own times.
std::string sort_json(std::string_view property_id, PropertyType type, bool descending);

} // namespace notion
