// The one wait loop of the project: latch, a descriptor, a timeout; then interrupts, then a step.
// Assumes: a process with a latch (backend or background worker), unblocked signals.
// Refuses to outlive the postmaster: it exits when that dies. scope: backend.
#pragma once

#include <cstdint>

namespace notion::pg {

enum class WaitFor : uint8_t { reply, budget, work }; ///< named wait events on 17 and later

/// Waits for the latch, for `fd` to be readable (none if < 0) or for `timeout_ms` (< 0: for ever),
/// whichever is first; resets the latch and serves interrupts, so this may raise or exit.
void wait_once(int fd, int64_t timeout_ms, WaitFor what);

/// What to do after waking up: the longest time to wait before the next call, < 0 when done.
using Step = int64_t (*)(void* state);
/// step, wait, step, … until step says that it is done.
void wait_until(int fd, Step step, void* state, WaitFor what);

/// Milliseconds since 1970 by the wall clock, and by a clock that never jumps.
int64_t now_ms();
int64_t steady_ms();

} // namespace notion::pg
