// The launcher: finds databases with the extension, starts their workers, starts them again when
// they die. Connects to no database: it reads shared catalogs only, so that it is in nobody's way.
// scope: cluster (one process).
#pragma once

namespace notion::pg::worker {

/// requires: called from _PG_init while preloading.
void register_launcher();
/// Starts it where the library is not preloaded. False where no background worker is free.
bool start_launcher();

} // namespace notion::pg::worker
