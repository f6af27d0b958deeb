// Filter, inside: conditions on dates and times. All are wide; see docs/types.md for the margins.
// scope: none.
#include <algorithm>

#include "core/notion/date.hpp"
#include "core/notion/filter_parts.hpp"

namespace notion {
namespace {

/// A date without time has no zone: ours begins up to a day before or after UTC's, and so may the
/// zone in which Notion compares it, and the one in which it reads the operand.
constexpr int margin_days = 2;
/// Shown times are cut to the minute, or rounded to it: nobody says which. What is compared may
/// have seconds.
constexpr int64_t margin_us = minute_us;

/// What an operand says: rows lie between, either side open.
struct Span {
    std::optional<Instant> from;
    std::optional<Instant> to;
};

/// The first instant of the operand, and the first after it: the same but for columns of days.
struct Edges {
    Instant first;
    Instant after;
};
std::optional<Edges> edges(const Value& value, const Codec& codec) {
    if (const auto* instant = std::get_if<Instant>(&value))
        return is_storable(*instant) ? std::optional(Edges{*instant, *instant}) : std::nullopt;
    const auto* day = std::get_if<Day>(&value);
    if (day == nullptr || !is_storable(*day) || !is_storable(Day{day->days + 1}))
        return std::nullopt;
    const Zone& zone = zone_of(codec);
    return Edges{zone.start_of(*day), zone.start_of({day->days + 1})};
}

/// nullopt: nothing can be said of this operand.
std::optional<Span> span_of(Operator op, const Edges& edge) {
    switch (op) {
    case Operator::equal:
    case Operator::any_of:
        return Span{edge.first, edge.after};
    case Operator::less:
        return Span{std::nullopt, edge.first};
    case Operator::less_equal:
        return Span{std::nullopt, edge.after};
    case Operator::greater:
        return Span{edge.after, std::nullopt};
    case Operator::greater_equal:
        return Span{edge.first, std::nullopt};
    default:
        return std::nullopt;
    }
}

/// The span of all operands together; nullopt where nothing can be said, `any` tells whether one
/// is not NULL.
std::optional<Span> span_of(const Term& term, bool& any) {
    std::optional<Span> all;
    any = false;
    for (const Value& value : term.operands) {
        if (is_null(value))
            continue;
        any = true;
        const auto edge = edges(value, term.codec);
        const auto span = edge ? span_of(term.op, *edge) : std::nullopt;
        if (!span)
            return std::nullopt;
        if (!all) {
            all = span;
            continue;
        }
        // Only any_of has several, and its spans are closed on both sides.
        all->from = std::min(*all->from, *span->from);
        all->to = std::max(*all->to, *span->to);
    }
    return all;
}

std::string moment(Instant instant) {
    return json::quote(format_instant(instant));
}

Clause time_leaf(const Term& term, const Span& span) {
    std::vector<Clause> parts;
    if (span.from) {
        const Instant from{to_minute(*span.from).us - margin_us};
        if (is_storable(from))
            parts.push_back(condition(term, "on_or_after", moment(from)));
    }
    if (span.to) {
        const Instant to{to_minute({span.to->us + minute_us - 1}).us + margin_us};
        if (is_storable(to))
            parts.push_back(condition(term, "on_or_before", moment(to)));
    }
    return all_of(std::move(parts));
}

/// Only a lower bound: whether Notion compares the start or the end of a range is undocumented,
/// and what starts later also ends later, but not the other way round.
Clause day_leaf(const Term& term, const std::optional<Span>& span) {
    if (span && span->from) {
        const Day from{utc_day(*span->from).days - margin_days};
        if (is_storable(from))
            return condition(term, "on_or_after", json::quote(format_day(from)));
    }
    return not_empty(term);
}

} // namespace

Clause date_leaf(const Term& term) {
    const bool property = term.codec.property == PropertyType::date;
    if (term.op == Operator::is_null && property)
        return empty(term);
    if (term.op == Operator::is_not_null && property)
        return not_empty(term);
    if (term.op == Operator::is_null)
        return never(); // a page was always created and edited at some time
    bool any = false;
    const auto span = span_of(term, any);
    if (!any)
        return never();
    // An end is never before its start, as far as anybody says so: nothing is built on it.
    if (property && term.codec.part == DatePart::end)
        return not_empty(term);
    if (property)
        return day_leaf(term, span);
    return span ? time_leaf(term, *span) : unsaid();
}

} // namespace notion
