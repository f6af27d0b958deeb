// Filter, inside: conditions on numbers, checkboxes, options and lists.
// scope: none.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <stdexcept>

#include "core/notion/filter_parts.hpp"
#include "core/notion/number.hpp"
#include "core/notion/utf8.hpp"
#include "core/notion/uuid.hpp"

namespace notion {
namespace {

constexpr size_t option_units_max = 100;

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
Clause beyond_leaf(const Term& term, Operator op, double limit) {
    const bool above = !(limit < 0); // Infinity and NaN
    const bool all = op == Operator::not_equal || (above ? is_upper(op) : is_lower(op));
    return all ? not_empty(term) : never();
}

/// does_not_equal is true of empty rows too.
Clause compared(const Term& term, Operator op, std::string_view limit) {
    Clause clause = condition(term, number_name(op), limit);
    if (op != Operator::not_equal)
        return clause;
    return all_of({std::move(clause), not_empty(term)});
}

Clause float_leaf(const Term& term, Operator op, double limit) {
    if (!std::isfinite(limit))
        return beyond_leaf(term, op, limit);
    return compared(term, op, json::number(limit));
}

Clause integer_leaf(const Term& term, Operator op, int64_t limit) {
    if (limit > integer_max || limit < -integer_max)
        return op == Operator::not_equal ? not_empty(term) : unsaid();
    return compared(term, op, std::to_string(limit));
}

/// The column shows the shortest decimal of a double, and rounding keeps order: a decimal below
/// the operand belongs to a double below or equal to the operand's.
Clause decimal_leaf(const Term& term, Operator op, const std::string& limit) {
    const auto decimal = canonical_decimal(limit);
    const auto nearest = decimal ? double_of(*decimal) : std::nullopt;
    if (!nearest || !std::isfinite(*nearest))
        return unsaid();
    if (op == Operator::not_equal && decimal_of(*nearest) != *decimal)
        return not_empty(term);
    const Operator wide = is_upper(op)   ? Operator::less_equal
                          : is_lower(op) ? Operator::greater_equal
                                         : op;
    return compared(term, wide, json::number(*nearest));
}

/// `PREFIX-12` or `12`: the number alone.
Clause prefixed_leaf(const Term& term, const std::string& id) {
    const size_t dash = id.rfind('-');
    const std::string_view digits =
        std::string_view(id).substr(dash == std::string::npos ? 0 : dash + 1);
    int64_t number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (digits.empty() || error != std::errc() || end != digits.data() + digits.size())
        return unsaid();
    return integer_leaf(term, Operator::equal, number);
}

Clause one_number(const Term& term, Operator op, const Value& value) {
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
Clause any_leaf(const std::vector<Value>& operands, One&& one) {
    std::vector<Clause> parts{never()};
    for (const Value& value : operands)
        if (!is_null(value))
            parts.push_back(one(value));
    return any_of(std::move(parts));
}

/// What must hold of each operand, so that no row fulfils it where one is NULL.
template <class One>
Clause each_leaf(const std::vector<Value>& operands, One&& one) {
    std::vector<Clause> parts;
    for (const Value& value : operands)
        parts.push_back(is_null(value) ? never() : one(value));
    return all_of(std::move(parts));
}

/// Commas divide names where Notion takes lists, and no option has one, or more than 100 units.
/// Where the options are known, a name that is none may be a 400 (docs/unknown.md).
bool is_sayable_option(const Codec& codec, const std::string& name) {
    if (name.empty() || name.find(',') != std::string::npos || utf8::units(name) > option_units_max)
        return false;
    return codec.options == nullptr ||
           std::ranges::any_of(*codec.options, [&](const Option& o) { return o.name == name; });
}

Clause equal_option(const Term& term, const std::string& name) {
    if (!is_sayable_option(term.codec, name))
        return unsaid();
    return condition(term, "equals", json::quote(name));
}

/// Should Notion compare without case, "does not equal 'open'" would drop "Open", which `<>`
/// keeps. Names are unique without case, so this cannot be where 'open' itself is an option.
Clause other_option(const Term& term, const std::string& name) {
    if (term.codec.options == nullptr || !is_sayable_option(term.codec, name))
        return not_empty(term);
    return condition(term, "does_not_equal", json::quote(name));
}

Clause contains(const Term& term, const std::string& member) {
    const bool sayable = term.codec.property == PropertyType::multi_select
                             ? is_sayable_option(term.codec, member)
                             : canonical_uuid(member).has_value();
    if (!sayable)
        return unsaid();
    return condition(term, "contains", json::quote(member));
}

/// All members must be there: what cannot be said is left out, a superset.
Clause contains_all(const Term& term, const std::vector<Value>& members) {
    return each_leaf(
        members, [&](const Value& member) { return contains(term, operand<std::string>(member)); });
}

Clause contains_any(const Term& term, const std::vector<Value>& members) {
    return any_leaf(
        members, [&](const Value& member) { return contains(term, operand<std::string>(member)); });
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

Clause equal_list(const Term& term) {
    const std::vector<Value> members = members_of(term.operands);
    // References to what the connection may not see are not shown, but are there: only of options
    // is an empty list surely empty in Notion.
    if (members.empty())
        return term.codec.property == PropertyType::multi_select ? empty(term) : unsaid();
    return contains_all(term, members);
}

} // namespace

Clause number_leaf(const Term& term) {
    const auto each = [&](Operator op) {
        return [&term, op](const Value& value) { return one_number(term, op, value); };
    };
    switch (term.op) {
    case Operator::is_null:
        return empty(term);
    case Operator::is_not_null:
        return not_empty(term);
    case Operator::any_of:
        return any_leaf(term.operands, each(Operator::equal));
    case Operator::none_of:
        return each_leaf(term.operands, each(Operator::not_equal));
    default:
        return each_leaf({term.operands.at(0)}, each(term.op));
    }
}

Clause checkbox_leaf(const Term& term) {
    const auto is = [&](const char* name) {
        return [&term, name](const Value& value) {
            return condition(term, name, operand<bool>(value) ? "true" : "false");
        };
    };
    switch (term.op) {
    case Operator::is_null:
        return never();
    case Operator::is_true:
    case Operator::is_not_false:
        return condition(term, "equals", "true");
    case Operator::is_false:
    case Operator::is_not_true:
        return condition(term, "equals", "false");
    case Operator::not_equal:
    case Operator::none_of:
        return each_leaf(term.operands, is("does_not_equal"));
    default:
        return any_leaf(term.operands, is("equals"));
    }
}

Clause option_leaf(const Term& term) {
    const auto same = [&](const Value& value) {
        return equal_option(term, operand<std::string>(value));
    };
    const auto other = [&](const Value& value) {
        return other_option(term, operand<std::string>(value));
    };
    switch (term.op) {
    case Operator::is_null:
        return empty(term);
    case Operator::is_not_null:
        return not_empty(term);
    case Operator::not_equal:
    case Operator::none_of:
        return each_leaf(term.operands, other);
    default:
        return any_leaf(term.operands, same);
    }
}

Clause list_leaf(const Term& term) {
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
        return unsaid();
    }
}

} // namespace notion
