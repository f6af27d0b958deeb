// Wish: see the header.
// scope: none.
#include "core/sync/wish.hpp"

#include <utility>

namespace notion::sync {
namespace {

std::string why_unsendable(const Error& error) {
    const std::string why = std::string(hold::unsendable) + error.message;
    return error.detail.empty() ? why : why + ": " + error.detail;
}

/// All that a new page is to hold. What is empty is not sent: it is what a new page has anyway.
Fields fields_of_create(const Link& link, const Mapping& mapping, const Row& row, Held& held) {
    Fields fields;
    for (const Field& field : link.fields) {
        const std::optional<Cell> p = cell_in(field, row, mapping);
        if (!field.sends() || field.is_marker || !p)
            continue;
        const Result<Value> value = canonical(field, *p);
        if (!value.ok())
            held[field.id] = why_unsendable(value.error());
        else if (!is_empty(*value))
            fields[field.id] = *p;
    }
    return fields;
}

PageSide page_side(const Mapping& mapping) {
    switch (mapping.page_state) {
    case PageState::none:
        return PageSide::none;
    case PageState::live:
        return PageSide::live;
    case PageState::trashed:
        return mapping.row_deleted ? PageSide::trashed_by_us : PageSide::trashed_by_others;
    case PageState::moved:
        return PageSide::moved;
    case PageState::unreachable:
        return PageSide::unreachable;
    case PageState::gone:
        break;
    }
    return PageSide::gone;
}

Conflict edit_against_delete() {
    Conflict conflict;
    conflict.kind = "edit against delete";
    conflict.winner = "postgres";
    conflict.note = "the row was changed here after its page was moved to the trash in Notion; "
                    "the page is restored";
    return conflict;
}

std::string why_wait(const Mapping& mapping) {
    switch (mapping.page_state) {
    case PageState::moved:
        return "the page was moved out of its data source";
    case PageState::unreachable:
        return "the page is not shared with the connection";
    case PageState::gone:
        return "the page is gone";
    default:
        return "the row is not visible, and no DELETE of it was captured";
    }
}

void restore(Decision& decision) {
    decision.wish = Wish{FlightKind::restore, {}}; // its fields follow once the page is back
}

void act(const Link& link, const Mapping& mapping, const std::optional<Row>& row, Fields dirty,
         ExistenceAction action, Decision& decision) {
    switch (action) {
    case ExistenceAction::create:
        if (link.creates_pages())
            decision.wish =
                Wish{FlightKind::create, fields_of_create(link, mapping, *row, decision.held)};
        else
            decision.reason = "the link sends nothing to Notion";
        return;
    case ExistenceAction::merge:
        if (!dirty.empty())
            decision.wish = Wish{FlightKind::patch, std::move(dirty)};
        return;
    case ExistenceAction::edit_against_delete:
        decision.conflicts.push_back(edit_against_delete());
        restore(decision);
        return;
    case ExistenceAction::restore:
        if (link.creates_pages()) {
            restore(decision);
            decision.row_deleted = true; // until it is done: else a later look takes the trash for
        }                                // somebody else's
        return;
    case ExistenceAction::postgres_delete:
        if (link.creates_pages() && link.on_postgres_delete == OnPostgresDelete::trash)
            decision.wish = Wish{FlightKind::trash, {}};
        return;
    case ExistenceAction::wait:
        decision.reason = why_wait(mapping);
        return;
    case ExistenceAction::notion_trash:
        decision.reason = "the page is in Notion's trash";
        return;
    case ExistenceAction::nothing:
    case ExistenceAction::keep_page:
    case ExistenceAction::tombstone:
        return;
    }
}

/// What an apply caused, that caused an apply, that caused an apply: two systems that feed
/// each other.
void hold_oscillating(const Link& link, const Row& row, Fields& dirty, Decision& decision) {
    for (const auto& [id, cell] : dirty) {
        decision.held[id] = hold::oscillates;
        const Field* field = link.field(id);
        Conflict conflict;
        conflict.kind = "oscillates";
        conflict.column = field->column;
        conflict.postgres = row.contains(field->column) ? row.find(field->column)->second : cell;
        conflict.rule = field->rule_name();
        conflict.is_open = true;
        conflict.note = "each side's change causes the other's";
        decision.conflicts.push_back(std::move(conflict));
    }
    dirty.clear();
}

/// A field whose conflict is open: the row has moved on. Where it has come to what the page showed
/// last the conflict is over, and the field is sent like any other, after a look at the page.
void follow_held(const Link& link, Mapping& mapping, const Row& row, Decision& decision) {
    for (const Field& field : link.fields) {
        const auto held = mapping.held.find(field.id);
        const auto entry = mapping.base.find(field.id);
        const std::optional<Cell> p = cell_in(field, row, mapping);
        if (held == mapping.held.end() || held->second != hold::conflict || !p ||
            entry == mapping.base.end() || !entry->second.seen)
            continue;
        const Result<Value> here = canonical(field, *p);
        const Result<Value> there = decoded(field, *entry->second.seen);
        if (here.ok() && there.ok() && agrees(field, *here, *there)) {
            mapping.held.erase(held);
            decision.agreed.push_back(field.column);
            continue;
        }
        Conflict conflict;
        conflict.column = field.column;
        conflict.base = entry->second.p.value_or(std::nullopt);
        conflict.postgres = *p;
        conflict.notion = there.ok() ? to_cell(field, *there) : Cell(*entry->second.seen);
        conflict.rule = field.rule_name();
        conflict.is_open = true;
        decision.conflicts.push_back(std::move(conflict));
    }
}

/// Nobody has to decide about the cells of a row that is gone.
void forget_fields(const Link& link, const Mapping& mapping, Decision& decision) {
    for (const auto& [id, reason] : mapping.held) {
        if (id == hold::whole)
            decision.held[id] = reason;
        else if (const Field* field = link.field(id))
            decision.agreed.push_back(field->column);
    }
}

Fields dirty_or_held(const Link& link, const Mapping& mapping, const Row& row, Decision& decision) {
    if (mapping.held.empty())
        return dirty_fields(link, mapping, row, decision.held);
    Mapping followed = mapping;
    follow_held(link, followed, row, decision);
    return dirty_fields(link, followed, row, decision.held);
}

} // namespace

bool is_dirty(const Field& field, const BaseEntry* base, const Cell& p) {
    if (base && base->p)
        return !same_cell(field, p, *base->p);
    if (base && base->n)
        return true; // what Notion has fits no column: whatever is here differs from it
    const Result<Value> value = canonical(field, p);
    return !value.ok() || !is_empty(*value);
}

std::optional<Cell> cell_in(const Field& field, const Row& row, const Mapping& mapping) {
    const auto cell = row.find(field.column);
    if (cell != row.end())
        return cell->second;
    if (field.is_marker && mapping.exists)
        return Cell(mapping.key);
    return std::nullopt;
}

Fields dirty_fields(const Link& link, const Mapping& mapping, const Row& row, Held& held) {
    Fields dirty;
    for (const Field& field : link.fields) {
        const auto known = mapping.held.find(field.id);
        if (known != mapping.held.end() && lasts(known->second)) {
            held[field.id] = known->second;
            continue;
        }
        const std::optional<Cell> p = cell_in(field, row, mapping);
        if (!field.sends() || !p)
            continue;
        const auto entry = mapping.base.find(field.id);
        if (!is_dirty(field, entry == mapping.base.end() ? nullptr : &entry->second, *p))
            continue;
        const Result<Value> value = canonical(field, *p);
        if (value.ok())
            dirty[field.id] = *p;
        else
            held[field.id] = why_unsendable(value.error());
    }
    return dirty;
}

Decision decide(const Link& link, const Mapping& mapping, const std::optional<Row>& row,
                bool deleted) {
    Decision decision;
    decision.row_deleted = !row && (deleted || mapping.row_deleted);
    if (mapping.flight != FlightState::none) {
        decision.held = mapping.held;
        decision.reason = "a write to the page is under way";
        return decision;
    }
    if (const auto whole = mapping.held.find(hold::whole); whole != mapping.held.end()) {
        decision.held = mapping.held;
        decision.reason = whole->second;
        return decision;
    }
    Fields dirty;
    RowSide side = decision.row_deleted ? RowSide::deleted : RowSide::unseen;
    if (row) {
        if (mapping.page_state != PageState::none)
            dirty = dirty_or_held(link, mapping, *row, decision);
        side = dirty.empty() ? RowSide::clean : RowSide::dirty;
        if (mapping.hops >= hops_max && !dirty.empty())
            hold_oscillating(link, *row, dirty, decision);
    } else if (decision.row_deleted) {
        forget_fields(link, mapping, decision);
    } else {
        decision.held = mapping.held;
    }
    act(link, mapping, row, std::move(dirty), exist(side, page_side(mapping)), decision);
    return decision;
}

} // namespace notion::sync
