// Reconcile: see the header.
// scope: none.
#include "core/sync/reconcile.hpp"

#include <utility>

#include "core/sync/fields.hpp"

namespace notion::sync {
namespace {

Merged unchanged(const Mapping& mapping) {
    Merged merged;
    merged.base = mapping.base;
    merged.held = mapping.held;
    merged.page_state = mapping.page_state;
    merged.row_deleted = mapping.row_deleted;
    return merged;
}

Merged wait(const Mapping& mapping, std::string reason) {
    Merged merged = unchanged(mapping);
    merged.action = MergeAction::wait;
    merged.reason = std::move(reason);
    return merged;
}

/// A page that no row belongs to.
Merged new_page(const Link& link, const Mapping& mapping, const Snapshot& snapshot,
                const Times& times) {
    Merged merged = unchanged(mapping);
    const bool elsewhere = is_elsewhere(link, snapshot);
    if (snapshot.in_trash || elsewhere || !link.creates_rows()) {
        merged.page_state = snapshot.in_trash ? PageState::trashed
                            : elsewhere       ? PageState::moved
                                              : PageState::live;
        return merged;
    }
    merged.page_state = PageState::live;
    merged.held.clear();
    merged.row_deleted = false;
    merged.action = MergeAction::insert;
    insert_fields(link, mapping, snapshot, times, merged);
    for (const Field& field : link.fields)
        merged.dirty |= field.is_marker && field.sends();
    return merged;
}

bool is_dirty_row(const Link& link, const Mapping& mapping, const Row& row) {
    Held ignored;
    return !dirty_fields(link, mapping, row, ignored).empty();
}

/// The page is in the trash: its own word, not an absence.
Merged trashed(const Link& link, const Mapping& mapping, const std::optional<Row>& row,
               const Times& times) {
    Merged merged = unchanged(mapping);
    merged.page_state = PageState::trashed;
    merged.action = MergeAction::trashed;
    merged.row_deleted = !row && (mapping.row_deleted || times.deleted);
    if (!row)
        return merged;
    if (mapping.row_deleted && mapping.page_state == PageState::trashed && link.creates_pages()) {
        merged.row_deleted = true; // the row came back, its page not yet: decide() restores it
        merged.dirty = true;
        return merged;
    }
    merged.dirty = is_dirty_row(link, mapping, *row);
    if (!link.creates_rows())
        return merged;
    if (link.on_notion_trash == OnNotionTrash::mark)
        merged.mark = true;
    if (link.on_notion_trash != OnNotionTrash::remove || merged.dirty)
        return merged;
    const bool confirmed = mapping.page_state == PageState::trashed && times.trashed_since_us &&
                           times.asked_us &&
                           *times.asked_us - *times.trashed_since_us >= times.trash_grace_us;
    if (!confirmed) {
        merged.recheck = true;
        merged.reason = "the row is deleted once the page was in the trash for notion.trash_grace";
        return merged;
    }
    merged.action = MergeAction::remove;
    merged.row_deleted = true;
    merged.log.push_back({"", std::nullopt, std::nullopt, "on_notion_trash", "notion"});
    return merged;
}

constexpr std::string_view deleted_here = "deleted here, edited there";

Conflict decided_as_whole(std::string_view winner) {
    Conflict conflict;
    conflict.kind = deleted_here;
    conflict.rule = "resolved";
    conflict.winner = winner;
    return conflict;
}

/// A person who saw the page's edits decided for the deletion.
Merged trash_after_all(const Link& link, const Snapshot& snapshot, Merged merged) {
    for (const Field& field : link.fields) {
        const auto half = snapshot.properties.find(field.property_id);
        if (half != snapshot.properties.end())
            merged.base[field.id].n = half->second;
    }
    merged.held.erase(std::string(hold::whole));
    merged.conflicts.push_back(decided_as_whole("postgres"));
    merged.dirty = true;
    return merged;
}

/// A person decided for the page: its row comes back under its key.
Merged row_after_all(const Link& link, const Mapping& mapping, const Snapshot& snapshot,
                     const Times& times) {
    Merged merged = new_page(link, mapping, snapshot, times);
    merged.conflicts.push_back(decided_as_whole("notion"));
    return merged;
}

/// The row was deleted here, and its page shows an edit that whoever deleted had not seen.
Merged deleted_row(const Link& link, const Mapping& mapping, const Snapshot& snapshot) {
    Merged merged = unchanged(mapping);
    merged.page_state = PageState::live;
    merged.row_deleted = true;
    const auto held = mapping.held.find(hold::whole);
    if (held != mapping.held.end() && held->second == hold::resolved_postgres)
        return trash_after_all(link, snapshot, std::move(merged));
    const bool news = news_of(link, mapping, snapshot) == News::some;
    const bool would_trash =
        link.creates_pages() && link.on_postgres_delete == OnPostgresDelete::trash;
    if (!news || !would_trash || mapping.held.contains(hold::whole))
        return merged;
    Conflict conflict;
    conflict.kind = deleted_here;
    conflict.is_open = true;
    conflict.note = "the page was edited in Notion after the row's deletion was last seen there; "
                    "it is kept until notion.resolve: 'notion' brings the row back, 'postgres' "
                    "trashes the page";
    merged.conflicts.push_back(std::move(conflict));
    merged.held[std::string(hold::whole)] = "deleted here, edited in Notion: the page is kept";
    return merged;
}

Merged moved(const Mapping& mapping) {
    Merged merged = unchanged(mapping);
    merged.page_state = PageState::moved;
    merged.reason = "the page was moved out of its data source";
    return merged;
}

} // namespace

std::string_view name_of(MergeAction action) {
    switch (action) {
    case MergeAction::none:
        return "none";
    case MergeAction::insert:
        return "insert";
    case MergeAction::update:
        return "update";
    case MergeAction::remove:
        return "delete";
    case MergeAction::trashed:
        return "trashed";
    case MergeAction::ask:
        return "ask";
    case MergeAction::wait:
        break;
    }
    return "wait";
}

namespace {

Cell cell_of(const json::Value& object, std::string_view name) {
    const json::Value* value = json::find(object, name);
    return value && value->IsString() ? Cell(json::view(*value)) : Cell();
}

void read_resolutions(const json::Value& json, Times& times) {
    const json::Value* resolutions = json::find(json, "resolutions");
    if (!resolutions || !resolutions->IsObject())
        return;
    for (const auto& member : resolutions->GetObject())
        times.resolutions[std::string(json::view(member.name))] = {
            std::string(json::text(member.value, "winner")), cell_of(member.value, "postgres"),
            cell_of(member.value, "notion"), cell_of(member.value, "value")};
}

void read_answers(const json::Value& json, Times& times) {
    const json::Value* answers = json::find(json, "answers");
    if (!answers || !answers->IsObject())
        return;
    for (const auto& member : answers->GetObject()) {
        const std::string id(json::view(member.name));
        times.answers[id] = {"value", {}, {}, cell_of(*answers, id)};
    }
}

} // namespace

Result<Times> parse_times(std::string_view text) {
    Times times;
    if (text.empty())
        return times;
    const Result<json::Document> parsed = json::parse(text);
    if (!parsed.ok())
        return parsed.error();
    const json::Value& json = *parsed;
    times.row_changed_us = time_of(json, "row_changed_at");
    times.asked_us = time_of(json, "snapshot_asked_at");
    times.trashed_since_us = time_of(json, "trashed_since");
    times.deleted = json::truth(json, "deleted");
    if (const json::Value* hops = json::find(json, "hops"); hops && hops->IsInt())
        times.hops = hops->GetInt();
    if (const json::Value* events = json::find(json, "events"); events && events->IsObject()) {
        for (const auto& member : events->GetObject()) {
            const std::string id(json::view(member.name));
            if (const auto at = time_of(*events, id))
                times.events_us[id] = *at;
        }
    }
    read_resolutions(json, times);
    read_answers(json, times);
    for (std::string& id : json::texts(json, "unfollowed"))
        times.unfollowed.insert(std::move(id));
    if (const json::Value* grace = json::find(json, "trash_grace_ms"); grace && grace->IsInt64())
        times.trash_grace_us = us_of_ms(grace->GetInt64());
    return times;
}

Merged reconcile(const Link& link, const Mapping& mapping, const std::optional<Row>& row,
                 const Snapshot& snapshot, const Times& times) {
    if (mapping.flight != FlightState::none)
        return wait(mapping, "a write to the page is under way");
    if (!snapshot.cut.empty())
        return wait(mapping, "a list in the snapshot is incomplete");
    if (!mapping.exists && !row)
        return new_page(link, mapping, snapshot, times);
    if (snapshot.in_trash)
        return trashed(link, mapping, row, times);
    if (is_elsewhere(link, snapshot))
        return moved(mapping);
    if (!row) {
        // A row that went to the trash with its page, or a page that a person took out again.
        if (mapping.row_deleted && mapping.page_state == PageState::trashed)
            return new_page(link, mapping, snapshot, times);
        const auto held = mapping.held.find(hold::whole);
        if (held != mapping.held.end() && held->second == hold::resolved_notion)
            return row_after_all(link, mapping, snapshot, times);
        if (mapping.row_deleted || times.deleted)
            return deleted_row(link, mapping, snapshot);
        return wait(mapping, "the row is not visible, and no DELETE of it was captured");
    }
    Merged merged = unchanged(mapping);
    merged.page_state = PageState::live;
    merged.row_deleted = false;
    merge_fields(link, mapping, *row, snapshot, times, merged);
    if (link.on_notion_trash == OnNotionTrash::mark && mapping.page_state == PageState::trashed)
        merged.mark = false;
    merged.action = !merged.asks.empty()   ? MergeAction::ask
                    : merged.write.empty() ? MergeAction::none
                                           : MergeAction::update;
    return merged;
}

Rebased rebase(const Link& link, const Mapping& mapping, const Base& base, const Held& held,
               const Fields& write, const Row& row) {
    Rebased rebased;
    rebased.base = base;
    for (const Field& field : link.fields) {
        const std::optional<Cell> p = cell_in(field, row, mapping);
        if (!p)
            continue;
        const auto entry = rebased.base.find(field.id);
        if (entry != rebased.base.end() && entry->second.p &&
            same_cell(field, *p, *entry->second.p))
            entry->second.p = *p; // as PostgreSQL prints it
        const auto written = write.find(field.column);
        if (written != write.end() && !same_cell(field, *p, written->second))
            rebased.log.push_back({field.column, written->second, *p, "trigger", "postgres"});
    }
    Mapping after = mapping;
    after.base = rebased.base;
    after.held = held;
    rebased.dirty = is_dirty_row(link, after, row);
    return rebased;
}

} // namespace notion::sync
