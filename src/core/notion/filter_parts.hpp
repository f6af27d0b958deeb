// Filter, inside: one builder a family of property types, and how conditions are joined.
// scope: none.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/notion/filter.hpp"

namespace notion {

inline constexpr size_t conditions_max = 100; ///< in one `and` or `or` (api.md section 3)

/// `{"property":"aBc","number":{"equals":5}}`; the type is that of the term's property.
std::string condition(const Term& term, std::string_view name, std::string_view operand);
/// Joined by and: over the limit the rest is left out. nullopt for none.
std::optional<std::string> all_of(std::vector<std::string> parts);
/// Joined by or: nullopt for none and over the limit.
std::optional<std::string> any_of(std::vector<std::string> parts);

Leaf number_leaf(const Term& term);
Leaf checkbox_leaf(const Term& term);
Leaf option_leaf(const Term& term);
Leaf list_leaf(const Term& term);
Leaf date_leaf(const Term& term);

} // namespace notion
