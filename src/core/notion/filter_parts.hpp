// Filter, inside: one builder a family of property types, and how conditions are joined.
// scope: none.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/notion/filter.hpp"

namespace notion {

inline constexpr size_t conditions_max = 100; ///< in one `and` or `or` (api.md section 3)
inline constexpr size_t within_max = 6;       ///< room for what a walk through windows adds
/// Of a whole filter: 500 KB a request, and names of properties and operands are short.
inline constexpr size_t leaves_max = 1000;

/// `{"property":"aBc","number":{"equals":5}}`; the type is that of the term's property.
Clause condition(const Term& term, std::string_view name, std::string_view operand);

inline Clause unsaid() {
    return {};
}
inline Clause never() {
    return {Clause::Kind::never};
}
inline Clause all_of(std::vector<Clause> parts) {
    return {Clause::Kind::all, {}, std::move(parts)};
}
inline Clause any_of(std::vector<Clause> parts) {
    return {Clause::Kind::any, {}, std::move(parts)};
}
inline Clause empty(const Term& term) {
    return condition(term, "is_empty", "true");
}
inline Clause not_empty(const Term& term) {
    return condition(term, "is_not_empty", "true");
}

Clause number_leaf(const Term& term);
Clause checkbox_leaf(const Term& term);
Clause option_leaf(const Term& term);
Clause list_leaf(const Term& term);
Clause date_leaf(const Term& term);
Clause text_leaf(const Term& term);

/// Whether nothing is said somewhere in it.
bool has_gap(const Clause& clause);
/// The clause within Notion's limits; `complete` is false where something was left out.
Filter fit(const Clause& clause, bool& complete);

} // namespace notion
