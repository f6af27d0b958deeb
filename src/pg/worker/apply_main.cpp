// The apply process's entry: starts, and calls apply_step() for ever.
// scope: worker.
#include "pg/postgres.hpp"

#include "pg/apply/tasks.hpp"
#include "pg/wait.hpp"
#include "pg/worker/apply.hpp"
#include "pg/worker/process.hpp"

extern "C" {
PGDLLEXPORT void notion_apply_main(Datum database);
}

extern "C" void notion_apply_main(Datum database) {
    using namespace notion::pg;
    // Where our hook is not loaded, nobody tells of DROP EXTENSION: each step notices.
    constexpr int64_t wait_max_ms = 10'000;
    worker::start(DatumGetObjectId(database), worker::Role::apply);
    worker::pin_plans();
    apply::count_last_death();
    for (;;) {
        worker::reload();
        int64_t wait_ms = worker::apply_step();
        wait_once(-1, wait_ms < 0 ? wait_max_ms : Min(wait_ms, wait_max_ms), WaitFor::work);
    }
}
