// What sessions do in Notion, for notion.log: what was done there stays done when the transaction
// rolls back, and a read-only one can write nothing. So entries go to net through shared memory,
// which logs them; where none runs, to the server's log, without values. No secrets.
// scope: cluster (what waits to be logged).
#pragma once

#include "pg/talk.hpp"

namespace notion::pg {

struct Entry {
    Oid database; ///< InvalidOid: free
    bool taken;   ///< net has it, and has not committed
    TimestampTz at;
    char action[16]; ///< read, write, api
    char server[NAMEDATALEN];
    char role[NAMEDATALEN];
    char application[NAMEDATALEN];
    char what[256];    ///< schema.table, or method and path
    char columns[256]; ///< written, with commas; cut where it is too long
    char page[40];
    char fields[2560]; ///< what was written: {"column": {"from": …, "to": …}}, or empty
    Oid table;         ///< that of a write
    char request_id[64];
    char outcome[16]; ///< done, failed, unknown
    int64_t inserted, updated, trashed, read, requests;
};

/// An entry that is handed over when the context goes, by success or error, if any request was made
/// in `talk`. `talk` lives in that context or a parent of it. Waits for room, which may be
/// cancelled. Null where nothing is to be logged: reads, without notion.log_reads.
Entry* entry_begin(MemoryContext context, const Talk* talk, const char* action, Oid role);
/// What it was begun for went through.
void entry_done(Entry* entry);
/// failed, or unknown.
void entry_failed(Entry* entry, const bridge::Fault& fault);
void entry_names_table(Entry* entry, Relation table);
void entry_names_column(Entry* entry, std::string_view column);
/// A page that was written, by a statement that has written as many as `count` (of `entry`) says:
/// an entry of its own. Waits for room, which may be cancelled.
void entry_wrote(Entry* entry, int64_t Entry::*count, std::string_view page, const char* fields);

/// Where no net runs, logs it in the caller's own transaction, if that may write (beside the line
/// in the server's log, since a rollback takes it along). requires: superuser's rights.
void entry_log_here(Entry* entry);

/// For net: the next one of this database, copied; it stays until drop_taken_entries. False where
/// none is left.
bool take_entry(Entry* entry);
/// What was taken is logged (after the commit), or is to be taken again.
void drop_taken_entries();
void give_back_taken_entries();

} // namespace notion::pg
