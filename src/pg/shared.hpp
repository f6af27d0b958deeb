// Structs in shared memory, one per subject, the same with and without shared_preload_libraries:
// named DSM on 17 and later; on 15 and 16 the main segment, reserved where preloaded, else late and
// small, out of its slack (postgres.md 22). Where there is no room it gives null.
// scope: cluster.
#pragma once

#include "pg/postgres.hpp"

namespace notion::pg {

/// The first member of every such struct. Under the lock: no allocation, no ereport, no waiting.
struct SharedHead {
    LWLock lock;
    int tranche;
};

/// The struct `name`: zeroed, its head ready and `init` (may be null) run by whoever asks first.
/// `name` is a literal; it is also that of the lock's tranche. Null where there is no room left.
/// The result stays valid until the process ends: keep it in a plain pointer.
/// requires: not in the postmaster. All subjects together: shared_bytes_max.
void* shared_struct(const char* name, Size size, void (*init)(void*));

/// Reserves room for all our structs. requires: called from _PG_init while preloading.
void reserve_shared();

inline constexpr Size shared_bytes_max = 256 * 1024;

} // namespace notion::pg
