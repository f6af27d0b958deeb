// The apply process's entry: starts, and calls apply_step() for ever.
// scope: worker.
#include "pg/postgres.hpp"

#include "pg/wait.hpp"
#include "pg/worker/apply.hpp"
#include "pg/worker/process.hpp"

extern "C" {
PGDLLEXPORT void notion_apply_main(Datum database);
}

extern "C" void notion_apply_main(Datum database) {
    using namespace notion::pg;
    worker::start(DatumGetObjectId(database), worker::Role::apply);
    for (;;) {
        worker::reload();
        int64_t wait_ms = worker::apply_step();
        wait_once(-1, wait_ms, WaitFor::work);
    }
}
