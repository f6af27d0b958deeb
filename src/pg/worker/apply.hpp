// The apply process: reads and writes linked tables as their owner, never talks HTTP
// (docs/sync.md). It starts by process.hpp's start(), and waits by wait_once. scope: worker.
#pragma once

#include <cstdint>

namespace notion::pg::worker {

/// Does what is due, in transactions of its own, for as long as there is something and no longer
/// than a moment at a time. Returns the milliseconds to sleep before the next call (0: call again
/// at once, < 0: until woken). requires: outside a transaction.
int64_t apply_step();

} // namespace notion::pg::worker
