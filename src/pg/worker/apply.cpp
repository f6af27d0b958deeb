// The work of the apply process: see the header. scope: worker.
#include "pg/postgres.hpp"

#include "pg/worker/apply.hpp"

namespace notion::pg::worker {

int64_t apply_step() {
    return -1;
}

} // namespace notion::pg::worker
