// Filter: quals of a query as Notion's filter, classed by what they promise (law 3).
// exact: Notion decides as PostgreSQL would. wide: Notion returns a superset, PostgreSQL rechecks.
// here: nothing is sent. What is only assumed of Notion (docs/unknown.md) is at most wide.
// scope: none.
#pragma once

#include <optional>
#include <span>
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
    is_true, ///< a boolean column as a qual, or IS TRUE
    is_false,
    is_not_true, ///< false or NULL
    is_not_false,
    any_of,       ///< column = ANY(list)
    none_of,      ///< column <> ALL(list)
    distinct,     ///< IS DISTINCT FROM
    not_distinct, ///< IS NOT DISTINCT FROM
    contains,     ///< array @> operand list
    overlaps,     ///< array && operand list
    has_member,   ///< value = ANY(array column)
    like,
    ilike,
    starts_with, ///< column ^@ operand
};

enum class Push : uint8_t { exact, wide, here };

/// What can be promised for this column and operator, whatever the operand: for the planner.
/// created_time and last_edited_time of the page are given as their PropertyType.
Push classify(const Codec& codec, Operator op);
/// Whether what is promised rests on the assumption that Notion finds a text by itself and by its
/// parts (docs/unknown.md, "texts").
bool rests_on_texts(PropertyType type);
/// The operator that is true where `op` is false; nullopt where none is.
std::optional<Operator> negated(Operator op);

/// `column op operands`. For the planner without operands, for the executor with them.
struct Term {
    std::string property_id; ///< "" for the page's own created_time and last_edited_time
    Codec codec;
    Operator op = Operator::equal;
    std::vector<Value> operands = {}; ///< one; a list for any_of, contains …; none for is_null …
    bool known = true;                ///< false: an operand has no form here
};

enum class NodeKind : uint8_t {
    all,    ///< AND of the `count` nodes that follow
    any,    ///< OR of them
    no,     ///< NOT of the one that follows
    leaf,   ///< the term number `count`
    unknown ///< what only PostgreSQL understands
};
struct QualNode {
    NodeKind kind;
    int count;
};

/// A condition of a query as PostgreSQL has it, in prefix order, and what was promised for it.
struct Qual {
    std::vector<QualNode> nodes;
    Push push = Push::wide;
};
/// requires: `nodes` is one whole node.
Push classify(std::span<const QualNode> nodes, std::span<const Term> terms);

/// What is said to Notion of a condition. `unsaid`: nothing, so every row (infinity, say, has no
/// form there). `never`: no row (an operand is NULL).
struct Clause {
    enum class Kind : uint8_t { unsaid, never, leaf, all, any };
    Kind kind = Kind::unsaid;
    std::string json = {}; ///< of a leaf
    std::vector<Clause> parts = {};
};
Clause build_leaf(const Term& term);

/// All quals, within Notion's limits: 100 a list, two levels of lists. What does not fit is left
/// out, never so that rows are lost.
struct Filter {
    bool never = false;      ///< no row can match: nothing need be asked
    bool recheck = false;    ///< a qual that was promised to be exact is not
    bool conjunctive = true; ///< `groups` is an `and` of `or`s, else an `or` of `and`s
    std::vector<std::vector<std::string>> groups = {}; ///< conditions
};
Filter build_filter(std::span<const Qual> quals, std::span<const Term> terms);
/// `within`: at most two further terms that all rows must fulfil (windows of time). "" = no filter.
std::string filter_json(const Filter& filter, std::span<const Term> within = {});

} // namespace notion
