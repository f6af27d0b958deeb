// The net process: HTTP, listener, budget, and notion.* tables; runs no user code, reads no user's
// table, waits for no user's lock (docs/sync.md). scope: worker.
#pragma once

#include <cstdint>

namespace notion::pg::worker {

/// One round of all that is due; returns the milliseconds until the next is (< 0: until woken).
/// requires: outside a transaction.
int64_t net_step();
/// The descriptor to wait for, or -1 before the first request.
int net_fd();

} // namespace notion::pg::worker
