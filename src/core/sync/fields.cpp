// Fields: see the header.
// scope: call.
#include "core/sync/fields.hpp"

#include <utility>

namespace notion::sync {
namespace {

/// One field under merge: what it is, and what is known of both sides.
struct One {
    const Field& field;
    BaseEntry& entry; ///< in merged.base
    bool had_entry;
    const std::string& half; ///< n
    Cell p;
    Result<Value> here;  ///< canonical p
    Result<Value> there; ///< decode(n)
    FieldCase facts;
    const Resolution* resolution = nullptr; ///< a person's decision that still stands
    bool moved_on = false;                  ///< one that a side has overtaken: judged anew
};

std::string_view rule_name(const One& one) {
    if (one.facts.rule == Rule::function && one.field.direction == Direction::both)
        return one.field.function;
    if (one.resolution)
        return "resolved";
    if (one.field.is_marker)
        return "marker";
    if (one.field.direction != Direction::both)
        return name_of(one.field.direction);
    return name_of(one.facts.rule);
}

/// A value for people and logs: the column's text, or where it cannot be one, Notion's JSON.
Cell shown(const One& one) {
    return one.there.ok() ? to_cell(one.field, *one.there) : Cell(one.half);
}

Conflict conflict_of(const One& one, std::string_view winner, std::string_view note) {
    Conflict conflict;
    conflict.column = one.field.column;
    conflict.base = one.entry.p.value_or(std::nullopt);
    conflict.postgres = one.p;
    conflict.notion = shown(one);
    conflict.rule = rule_name(one);
    conflict.winner = winner;
    conflict.is_open = winner.empty();
    conflict.note = note;
    return conflict;
}

void log_change(const One& one, Cell from, Cell to, std::string_view side, Merged& merged) {
    Change change;
    change.column = one.field.column;
    change.from = std::move(from);
    change.to = std::move(to);
    change.rule = rule_name(one);
    change.side = side;
    merged.log.push_back(std::move(change));
}

void hold_field(const One& one, std::string reason, Merged& merged) {
    one.entry.seen = one.half;
    merged.held[one.field.id] = std::move(reason);
}

void release(const One& one, Merged& merged) {
    one.entry.seen.reset();
    if (merged.held.erase(one.field.id) > 0)
        merged.agreed.push_back(one.field.column);
}

void write_column(const One& one, const Value& value, Merged& merged) {
    Cell cell = to_cell(one.field, value);
    log_change(one, one.p, cell, "notion", merged);
    merged.write[one.field.column] = std::move(cell);
}

/// What the column cannot be, whatever Notion says. "" = nothing.
std::string refusal(const One& one) {
    if (!one.there.ok())
        return std::string(hold::misfit) + one.there.error().message;
    const Cell cell = to_cell(one.field, *one.there);
    if (!cell && one.field.not_null)
        return std::string(hold::misfit) + "the column is NOT NULL and the property is empty";
    return "";
}

void set_base(const One& one) {
    one.entry.n = one.half;
    switch (base_after(merge_field(one.facts))) {
    case BaseAfter::old:
        break;
    case BaseAfter::p_and_n:
        one.entry.p = one.p;
        break;
    case BaseAfter::decoded_and_n:
        // What does not fit the column has no P: then p counts as dirty, whatever it is.
        one.entry.p =
            one.there.ok() ? std::optional<Cell>(to_cell(one.field, *one.there)) : std::nullopt;
        break;
    }
}

std::string_view note_of(const One& one) {
    if (one.facts.doubt && one.facts.page == Seen::same)
        return "the outcome of our write is not known: it was not made, or somebody set it back";
    const bool undecidable = one.facts.rule == Rule::newest &&
                             one.field.direction == Direction::both &&
                             one.facts.newer == Newer::undecidable;
    return undecidable ? "the times of the two edits overlap" : "";
}

void unite_sets(const One& one, Merged& merged) {
    Value base;
    if (one.entry.p) {
        const Result<Value> known = canonical(one.field, *one.entry.p);
        if (known.ok())
            base = *known;
    }
    const Value united = unite(base, *one.here, *one.there);
    if (!same(one.field, united, *one.here))
        write_column(one, united, merged);
    set_base(one);
    merged.dirty |= !same(one.field, united, *one.there);
}

void act(One& one, FieldAction action, Merged& merged) {
    switch (action) {
    case FieldAction::nothing:
    case FieldAction::ask:
        return;
    case FieldAction::send:
        merged.dirty = true;
        return;
    case FieldAction::note:
    case FieldAction::agree:
        set_base(one);
        release(one, merged);
        return;
    case FieldAction::take_over:
        merged.conflicts.push_back(conflict_of(one, "notion", note_of(one)));
        [[fallthrough]];
    case FieldAction::take:
        if (!one.field.is_marker) // the marker is never inbound, whatever was typed into it
            write_column(one, *one.there, merged);
        set_base(one);
        release(one, merged);
        return;
    case FieldAction::keep:
        merged.conflicts.push_back(conflict_of(one, "postgres", note_of(one)));
        break;
    case FieldAction::put_back:
        log_change(one, shown(one), one.p, "postgres", merged);
        break;
    case FieldAction::unite:
        unite_sets(one, merged);
        release(one, merged);
        return;
    case FieldAction::hold:
        if (!merged.held.contains(one.field.id) || one.moved_on)
            merged.held[one.field.id] = hold::conflict;
        else if (one.entry.seen && same_half(*one.entry.seen, one.half))
            return;
        merged.conflicts.push_back(conflict_of(
            one, "", one.moved_on ? "decided, but a side has changed since" : note_of(one)));
        one.entry.seen = one.half;
        return;
    }
    merged.dirty = true;
    set_base(one);
    release(one, merged);
}

Newer newer_of(const Field& field, const Mapping& mapping, const Snapshot& snapshot,
               const Times& times) {
    EditTimes edits;
    edits.committed_us = times.row_changed_us ? times.row_changed_us : mapping.changed_us;
    edits.equal_us = mapping.seen_us;
    edits.edited_us = snapshot.edited_us;
    if (const auto event = times.events_us.find(field.property_id); event != times.events_us.end())
        edits.event_us = event->second;
    return newest(edits);
}

/// Whoever decided saw both sides: what would be overwritten must still be what they saw.
bool stands(const One& one, const Resolution& resolution) {
    const bool here = same_cell(one.field, one.p, resolution.postgres);
    const bool there = same_cell(one.field, shown(one), resolution.notion);
    if (resolution.winner == "notion")
        return here;
    return resolution.winner == "postgres" ? there : here && there;
}

/// A person's decision stands in for the rule, as long as nobody has moved on since.
void apply_resolution(One& one, std::string_view reason, const Times& times) {
    const auto found = times.resolutions.find(one.field.id);
    if (found != times.resolutions.end() && !stands(one, found->second)) {
        one.moved_on = true;
        return;
    }
    if (found != times.resolutions.end())
        one.resolution = &found->second;
    one.facts.rule = reason == hold::resolved_notion ? Rule::notion : Rule::postgres;
    one.facts.direction = Direction::both;
    one.facts.is_set = false;
    one.facts.page = Seen::news;
    one.facts.dirty = true;
}

void judge(One& one, const Mapping& mapping, const Snapshot& snapshot, const Times& times) {
    one.facts.direction = one.field.direction;
    one.facts.rule = one.field.rule;
    one.facts.is_set = one.field.is_set() && one.here.ok() && one.there.ok();
    one.facts.page = is_news(one.field, mapping, one.half) ? Seen::news : Seen::same;
    one.facts.dirty = is_dirty(one.field, one.had_entry ? &one.entry : nullptr, one.p);
    one.facts.equal = one.here.ok() && one.there.ok() && agrees(one.field, *one.here, *one.there);
    const auto held = mapping.held.find(one.field.id);
    if (held != mapping.held.end()) {
        // Seen before and held still: news all the same, should it now agree with the row.
        const bool differs = !one.entry.n || !same_half(*one.entry.n, one.half);
        one.facts.page = differs ? Seen::news : Seen::same;
        one.facts.held = held->second == hold::conflict || held->second == hold::oscillates;
        one.facts.doubt = held->second == hold::doubtful;
        if (is_resolved(held->second))
            apply_resolution(one, held->second, times);
    }
    if (one.facts.page == Seen::news && one.facts.dirty && !one.facts.equal)
        one.facts.newer = newer_of(one.field, mapping, snapshot, times);
}

/// A person or a function gave a value: it is written here, and sent where it is not there.
void take_value(const One& one, Merged& merged) {
    const Cell& value = one.resolution->value;
    const bool is_here = same_cell(one.field, one.p, value);
    const bool is_there = same_cell(one.field, shown(one), value);
    if (!is_here) {
        log_change(one, one.p, value, is_there ? "notion" : "postgres", merged);
        merged.write[one.field.column] = value;
    }
    const std::string_view winner = is_there ? "notion" : is_here ? "postgres" : "value";
    merged.conflicts.push_back(conflict_of(one, winner, ""));
    merged.conflicts.back().value = value;
    one.entry.n = one.half;
    one.entry.p =
        one.there.ok() ? std::optional<Cell>(to_cell(one.field, *one.there)) : std::nullopt;
    release(one, merged);
    merged.dirty |= !is_there;
}

/// Its rule is a function: asked, or answered already.
void ask(One& one, const Times& times, Merged& merged) {
    const auto answer = times.answers.find(one.field.id);
    if (answer != times.answers.end()) {
        one.resolution = &answer->second;
        return take_value(one, merged);
    }
    const std::string_view newer = one.facts.newer == Newer::postgres ? "postgres"
                                   : one.facts.newer == Newer::notion ? "notion"
                                                                      : "";
    merged.asks.push_back({one.field.id, one.field.column, one.field.function,
                           one.entry.p.value_or(std::nullopt), one.p, shown(one), newer});
}

void hold_oscillating(const One& one, Merged& merged) {
    Conflict conflict = conflict_of(one, "", "each side's change causes the other's");
    conflict.kind = hold::oscillates;
    merged.conflicts.push_back(std::move(conflict));
    hold_field(one, std::string(hold::oscillates), merged);
}

/// What the row holds is not known yet: what the page shows has to wait, and is not overwritten.
void hold_unjudged(const Field& field, const Mapping& mapping, const std::string& half,
                   Merged& merged) {
    if (!is_news(field, mapping, half))
        return;
    merged.base[field.id].seen = half;
    merged.held[field.id] = hold::unfollowed;
}

void merge_one(One& one, const Times& times, Merged& merged) {
    const FieldAction action = merge_field(one.facts);
    if (one.facts.doubt)
        merged.held.erase(one.field.id); // judged now
    if (one.resolution && one.resolution->winner == "value")
        return take_value(one, merged);
    if (action == FieldAction::ask)
        return ask(one, times, merged);
    const bool writes =
        !one.field.is_marker && (action == FieldAction::take || action == FieldAction::take_over ||
                                 action == FieldAction::unite);
    if (times.unfollowed.contains(one.field.property_id) &&
        (writes || action == FieldAction::put_back))
        return hold_field(one, std::string(hold::unfollowed), merged);
    if (writes) {
        std::string why = refusal(one);
        if (!why.empty()) {
            hold_field(one, std::move(why), merged);
            return;
        }
        if (times.hops >= hops_max) {
            hold_oscillating(one, merged);
            return;
        }
    }
    // Equal to the base for this part of the property, but not to the letter: keep the letter.
    if (one.facts.page == Seen::same && one.had_entry && one.entry.n)
        one.entry.n = one.half;
    const auto held = merged.held.find(one.field.id);
    const bool repaired = held != merged.held.end() && !one.facts.held &&
                          one.facts.page == Seen::same && held->second != hold::gone;
    if (repaired)
        release(one, merged);
    act(one, action, merged);
}

} // namespace

void merge_fields(const Link& link, const Mapping& mapping, const Row& row,
                  const Snapshot& snapshot, const Times& times, Merged& merged) {
    for (const Field& field : link.fields) {
        const auto half = snapshot.properties.find(field.property_id);
        const std::optional<Cell> p = cell_in(field, row, mapping);
        if (half != snapshot.properties.end() && !p)
            hold_unjudged(field, mapping, half->second, merged);
        if (half == snapshot.properties.end() || !p)
            continue;
        if (const auto held = merged.held.find(field.id);
            held != merged.held.end() && held->second == hold::gone)
            merged.held.erase(held);             // it is back
        if (field.is_marker && !field.sends()) { // nothing is ever sent: the page's id pairs them
            merged.base[field.id] = {*p, half->second, std::nullopt};
            continue;
        }
        const bool had_entry = mapping.base.contains(field.id);
        One one{field,
                merged.base[field.id],
                had_entry,
                half->second,
                *p,
                canonical(field, *p),
                decoded(field, half->second),
                {}};
        judge(one, mapping, snapshot, times);
        merge_one(one, times, merged);
        if (!one.entry.p && !one.entry.n && !one.entry.seen)
            merged.base.erase(field.id);
    }
}

void insert_fields(const Link& link, const Mapping& mapping, const Snapshot& snapshot,
                   const Times& times, Merged& merged) {
    for (const Field& field : link.fields) {
        const auto half = snapshot.properties.find(field.property_id);
        if (half == snapshot.properties.end())
            continue;
        BaseEntry& entry = merged.base[field.id];
        entry = {};
        if (field.takes() && times.unfollowed.contains(field.property_id)) {
            entry.seen = half->second;
            merged.held[field.id] = hold::unfollowed;
            continue;
        }
        const Result<Value> there = decoded(field, half->second);
        if (!there.ok()) {
            entry.n = half->second;
            entry.seen = half->second;
            merged.held[field.id] = std::string(hold::misfit) + there.error().message;
            continue;
        }
        const Cell cell = to_cell(field, *there);
        entry.p = cell;
        entry.n = half->second;
        if (field.is_marker) {
            if (mapping.exists) // the row comes back under its own key
                merged.write[field.column] = mapping.key;
            continue;
        }
        if (!field.takes() || !cell)
            continue;
        merged.write[field.column] = cell;
        merged.log.push_back({field.column, std::nullopt, cell, "", "notion"});
    }
}

} // namespace notion::sync
