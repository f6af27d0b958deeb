// The links of this database: see the header. scope: worker.
#include "pg/postgres.hpp"

#include "pg/options.hpp"
#include "pg/worker/links.hpp"
#include "pg/worker/query.hpp"
#include "pg/zone.hpp"

namespace notion::pg::worker {
namespace {

Linked* links;
size_t links_count;
size_t links_capacity;

constinit Query read_links = {
    "SELECT l.id, l.table_id::oid, l.foreign_table_id::oid, c.relowner, f.ftserver,"
    "       l.state = 'active', l.state = 'resting', "
    "       l.direction <> 'to_notion' OR l.content IS NOT NULL,"
    "       l.content IS NOT NULL,"
    "       l.content IS NOT NULL AND l.content_direction = 'both',"
    "       (to_jsonb(l) - '{state,reason,synced_at,created_at}'::text[]"
    "        || jsonb_build_object('columns',"
    "             (SELECT coalesce(jsonb_agg(to_jsonb(k) ORDER BY k.column_name), '[]')"
    "                FROM notion.link_columns k WHERE k.link = l.id AND k.aside IS NULL)))::text"
    "  FROM notion.links l"
    "  LEFT JOIN pg_class c ON c.oid = l.table_id"
    "  LEFT JOIN pg_foreign_table f ON f.ftrelid = l.foreign_table_id"
    " ORDER BY l.id"};

void forget(Linked& it) {
    if (it.link != nullptr)
        bridge::link_close(it.link);
    if (it.reason != nullptr)
        pfree(const_cast<char*>(it.reason));
    if (it.json != nullptr)
        pfree(const_cast<char*>(it.json));
    it.link = nullptr;
    it.reason = nullptr;
    it.json = nullptr;
}

const char* keep(const char* text) {
    return MemoryContextStrdup(TopMemoryContext, text);
}

bool is_read_only(const Linked& it) {
    return OidIsValid(it.server) &&
           table_options(it.foreign_table, server_options(GetForeignServer(it.server))).read_only;
}

void parse(Linked& it, const char* json) {
    forget(it);
    it.json = keep(json);
    if (!OidIsValid(it.owner) || !OidIsValid(it.server)) {
        it.reason = keep("the table or the foreign table of the link is gone");
        return;
    }
    TableOptions options =
        table_options(it.foreign_table, server_options(GetForeignServer(it.server)));
    if (!zone_exists(options.time_zone)) {
        it.reason = keep("the server knows no time zone of the foreign table's option time_zone");
        return;
    }
    bridge::Fault fault;
    it.link = bridge::link_open(json, zone(options.time_zone), fault);
    if (it.link == nullptr)
        it.reason = keep(fault.message);
}

Linked& add(int32 id) {
    if (links_count == links_capacity) {
        size_t wanted = Max(2 * links_capacity, size_t{16});
        MemoryContext before = MemoryContextSwitchTo(TopMemoryContext);
        links = static_cast<Linked*>(links == nullptr ? palloc(wanted * sizeof(Linked))
                                                      : repalloc(links, wanted * sizeof(Linked)));
        MemoryContextSwitchTo(before);
        links_capacity = wanted;
    }
    Linked& it = links[links_count++];
    memset(&it, 0, sizeof it);
    it.id = id;
    return it;
}

void take_row(uint64 row) {
    auto id = static_cast<int32>(column_int8(row, 1));
    Linked* found = find_link(id);
    Linked& it = found != nullptr ? *found : add(id);
    it.seen = true;
    it.table = static_cast<Oid>(column_int8(row, 2));
    it.foreign_table = static_cast<Oid>(column_int8(row, 3));
    it.owner = static_cast<Oid>(column_int8(row, 4));
    it.server = static_cast<Oid>(column_int8(row, 5));
    it.read_only = is_read_only(it);
    it.active = column_bool(row, 6);
    it.resting = column_bool(row, 7);
    it.reads = column_bool(row, 8);
    it.content = column_bool(row, 9);
    it.sends_content = column_bool(row, 10);
    const char* json = column_text(row, 11);
    if (it.json == nullptr || strcmp(it.json, json) != 0)
        parse(it, json);
}

} // namespace

void refresh_links() {
    for (Linked& it : all_links())
        it.seen = false;
    uint64 count = run(read_links);
    for (uint64 row = 0; row < count; row++)
        take_row(row);
    size_t kept = 0;
    for (size_t i = 0; i < links_count; i++) {
        if (links[i].seen)
            links[kept++] = links[i];
        else
            forget(links[i]);
    }
    links_count = kept;
}

Linked* find_link(int32 id) {
    for (Linked& it : all_links())
        if (it.id == id)
            return &it;
    return nullptr;
}

std::span<Linked> all_links() {
    return {links, links_count};
}

} // namespace notion::pg::worker
