// Arrival: see the header. What becomes of the row: decided by the core, with the row locked, and
// written as its owner.
// scope: step.
#include "pg/apply/arrival.hpp"

#include "pg/apply/image.hpp"
#include "pg/apply/origin.hpp"
#include "pg/apply/references.hpp"
#include "pg/apply/rows.hpp"
#include "pg/apply/rule.hpp"
#include "pg/capture/outbox.hpp"
#include "pg/worker/query.hpp"

namespace notion::pg::apply {
namespace {

using namespace worker;

constinit Query mark_deleted = {"SELECT ($1::jsonb || '{\"deleted\": true}')::text"};

constinit Query read_told = {
    "SELECT j ->> 'action', coalesce(j -> 'write', '{}')::text, coalesce(j ->> 'reason', ''), "
    "       coalesce(j -> 'asks', '[]')::text, coalesce(j ->> 'mark', ''), "
    "       coalesce((j ->> 'recheck')::boolean, false) "
    "FROM (SELECT $1::jsonb AS j) told"};

constinit Query keep_tombstone = {
    "UPDATE notion.mappings SET tombstone = $3 WHERE link = $1 AND key = $2"};

/// The image of the row that comes back, with what the page says now.
constinit Query read_tombstone = {
    "SELECT notion.revived(m.link, m.tombstone, $3)::text FROM notion.mappings m"
    " WHERE m.link = $1 AND m.key = $2 AND m.tombstone IS NOT NULL"};

constinit Query read_mark = {"SELECT substr(on_notion_trash, 6) FROM notion.links"
                             " WHERE id = $1 AND on_notion_trash LIKE 'mark:%'"};

/// A page becomes no row yet: a column that may not be NULL needs another's, or its own is near.
constinit Query is_early = {R"(
SELECT EXISTS (
    SELECT FROM jsonb_array_elements($2::jsonb) w
      JOIN notion.link_columns c ON c.link = $1 AND c.column_name = w ->> 'column_name'
      LEFT JOIN notion.links t ON t.table_id = c.refers_to
     WHERE c.not_null
        OR EXISTS (SELECT FROM notion.snapshots s
                    WHERE s.link = t.id AND s.page::text = w ->> 'wanted' AND NOT s.failed)
        OR EXISTS (SELECT FROM notion.jobs j WHERE j.link = t.id AND j.finished_at IS NULL
                      AND t.synced_at IS NULL AND t.state <> 'paused')))"};

Told told_of(std::string_view json) {
    (void)run(read_told, {as_jsonb(json)});
    return {json,
            column_view(0, 1),
            column_view(0, 2),
            column_text(0, 3),
            column_view(0, 4),
            column_view(0, 5),
            column_bool(0, 6)};
}

/// A row that Notion's trash takes away leaves its image, for the day when the page comes back.
bool remove(const Arrival& arrival, Refusal* refusal) {
    std::string_view image;
    if (!read_image(*arrival.linked, arrival.key, &image, refusal))
        return false;
    (void)run(keep_tombstone, {as_int4(arrival.link), as_text(arrival.key), as_jsonb(image)});
    return delete_row(*arrival.linked, arrival.key, refusal);
}

/// A new row, or one that comes back with all that it held beside the paired columns.
bool insert(Arrival& arrival, std::string_view values, Refusal* refusal) {
    (void)run(read_tombstone, {as_int4(arrival.link), as_text(arrival.key), as_jsonb(values)});
    if (SPI_processed > 0)
        return revive_row(*arrival.linked, column_view(0, 1), refusal);
    std::string_view key;
    if (!insert_row(*arrival.linked, assignments(values), &key, refusal))
        return false;
    arrival.key = key;
    return true;
}

/// What the core says of the two sides. False: the snapshot waits.
bool reconcile(Arrival& arrival, std::string_view row) {
    bridge::Fault fault;
    if (!bridge::sync_merge(arrival.linked->core, arrival.mapping, row, arrival.snapshot,
                            arrival.times, arrival.text, fault)) {
        set_aside(arrival, fault.message, false);
        return false;
    }
    arrival.told = told_of(keep(CurrentMemoryContext, bridge::text_view(arrival.text)));
    return true;
}

/// Relations that nobody can follow yet are not merged. False: the whole page waits for them.
bool follow(Arrival& arrival) {
    arrival.waits = follow_page(*arrival.linked, arrival.key, arrival.mapping, arrival.snapshot,
                                &arrival.times);
    if (!arrival.key.empty() || arrival.waits.empty())
        return true;
    keep_waits(*arrival.linked, arrival.page, Waiting::pages, arrival.waits);
    (void)run(is_early, {as_int4(arrival.link), as_jsonb(arrival.waits)});
    return !column_bool(0, 1);
}

/// The row, locked; "" where there is none. False: the snapshot waits.
bool read_here(Arrival& arrival, std::string_view* here) {
    Row row = {};
    Refusal refusal;
    if (arrival.is_mapped && !read_row(*arrival.linked, arrival.key, Lock::row, &row, &refusal)) {
        set_aside(arrival, refusal);
        return false;
    }
    if (row.outside) { // it does not fulfil the filter any more: as if deleted
        (void)run(mark_deleted, {as_jsonb(arrival.times)});
        arrival.times = keep(CurrentMemoryContext, column_view(0, 1));
    }
    *here = row.found ? row.json : std::string_view();
    return true;
}

} // namespace

bool decide(Arrival& arrival) {
    if (arrival.linked->refers && !follow(arrival)) {
        set_aside(arrival, "a page to which it relates has no row yet", true);
        return false;
    }
    std::string_view here;
    if (!read_here(arrival, &here) || !reconcile(arrival, here))
        return false;
    Refusal refusal;
    if (arrival.told.action == "ask") {
        const Question question = {arrival.link, arrival.key, arrival.page, arrival.told.asks};
        if (!ask_functions(*arrival.linked, question, &arrival.times, &refusal)) {
            set_aside(arrival, refusal);
            return false;
        }
        if (!reconcile(arrival, here))
            return false;
    }
    if (arrival.told.action == "wait") {
        set_aside(arrival, arrival.told.reason, false);
        return false;
    }
    if (arrival.linked->refers && !unfollow(*arrival.linked, &arrival.told.write)) {
        set_aside(arrival, "a row to which it refers has just gone", true);
        return false;
    }
    return true;
}

bool write(Arrival& arrival, Refusal* refusal) {
    const Told& told = arrival.told;
    capture::set_hops(arrival.hops);
    begin_applying(arrival.editor);
    if (told.action == "delete")
        return remove(arrival, refusal);
    if (told.action == "insert")
        return insert(arrival, told.write, refusal);
    if (told.action == "update") {
        const Assignments values = assignments(told.write);
        if (values.count > 0 && !update_row(*arrival.linked, arrival.key, values, refusal))
            return false;
    }
    if (told.mark.empty() || run(read_mark, {as_int4(arrival.link)}) == 0)
        return true;
    return mark_row(*arrival.linked, arrival.key, column_view(0, 1), told.mark == "true", refusal);
}

} // namespace notion::pg::apply
