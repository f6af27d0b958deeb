// The net process: see the header. scope: worker.
#include "pg/postgres.hpp"

#include "pg/wait.hpp"
#include "pg/worker/net.hpp"
#include "pg/worker/process.hpp"

extern "C" {
PGDLLEXPORT void notion_net_main(Datum database);
}

namespace notion::pg::worker {

int64_t net_step() {
    return -1;
}

int net_fd() {
    return -1;
}

} // namespace notion::pg::worker

extern "C" void notion_net_main(Datum database) {
    using namespace notion::pg;
    worker::start(DatumGetObjectId(database), worker::Role::net);
    for (;;) {
        worker::reload();
        int64_t wait_ms = worker::net_step();
        wait_once(worker::net_fd(), wait_ms, WaitFor::work);
    }
}
