// Filter, inside: any tree of conditions as two levels of lists, which is all that Notion takes: an
// `and` of `or`s or an `or` of `and`s, whichever is shorter. Where neither fits, an `and` with some
// of its members: more rows, never fewer. scope: none.
#include <algorithm>

#include "core/notion/filter_parts.hpp"

namespace notion {
namespace {

using Group = std::vector<std::string>;
using Groups = std::vector<Group>;
using Kind = Clause::Kind;

constexpr size_t groups_max = conditions_max - within_max;
/// Conditions that may be copied for one form: a filter as long as Notion takes, ten lists of a
/// hundred, needs 1,000. What needs more would not fit either.
constexpr size_t work_max = 20'000;

void add(Group& group, const Group& more) {
    for (const std::string& one : more)
        if (std::ranges::find(group, one) == group.end())
            group.push_back(one);
}

/// Without what decides nothing: `unsaid` in an `and`, `never` in an `or`, lists in like lists.
Clause simplified(const Clause& clause) {
    if (clause.kind != Kind::all && clause.kind != Kind::any)
        return clause;
    const bool all = clause.kind == Kind::all;
    const Kind neutral = all ? Kind::unsaid : Kind::never;
    const Kind decisive = all ? Kind::never : Kind::unsaid;
    Clause out{clause.kind};
    for (const Clause& raw : clause.parts) {
        Clause part = simplified(raw);
        if (part.kind == decisive)
            return {decisive};
        if (part.kind == neutral)
            continue;
        if (part.kind == clause.kind)
            std::ranges::move(part.parts, std::back_inserter(out.parts));
        else
            out.parts.push_back(std::move(part));
    }
    if (out.parts.empty())
        return {neutral};
    return out.parts.size() == 1 ? Clause(out.parts.front()) : out;
}

/// Spreads a clause into lists of lists: `and` of `or`s (outer all), or `or` of `and`s.
struct Spreading {
    Kind outer;
    size_t longest;
    bool cut = false; ///< some lists are missing: no room, or one became too long
    size_t work = work_max;

    Groups spread(const Clause& clause);
    Groups product(Groups lefts, const Groups& rights);
};

Groups Spreading::product(Groups lefts, const Groups& rights) {
    Groups out;
    for (Group& left : lefts)
        for (const Group& right : rights) {
            const bool last = &right == &rights.back(); // takes the list itself, no copy
            const size_t copied = right.size() + (last ? 0 : left.size());
            if (out.size() == groups_max || work < copied) {
                cut = true;
                return out;
            }
            work -= copied;
            Group joined = last ? std::move(left) : left;
            add(joined, right);
            if (joined.size() > longest)
                cut = true;
            else
                out.push_back(std::move(joined));
        }
    return out;
}

Groups Spreading::spread(const Clause& clause) {
    if (clause.kind == Kind::leaf)
        return {{clause.json}};
    const bool same = clause.kind == outer;
    Groups out;
    if (!same)
        out.emplace_back();
    for (const Clause& part : clause.parts) {
        Groups more = spread(part);
        if (same)
            std::ranges::move(more, std::back_inserter(out));
        else
            out = product(std::move(out), more);
    }
    if (out.size() > groups_max) {
        cut = true;
        out.resize(groups_max);
    }
    return out;
}

size_t leaves(const Groups& groups) {
    size_t count = 0;
    for (const Group& group : groups)
        count += group.size();
    return count;
}

std::string joined(const char* word, const std::vector<std::string>& parts) {
    if (parts.size() == 1)
        return parts.front();
    std::string out = std::string("{\"") + word + "\":[";
    for (size_t i = 0; i < parts.size(); ++i)
        out += (i > 0 ? "," : "") + parts[i];
    return out + "]}";
}

} // namespace

bool has_gap(const Clause& clause) {
    return clause.kind == Kind::unsaid || std::ranges::any_of(clause.parts, has_gap);
}

Filter fit(const Clause& clause, bool& complete) {
    Filter filter;
    complete = true;
    const Clause plain = simplified(clause);
    filter.never = plain.kind == Kind::never;
    if (plain.kind == Kind::never || plain.kind == Kind::unsaid)
        return filter;
    Spreading by_all{Kind::all, conditions_max};
    Spreading by_any{Kind::any, groups_max};
    Groups all = by_all.spread(plain);
    Groups any = by_any.spread(plain);
    const bool all_cut = by_all.cut || leaves(all) > leaves_max;
    const bool any_cut = by_any.cut || leaves(any) > leaves_max;
    filter.conjunctive = any_cut || (!all_cut && leaves(all) <= leaves(any));
    filter.groups = filter.conjunctive ? std::move(all) : std::move(any);
    complete = !filter.conjunctive || !all_cut;
    while (leaves(filter.groups) > leaves_max) // only an `and` comes here: one member less
        filter.groups.pop_back();
    return filter;
}

std::string filter_json(const Filter& filter, std::span<const Term> within) {
    std::vector<std::string> always;
    for (const Term& term : within) {
        bool complete = true;
        for (const Group& group : fit(build_leaf(term), complete).groups)
            always.insert(always.end(), group.begin(), group.end());
    }
    std::vector<std::string> lists;
    for (const Group& group : filter.groups) {
        if (filter.conjunctive) {
            lists.push_back(joined("or", group));
            continue;
        }
        Group whole = group;
        add(whole, always);
        lists.push_back(joined("and", whole));
    }
    if (!filter.conjunctive && !lists.empty())
        return joined("or", lists);
    lists.insert(lists.end(), always.begin(), always.end());
    return lists.empty() ? "" : joined("and", lists);
}

} // namespace notion
