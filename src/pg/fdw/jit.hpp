// Whether a plan is worth compiling: see jit.cpp. scope: backend.
#pragma once

namespace notion::pg {

/// Once, from _PG_init.
void hook_jit();

} // namespace notion::pg
