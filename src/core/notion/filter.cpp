// Filter: what each property type and operator promises, and the JSON of one qual.
// Each promise must hold under every reading of what Notion leaves undocumented (docs/types.md has
// the table with its reasons, docs/unknown.md the questions). A superset is enough: wide.
// scope: none.
#include "core/notion/filter.hpp"

#include <algorithm>
#include <utility>

#include "core/notion/filter_parts.hpp"

namespace notion {
namespace {

bool is_comparison(Operator op) {
    return op >= Operator::equal && op <= Operator::greater_equal;
}

/// Notion's numbers and PostgreSQL's float8 are the same doubles, so all comparisons are exact,
/// infinite operands included (see number_leaf). To `<>` Notion adds empty rows: they are kept out.
/// Other column types show a number differently or not at all (5.5 in an integer), so what Notion
/// compares is only close to what PostgreSQL compares.
Push classify_number(ColumnType column, Operator op) {
    const bool same = column == ColumnType::float8;
    if (op == Operator::is_null)
        return same || column == ColumnType::numeric ? Push::exact : Push::here;
    if (op == Operator::is_not_null)
        return same ? Push::exact : Push::wide;
    if (op == Operator::none_of)
        return same ? Push::exact : Push::wide;
    if (!is_comparison(op) && op != Operator::any_of)
        return Push::here;
    return same ? Push::exact : Push::wide;
}

/// Never empty, in Notion as here.
Push classify_checkbox(Operator op) {
    switch (op) {
    case Operator::equal:
    case Operator::not_equal:
    case Operator::is_true:
    case Operator::is_false:
    case Operator::is_not_true:
    case Operator::is_not_false:
    case Operator::is_null:
    case Operator::any_of:
    case Operator::none_of:
        return Push::exact;
    default:
        return Push::here;
    }
}

/// Names may be matched without case: a superset of byte equality, and no more than that. Order by
/// name is a matter of collation: here.
Push classify_option(Operator op) {
    switch (op) {
    case Operator::equal:
    case Operator::not_equal:
    case Operator::any_of:
    case Operator::none_of:
        return Push::wide;
    case Operator::is_null:
    case Operator::is_not_null:
        return Push::exact; // an option has a name: shown exactly where there is one
    default:
        return Push::here;
    }
}

/// Lists are never NULL: an empty one is {}. `=` holds only where every member is contained.
Push classify_list(Operator op) {
    switch (op) {
    case Operator::equal:
    case Operator::contains:
    case Operator::overlaps:
    case Operator::has_member:
        return Push::wide;
    case Operator::is_null:
        return Push::exact;
    default:
        return Push::here;
    }
}

/// A range's end, and what Notion compares of a range, are undocumented: of the start only lower
/// bounds are safe, for what starts later also ends later (see date_leaf).
Push classify_date(const Codec& codec, Operator op) {
    const bool moment = codec.column == ColumnType::timestamptz || codec.column == ColumnType::date;
    const bool start = moment && codec.part == DatePart::start;
    if (op == Operator::is_null || op == Operator::is_not_null)
        return start ? Push::exact : op == Operator::is_null ? Push::here : Push::wide;
    return moment && (is_comparison(op) || op == Operator::any_of) ? Push::wide : Push::here;
}

/// Shown by the minute; what Notion compares may have seconds. Never NULL.
Push classify_time(const Codec& codec, Operator op) {
    if (codec.column != ColumnType::timestamptz && codec.column != ColumnType::date)
        return Push::here;
    if (op == Operator::is_null)
        return Push::exact;
    if (op == Operator::not_equal)
        return Push::here;
    return is_comparison(op) || op == Operator::any_of ? Push::wide : Push::here;
}

/// As text `PREFIX-12`: rows with the number are a superset. Emptiness: docs list no condition.
Push classify_unique_id(ColumnType column, Operator op) {
    if (op == Operator::equal || op == Operator::any_of)
        return Push::wide;
    return column != ColumnType::text && is_comparison(op) && op != Operator::not_equal
               ? Push::wide
               : Push::here;
}

/// Nothing but the empty text is empty for sure: " " may be, so that IS NOT NULL cannot be said,
/// and neither can `<>`. For the rest see text_leaf.
Push classify_text(ColumnType column, Operator op) {
    if (column != ColumnType::text)
        return Push::here;
    switch (op) {
    case Operator::equal:
    case Operator::any_of:
    case Operator::is_null:
    case Operator::like:
    case Operator::ilike:
    case Operator::starts_with:
        return Push::wide;
    default:
        return Push::here;
    }
}

/// A single id: only that the id is among the references can be said.
Push classify_reference(Operator op) {
    return op == Operator::equal || op == Operator::any_of ? Push::wide : Push::here;
}

Push classify_type(const Codec& codec, Operator op) {
    if (codec.column == ColumnType::jsonb)
        return Push::here;
    // Each is two questions: `column = x`, or is it NULL? See distinct_leaf. Elsewhere than here
    // IS DISTINCT FROM would ask for every page.
    if (op == Operator::distinct && codec.property != PropertyType::number &&
        codec.property != PropertyType::checkbox)
        return Push::here;
    if (op == Operator::distinct)
        return std::max(classify_type(codec, Operator::not_equal),
                        classify_type(codec, Operator::is_null));
    if (op == Operator::not_distinct)
        return std::max(classify_type(codec, Operator::equal),
                        classify_type(codec, Operator::is_null));
    switch (codec.property) {
    case PropertyType::number:
        return classify_number(codec.column, op);
    case PropertyType::checkbox:
        return classify_checkbox(op);
    case PropertyType::select:
    case PropertyType::status:
        return classify_option(op);
    case PropertyType::multi_select:
        return classify_list(op);
    case PropertyType::created_by:
    case PropertyType::last_edited_by:
        return codec.column == ColumnType::uuid ? classify_reference(op) : Push::here;
    case PropertyType::people:
    case PropertyType::relation:
        return codec.column == ColumnType::uuid_array ? classify_list(op)
               : codec.column == ColumnType::uuid     ? classify_reference(op)
                                                      : Push::here;
    case PropertyType::files:
        return op == Operator::is_null ? Push::exact : Push::here;
    case PropertyType::date:
        return classify_date(codec, op);
    case PropertyType::created_time:
    case PropertyType::last_edited_time:
        return classify_time(codec, op);
    case PropertyType::unique_id:
        return classify_unique_id(codec.column, op);
    case PropertyType::title:
    case PropertyType::rich_text:
    case PropertyType::url:
    case PropertyType::email:
    case PropertyType::phone_number:
        return classify_text(codec.column, op);
    // Formula, rollup: computed by rules of their own, cut at 25 references.
    default:
        return Push::here;
    }
}

/// What the declared type may do to a value after us: see Fit.
Push fitted(Push push, Fit fit, Operator op) {
    if (fit == Fit::exact || push == Push::here)
        return push;
    // on_misfit 'null' makes NULL of a value.
    if (op == Operator::is_null || op == Operator::distinct || op == Operator::not_distinct ||
        op == Operator::is_not_true || op == Operator::is_not_false)
        return Push::here;
    if (op == Operator::is_not_null)
        return Push::wide;
    return fit == Fit::refuse ? Push::wide : Push::here;
}

/// IS [NOT] DISTINCT FROM, by what the operand is.
Clause distinct_leaf(const Term& term) {
    const auto as = [&](Operator op) {
        Term other = term;
        other.op = op;
        return build_leaf(other);
    };
    const bool same = term.op == Operator::not_distinct;
    if (is_null(term.operands.at(0)))
        return as(same ? Operator::is_null : Operator::is_not_null);
    if (same)
        return as(Operator::equal);
    return any_of({as(Operator::not_equal), as(Operator::is_null)});
}

Clause term_clause(const Term& term, bool wanted) {
    if (!term.known)
        return unsaid();
    if (wanted)
        return build_leaf(term);
    const auto op = negated(term.op);
    if (!op)
        return unsaid();
    Term opposite = term;
    opposite.op = *op;
    return build_leaf(opposite);
}

/// Walks nodes in prefix order. A row is in the answer where a condition is true: `wanted` says
/// whether true or false is looked for, so that NOT needs no room, and NULL is neither.
struct Walk {
    std::span<const QualNode> nodes;
    std::span<const Term> terms;
    size_t at = 0;

    Clause clause(bool wanted);
    Push promise(bool wanted);
};

/// By De Morgan: an `and` is false where one of its members is.
bool is_all(NodeKind kind, bool wanted) {
    return (kind == NodeKind::all) == wanted;
}

Clause Walk::clause(bool wanted) {
    const QualNode node = nodes[at++];
    switch (node.kind) {
    case NodeKind::unknown:
        return unsaid();
    case NodeKind::leaf:
        return term_clause(terms[static_cast<size_t>(node.count)], wanted);
    case NodeKind::no:
        return clause(!wanted);
    default:
        break;
    }
    std::vector<Clause> parts;
    for (int i = 0; i < node.count; ++i)
        parts.push_back(clause(wanted));
    return is_all(node.kind, wanted) ? all_of(std::move(parts)) : any_of(std::move(parts));
}

Push Walk::promise(bool wanted) {
    const QualNode node = nodes[at++];
    switch (node.kind) {
    case NodeKind::unknown:
        return Push::here;
    case NodeKind::leaf: {
        const Term& term = terms[static_cast<size_t>(node.count)];
        const auto op = wanted ? std::optional(term.op) : negated(term.op);
        return op ? classify(term.codec, *op) : Push::here;
    }
    case NodeKind::no:
        return promise(!wanted);
    default:
        break;
    }
    int exact = 0;
    int here = 0;
    for (int i = 0; i < node.count; ++i) {
        const Push push = promise(wanted);
        exact += push == Push::exact ? 1 : 0;
        here += push == Push::here ? 1 : 0;
    }
    if (exact == node.count)
        return Push::exact;
    const bool all = is_all(node.kind, wanted);
    return (all ? here == node.count : here > 0) ? Push::here : Push::wide;
}

} // namespace

Clause condition(const Term& term, std::string_view name, std::string_view operand) {
    const std::string type(property_type_name(term.codec.property));
    const std::string subject = term.property_id.empty()
                                    ? "\"timestamp\":" + json::quote(type)
                                    : "\"property\":" + json::quote(term.property_id);
    return {Clause::Kind::leaf, "{" + subject + ",\"" + type + "\":{\"" + std::string(name) +
                                    "\":" + std::string(operand) + "}}"};
}

Push classify(const Codec& codec, Operator op) {
    if (!accepts(codec.property, codec.column))
        return Push::here;
    return fitted(classify_type(codec, op), codec.fit, op);
}

Push classify(std::span<const QualNode> nodes, std::span<const Term> terms) {
    return Walk{nodes, terms}.promise(true);
}

std::optional<Operator> negated(Operator op) {
    static constexpr std::pair<Operator, Operator> opposites[] = {
        {Operator::equal, Operator::not_equal},     {Operator::less, Operator::greater_equal},
        {Operator::less_equal, Operator::greater},  {Operator::is_null, Operator::is_not_null},
        {Operator::is_true, Operator::is_not_true}, {Operator::is_false, Operator::is_not_false},
        {Operator::any_of, Operator::none_of},      {Operator::distinct, Operator::not_distinct},
    };
    for (const auto& [one, other] : opposites) {
        if (op == one)
            return other;
        if (op == other)
            return one;
    }
    return std::nullopt;
}

Clause build_leaf(const Term& term) {
    if (classify(term.codec, term.op) == Push::here)
        return unsaid();
    if (term.op == Operator::distinct || term.op == Operator::not_distinct)
        return distinct_leaf(term);
    switch (term.codec.property) {
    case PropertyType::number:
    case PropertyType::unique_id:
        return number_leaf(term);
    case PropertyType::checkbox:
        return checkbox_leaf(term);
    case PropertyType::select:
    case PropertyType::status:
        return option_leaf(term);
    case PropertyType::date:
    case PropertyType::created_time:
    case PropertyType::last_edited_time:
        return date_leaf(term);
    case PropertyType::title:
    case PropertyType::rich_text:
    case PropertyType::url:
    case PropertyType::email:
    case PropertyType::phone_number:
        return text_leaf(term);
    default:
        return list_leaf(term);
    }
}

Filter build_filter(std::span<const Qual> quals, std::span<const Term> terms) {
    std::vector<Clause> clauses;
    bool promised = false;
    bool gap = false;
    for (const Qual& qual : quals) {
        clauses.push_back(Walk{qual.nodes, terms}.clause(true));
        promised = promised || qual.push == Push::exact;
        gap = gap || (qual.push == Push::exact && has_gap(clauses.back()));
    }
    bool complete = true;
    Filter filter = fit(all_of(std::move(clauses)), complete);
    filter.recheck = !filter.never && (gap || (promised && !complete));
    return filter;
}

} // namespace notion
