// Statements that our workers must not hold up: DROP, RENAME, SET TABLESPACE and TEMPLATE of a
// database, DROP of the extension (law 6, postgres.md 17).
// scope: backend.
#pragma once

namespace notion::pg::worker {

/// Puts the hook in place. requires: called from _PG_init.
void hook_utility();

} // namespace notion::pg::worker
