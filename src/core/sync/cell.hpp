// Cell: one column's value beside one property's, made comparable.
// p comes as PostgreSQL prints it, n as a half (core/notion/codec.hpp); all comparisons are between
// canonical values, so that what Notion cannot hold (seconds, empty text) is no difference.
// scope: none.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/sync/link.hpp"

namespace notion::sync {

using Cell = std::optional<std::string>; ///< a column's text; nullopt is NULL

/// What Notion would give back had `text` been sent. Errors: unsendable, with the reason.
Result<Value> canonical(const Field& field, const Cell& text);
/// Errors: misfit, property_type.
Result<Value> decoded(const Field& field, std::string_view half);

/// Equal for this field: sets without order and duplicates, JSON without order of members.
bool same(const Field& field, const Value& one, const Value& other);
/// decode(n) = p: `here` is canonical, `there` as decoded.
bool agrees(const Field& field, const Value& here, const Value& there);
/// Two texts of the same column, canonically; where one has no canonical form, as texts.
bool same_cell(const Field& field, const Cell& one, const Cell& other);
/// Two halves. jsonb has changed the order of members and the print of numbers: compared as JSON.
bool same_half(std::string_view one, std::string_view other);

/// NULL, an empty set, false: what a property is before anybody touched it.
bool is_empty(const Value& value);
/// As the column takes it: '' for an empty text that may not be NULL.
Cell to_cell(const Field& field, const Value& value);

/// Members of both sides, less what either removed since the base. requires: field.is_set().
Value unite(const Value& base, const Value& here, const Value& there);

/// The half that Notion is expected to show after `value` was sent over `base_half` ("" = none).
/// Errors: unsendable.
Result<std::string> expected_half(const Field& field, const Value& value,
                                  std::string_view base_half);

} // namespace notion::sync
