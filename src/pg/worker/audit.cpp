// What sessions did in Notion goes into notion.log, in a transaction of net's own. scope: worker.
#include "pg/postgres.hpp"

#include "pg/audit.hpp"
#include "pg/worker/net.hpp"
#include "pg/worker/query.hpp"
#include "pg/worker/shared.hpp"

namespace notion::pg::worker {
namespace {

// Values of a foreign table whose link keeps them out of the log stay out of it here too.
constinit Query keep_entry = {
    "INSERT INTO notion.log (at, side, action, changes, actor, request_id, outcome, page)"
    " VALUES ($1, 'postgres', $2, jsonb_strip_nulls(jsonb_build_object('server', $3::text,"
    "         'what', $4::text, 'columns', nullif($5::text, ''), 'inserted', nullif($6::bigint, 0),"
    "         'updated', nullif($7::bigint, 0), 'trashed', nullif($8::bigint, 0),"
    "         'read', nullif($9::bigint, 0), 'requests', $10::bigint))"
    "         || CASE WHEN $16::text <> '' AND NOT EXISTS (SELECT FROM notion.links l"
    "                      WHERE l.foreign_table_id::oid::bigint = $17 AND NOT l.log_values)"
    "                 THEN jsonb_build_object('fields', $16::jsonb) ELSE '{}' END,"
    "         concat_ws(' ', $12::text, nullif($13::text, '')), nullif($14::text, ''), $15,"
    "         CASE WHEN $11::text ~ '^[0-9a-f-]{36}$' THEN $11::uuid END)"};

void keep(const Entry& entry) {
    run(keep_entry,
        {as_time(entry.at), as_text(entry.action), as_text(entry.server), as_text(entry.what),
         as_text(entry.columns), as_int8(entry.inserted), as_int8(entry.updated),
         as_int8(entry.trashed), as_int8(entry.read), as_int8(entry.requests), as_text(entry.page),
         as_text(entry.role), as_text(entry.application), as_text(entry.request_id),
         as_text(entry.outcome), as_text(entry.fields), as_int8(entry.table)});
}

} // namespace

bool log_entries() {
    Entry entry;
    bool any = false;
    for (; take_entry(&entry); any = true)
        keep(entry);
    return any;
}

} // namespace notion::pg::worker

void notion::pg::entry_log_here(Entry* entry) {
    if (entry == nullptr || XactReadOnly || worker::net_is_running())
        return;
    entry->at = GetCurrentTimestamp();
    worker::connect_spi();
    worker::keep(*entry);
    SPI_finish(); // a rollback takes it along: the server's log gets the entry too, at its end
}
