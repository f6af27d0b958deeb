// What is kept out of the server's log: see log_hook.cpp. scope: backend.
#pragma once

namespace notion::pg {

/// requires: once, from _PG_init.
void hook_log();

} // namespace notion::pg
