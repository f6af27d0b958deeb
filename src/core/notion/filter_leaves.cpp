// Filter, inside: conditions on numbers, checkboxes, options and lists.
// scope: none.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <stdexcept>

#include "core/notion/filter_parts.hpp"
#include "core/notion/number.hpp"
#include "core/notion/utf8.hpp"
#include "core/notion/uuid.hpp"

namespace notion {
namespace {

constexpr size_t option_units_max = 100;

Leaf never() {
    return {std::nullopt, true};
}
Leaf said(std::string json) {
    return {std::move(json), false};
}
Leaf empty(const Term& term) {
    return said(condition(term, "is_empty", "true"));
}
Leaf not_empty(const Term& term) {
    return said(condition(term, "is_not_empty", "true"));
}

/// The operand of a term that promised to be exact must be there and of the column's type.
template <class Type>
const Type& operand(const Value& value) {
    const Type* typed = std::get_if<Type>(&value);
    if (typed == nullptr)
        throw std::logic_error("a filter's operand is not of its column's type");
    return *typed;
}

std::string_view number_name(Operator op) {
    switch (op) {
    case Operator::less:
        return "less_than";
    case Operator::less_equal:
        return "less_than_or_equal_to";
    case Operator::greater:
        return "greater_than";
    case Operator::greater_equal:
        return "greater_than_or_equal_to";
    case Operator::not_equal:
        return "does_not_equal";
    default:
        return "equals";
    }
}

bool is_upper(Operator op) {
    return op == Operator::less || op == Operator::less_equal;
}
bool is_lower(Operator op) {
    return op == Operator::greater || op == Operator::greater_equal;
}

/// All of Notion's numbers are finite, and PostgreSQL orders -Infinity < finite < Infinity < NaN:
/// such an operand is beyond every number or below.
Leaf beyond_leaf(const Term& term, Operator op, double limit) {
    const bool above = !(limit < 0); // Infinity and NaN
    const bool all = op == Operator::not_equal || (above ? is_upper(op) : is_lower(op));
    return all ? not_empty(term) : never();
}

Leaf float_leaf(const Term& term, Operator op, double limit) {
    if (!std::isfinite(limit))
        return beyond_leaf(term, op, limit);
    return said(condition(term, number_name(op), json::number(limit)));
}

Leaf integer_leaf(const Term& term, Operator op, int64_t limit) {
    if (limit > integer_max || limit < -integer_max)
        return {};
    return said(condition(term, number_name(op), std::to_string(limit)));
}

/// The column shows the shortest decimal of a double, and rounding keeps order: a decimal below
/// the operand belongs to a double below or equal to the operand's.
Leaf decimal_leaf(const Term& term, Operator op, const std::string& limit) {
    const auto decimal = canonical_decimal(limit);
    const auto nearest = decimal ? double_of(*decimal) : std::nullopt;
    if (!nearest || !std::isfinite(*nearest))
        return {};
    if (op == Operator::not_equal && decimal_of(*nearest) != *decimal)
        return not_empty(term);
    const Operator wide = is_upper(op)   ? Operator::less_equal
                          : is_lower(op) ? Operator::greater_equal
                                         : op;
    return said(condition(term, number_name(wide), json::number(*nearest)));
}

/// `PREFIX-12` or `12`: the number alone.
Leaf prefixed_leaf(const Term& term, const std::string& id) {
    const size_t dash = id.rfind('-');
    const std::string_view digits =
        std::string_view(id).substr(dash == std::string::npos ? 0 : dash + 1);
    int64_t number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (digits.empty() || error != std::errc() || end != digits.data() + digits.size())
        return {};
    return integer_leaf(term, Operator::equal, number);
}

Leaf one_number(const Term& term, Operator op, const Value& value) {
    switch (term.codec.column) {
    case ColumnType::float8:
        return float_leaf(term, op, operand<double>(value));
    case ColumnType::numeric:
        return decimal_leaf(term, op, operand<std::string>(value));
    case ColumnType::text:
        return prefixed_leaf(term, operand<std::string>(value));
    default:
        return integer_leaf(term, op, operand<int64_t>(value));
    }
}

/// `column = ANY(list)`, of which NULLs match nothing.
template <class One>
Leaf any_leaf(const std::vector<Value>& operands, One&& one) {
    std::vector<std::string> parts;
    bool possible = false;
    for (const Value& value : operands) {
        if (is_null(value))
            continue;
        Leaf leaf = one(value);
        if (leaf.never)
            continue;
        if (!leaf.json)
            return {};
        possible = true;
        parts.push_back(std::move(*leaf.json));
    }
    return possible ? Leaf{any_of(std::move(parts)), false} : never();
}

/// Commas divide names where Notion takes lists, and no option has one, or more than 100 units.
/// Where the options are known, a name that is none may be a 400 (docs/unknown.md).
bool is_sayable_option(const Codec& codec, const std::string& name) {
    if (name.empty() || name.find(',') != std::string::npos || utf8::units(name) > option_units_max)
        return false;
    return codec.options == nullptr ||
           std::ranges::any_of(*codec.options, [&](const Option& o) { return o.name == name; });
}

Leaf equal_option(const Term& term, const std::string& name) {
    if (!is_sayable_option(term.codec, name))
        return {};
    return said(condition(term, "equals", json::quote(name)));
}

std::optional<std::string> contains(const Term& term, const std::string& member) {
    const bool sayable = term.codec.property == PropertyType::multi_select
                             ? is_sayable_option(term.codec, member)
                             : canonical_uuid(member).has_value();
    if (!sayable)
        return std::nullopt;
    return condition(term, "contains", json::quote(member));
}

/// All members must be there: what cannot be said is left out, a superset.
Leaf contains_all(const Term& term, const std::vector<Value>& members) {
    std::vector<std::string> parts;
    for (const Value& member : members) {
        if (is_null(member))
            return never();
        if (auto part = contains(term, operand<std::string>(member)))
            parts.push_back(std::move(*part));
    }
    return {all_of(std::move(parts)), false};
}

Leaf contains_any(const Term& term, const std::vector<Value>& members) {
    return any_leaf(members, [&](const Value& member) {
        return Leaf{contains(term, operand<std::string>(member)), false};
    });
}

/// The members of an operand that may be one array or a list of texts.
std::vector<Value> members_of(const std::vector<Value>& operands) {
    std::vector<Value> members;
    for (const Value& value : operands) {
        const auto* list = std::get_if<std::vector<std::string>>(&value);
        if (list == nullptr)
            members.push_back(value);
        else
            members.insert(members.end(), list->begin(), list->end());
    }
    return members;
}

Leaf equal_list(const Term& term) {
    if (is_null(term.operands.front()))
        return never();
    const std::vector<Value> members = members_of(term.operands);
    // References to what the connection may not see are not shown, but are there: only of options
    // is an empty list surely empty in Notion.
    if (members.empty())
        return term.codec.property == PropertyType::multi_select ? empty(term) : Leaf{};
    return contains_all(term, members);
}

} // namespace

Leaf number_leaf(const Term& term) {
    if (term.op == Operator::is_null)
        return empty(term);
    if (term.op == Operator::is_not_null)
        return not_empty(term);
    if (term.op == Operator::any_of)
        return any_leaf(term.operands, [&](const Value& value) {
            return one_number(term, Operator::equal, value);
        });
    const Value& value = term.operands.at(0);
    return is_null(value) ? never() : one_number(term, term.op, value);
}

Leaf checkbox_leaf(const Term& term) {
    if (term.op == Operator::is_null)
        return never();
    if (term.op == Operator::is_true || term.op == Operator::is_false)
        return said(condition(term, "equals", term.op == Operator::is_true ? "true" : "false"));
    const Value& value = term.operands.at(0);
    if (is_null(value))
        return never();
    return said(condition(term, number_name(term.op), operand<bool>(value) ? "true" : "false"));
}

Leaf option_leaf(const Term& term) {
    if (term.op == Operator::is_null)
        return empty(term);
    if (term.op == Operator::is_not_null)
        return not_empty(term);
    if (term.op == Operator::any_of)
        return any_leaf(term.operands, [&](const Value& value) {
            return equal_option(term, operand<std::string>(value));
        });
    const Value& value = term.operands.at(0);
    if (is_null(value))
        return never();
    const std::string& name = operand<std::string>(value);
    if (term.op == Operator::equal)
        return equal_option(term, name);
    // Should Notion compare without case, "does not equal 'open'" would drop "Open", which `<>`
    // keeps. Names are unique without case, so this cannot be where 'open' itself is an option.
    if (term.codec.options == nullptr || !is_sayable_option(term.codec, name))
        return not_empty(term);
    return said(condition(term, "does_not_equal", json::quote(name)));
}

Leaf list_leaf(const Term& term) {
    switch (term.op) {
    case Operator::is_null:
        return never();
    case Operator::equal:
        if (term.codec.column == ColumnType::uuid)
            return contains_all(term, term.operands);
        return equal_list(term);
    case Operator::contains:
        return contains_all(term, members_of(term.operands));
    case Operator::any_of:
    case Operator::overlaps:
        return contains_any(term, members_of(term.operands));
    case Operator::has_member:
        return contains_all(term, term.operands);
    default:
        return {};
    }
}

} // namespace notion
