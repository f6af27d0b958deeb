// Filter: quals of a query as Notion's filter, classed by what they promise (law 3).
// exact: Notion decides as PostgreSQL would. wide: Notion returns a superset, PostgreSQL rechecks.
// here: nothing is sent. What is only assumed of Notion (docs/unknown.md) is at most wide.
// scope: none.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/notion/codec.hpp"

namespace notion {

enum class Operator : uint8_t {
    equal,
    not_equal,
    less,
    less_equal,
    greater,
    greater_equal,
    is_null,
    is_not_null,
    is_true,    ///< a boolean column as a qual
    is_false,   ///< NOT of it
    any_of,     ///< column = ANY(list)
    contains,   ///< array @> operand list
    overlaps,   ///< array && operand list
    has_member, ///< value = ANY(array column)
};

enum class Push : uint8_t { exact, wide, here };

/// What can be promised for this column and operator, whatever the operand: for the planner.
/// created_time and last_edited_time of the page are given as their PropertyType.
Push classify(const Codec& codec, Operator op);

/// One qual with its operand known: for the executor.
struct Term {
    std::string property_id; ///< "" for the page's own created_time and last_edited_time
    Codec codec;
    Operator op = Operator::equal;
    std::vector<Value> operands; ///< one, a list for any_of, contains, overlaps; none for is_null …
};

/// The filter's JSON, or nullopt where this operand cannot be said to Notion (infinity, say): then
/// nothing is sent for it and PostgreSQL alone decides, which is always right since such a term is
/// never exact. `never` is set where no row can match (an operand is NULL).
struct Leaf {
    std::optional<std::string> json;
    bool never = false;
};
Leaf build_leaf(const Term& term);

struct Filter {
    std::string json; ///< "" = no filter
    bool never = false;
    int pushed = 0;       ///< number of terms in it
    bool complete = true; ///< false: terms were left out for want of room, exact ones perhaps
};
/// All terms joined by and, within Notion's limits (100 a level, two levels).
Filter build_filter(const std::vector<Term>& terms);

} // namespace notion
