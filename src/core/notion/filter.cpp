// Filter: what each property type and operator promises, and the JSON of one qual.
// Each promise must hold under every reading of what Notion leaves undocumented (docs/types.md has
// the table with its reasons, docs/unknown.md the questions). A superset is enough: wide.
// scope: none.
#include "core/notion/filter.hpp"

#include <cmath>

#include "core/notion/filter_parts.hpp"

namespace notion {
namespace {

bool is_comparison(Operator op) {
    return op >= Operator::equal && op <= Operator::greater_equal;
}

/// Notion's numbers and PostgreSQL's float8 are the same doubles, so all comparisons are exact,
/// infinite operands included (see number_leaf); but for `<>`, to which Notion adds empty rows.
/// Other column types show a number differently or not at all (5.5 in an integer), so what Notion
/// compares is only close to what PostgreSQL compares.
Push classify_number(ColumnType column, Operator op) {
    const bool same = column == ColumnType::float8;
    if (op == Operator::is_null)
        return same || column == ColumnType::numeric ? Push::exact : Push::here;
    if (op == Operator::is_not_null)
        return same ? Push::exact : Push::wide;
    if (op == Operator::not_equal || op == Operator::any_of)
        return Push::wide;
    if (is_comparison(op))
        return same ? Push::exact : Push::wide;
    return Push::here;
}

/// Never empty, in Notion as here.
Push classify_checkbox(Operator op) {
    switch (op) {
    case Operator::equal:
    case Operator::not_equal:
    case Operator::is_true:
    case Operator::is_false:
    case Operator::is_null:
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

/// A single id: only that the id is among the references can be said.
Push classify_reference(Operator op) {
    return op == Operator::equal || op == Operator::any_of ? Push::wide : Push::here;
}

Push classify_type(const Codec& codec, Operator op) {
    if (codec.column == ColumnType::jsonb)
        return Push::here;
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
    // Text: case, normalisation and trimming are unknown, so that not even emptiness is sure
    // (" "). Formula, rollup: computed by rules of their own, cut at 25 references.
    default:
        return Push::here;
    }
}

/// What the declared type may do to a value after us: see Fit.
Push fitted(Push push, Fit fit, Operator op) {
    if (fit == Fit::exact || push == Push::here)
        return push;
    if (op == Operator::is_null)
        return Push::here; // on_misfit 'null' makes NULL of a value
    if (op == Operator::is_not_null)
        return Push::wide;
    return fit == Fit::refuse ? Push::wide : Push::here;
}

std::string combined(std::string_view word, const std::vector<std::string>& parts) {
    std::string out = "{\"" + std::string(word) + "\":[";
    for (size_t i = 0; i < parts.size(); ++i)
        out += (i > 0 ? "," : "") + parts[i];
    return out + "]}";
}

} // namespace

std::string condition(const Term& term, std::string_view name, std::string_view operand) {
    const std::string type(property_type_name(term.codec.property));
    const std::string subject = term.property_id.empty()
                                    ? "\"timestamp\":" + json::quote(type)
                                    : "\"property\":" + json::quote(term.property_id);
    return "{" + subject + ",\"" + type + "\":{\"" + std::string(name) +
           "\":" + std::string(operand) + "}}";
}

std::optional<std::string> all_of(std::vector<std::string> parts) {
    if (parts.empty())
        return std::nullopt;
    if (parts.size() > conditions_max)
        parts.resize(conditions_max); // fewer conditions: a superset
    return parts.size() == 1 ? std::move(parts.front()) : combined("and", parts);
}

std::optional<std::string> any_of(std::vector<std::string> parts) {
    if (parts.empty() || parts.size() > conditions_max)
        return std::nullopt;
    return parts.size() == 1 ? std::move(parts.front()) : combined("or", parts);
}

Push classify(const Codec& codec, Operator op) {
    if (!accepts(codec.property, codec.column))
        return Push::here;
    return fitted(classify_type(codec, op), codec.fit, op);
}

Leaf build_leaf(const Term& term) {
    if (classify(term.codec, term.op) == Push::here)
        return {};
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
    default:
        return list_leaf(term);
    }
}

Filter build_filter(const std::vector<Term>& terms) {
    Filter filter;
    std::vector<std::string> parts;
    for (const Term& term : terms) {
        Leaf leaf = build_leaf(term);
        filter.never = filter.never || leaf.never;
        if (!leaf.json)
            continue;
        if (parts.size() == conditions_max) {
            filter.complete = false;
            continue;
        }
        parts.push_back(std::move(*leaf.json));
        ++filter.pushed;
    }
    if (!filter.never)
        filter.json = all_of(std::move(parts)).value_or("");
    return filter;
}

} // namespace notion
