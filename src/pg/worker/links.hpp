// The links of this database as the workers know them: read from notion.links, parsed once, kept
// until they change.
// Assumes begin() of process.hpp for refresh_links; the rest needs no transaction. scope: worker.
#pragma once

#include "pg/postgres.hpp"

#include "bridge/sync.hpp"

namespace notion::pg::worker {

struct Linked {
    int32 id;
    bridge::Link* link; ///< null where it cannot be used: `reason` says why
    const char* reason; ///< null, or why it cannot be used
    const char* json;   ///< what it was parsed from
    Oid table;
    Oid foreign_table;
    Oid server;
    Oid owner; ///< of the table, now: the link acts as that role
    bool active;
    bool resting;
    bool reads;         ///< direction from_notion or both; or it takes the pages' content
    bool read_only;     ///< the option, of server or foreign table: nothing is sent
    bool content;       ///< a column takes the pages' content
    bool sends_content; ///< and what is written into it replaces the page's
    bool seen;          ///< by the last refresh
};

/// Reads notion.links again. Cheap where nothing changed.
void refresh_links();
/// Null where there is none. Valid until the next refresh_links.
Linked* find_link(int32 id);
/// All of them, in order of id.
std::span<Linked> all_links();

} // namespace notion::pg::worker
