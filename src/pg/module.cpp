// The module as the server sees it: magic block, _PG_init, the version of the library.
// Assumes: loaded by shared_preload_libraries or on first use; both must work.
// Refuses: network, threads and library set-up here: those happen after the fork, on first use.
// scope: backend.
#include "pg/postgres.hpp"

#include "pg/fdw/jit.hpp"
#include "pg/fdw/lookup.hpp"
#include "pg/log_hook.hpp"
#include "pg/settings.hpp"
#include "pg/shared.hpp"
#include "pg/worker/launcher.hpp"
#include "pg/worker/utility.hpp"

extern "C" {
PG_MODULE_MAGIC;

PGDLLEXPORT void _PG_init(void);
PG_FUNCTION_INFO_V1(notion_library_version);
}

extern "C" void _PG_init(void) {
    notion::pg::settings::define();
    notion::pg::reserve_shared();
    notion::pg::lookup_register();
    notion::pg::hook_jit();
    notion::pg::hook_log();
    if (!process_shared_preload_libraries_in_progress)
        return;
    notion::pg::worker::hook_utility();
    notion::pg::worker::register_launcher();
}

// The library and the SQL of the extension are updated apart from each other: apt replaces the one,
// ALTER EXTENSION UPDATE the other. Whoever suspects a mismatch compares this with pg_extension.
extern "C" Datum notion_library_version(PG_FUNCTION_ARGS) {
    (void)fcinfo;
    PG_RETURN_TEXT_P(cstring_to_text(PG_NOTION_VERSION));
}
