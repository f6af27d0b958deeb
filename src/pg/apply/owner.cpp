// Owner: see the header. PG_TRY is at home here: every local is trivial, and volatile where the
// catch reads it. scope: call.
#include "pg/apply/owner.hpp"

#include "pg/settings.hpp"
#include "pg/worker/process.hpp"

namespace notion::pg::apply {
namespace {

// An owner's code may catch its cancellation, and go on. Then, after the same time once more, the
// process ends: FATAL is caught by nobody. Its successor knows where it was (worker::now_at).
TimeoutId overrun;
bool overrun_known;

void end_process() {
    die(SIGTERM);
}

/// Deferred work would run at commit, as superuser (before 18): so nothing may be deferred. An
/// immediate trigger may defer again; then the restricted operation refuses to queue the event.
void fire_constraints_at_once() {
    ConstraintsSetStmt statement = {};
    statement.type = T_ConstraintsSetStmt;
    AfterTriggerSetState(&statement);
}

void set_local(const char* name, const char* value) {
    (void)set_config_option(name, value, PGC_SUSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}

void run(Oid owner, void (*body)(void*), void* state, int timeout_ms) {
    Oid user;
    int context;
    fire_constraints_at_once();
    GetUserIdAndSecContext(&user, &context);
    const int level = NewGUCNestLevel();
    set_local("search_path", "pg_catalog, pg_temp");
    set_local("row_security", "off");
    set_local("lock_timeout", psprintf("%d", lock_timeout_ms));
    set_local("plan_cache_mode", "auto");
    for (const worker::PlanSetting& it : worker::plan_settings())
        set_local(it.name, it.for_people);
    SetUserIdAndSecContext(owner,
                           context | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
    if (timeout_ms == row_timeout)
        timeout_ms = settings::apply_timeout_ms;
    // statement_timeout does nothing in a background worker: the client's command loop arms it.
    enable_timeout_after(STATEMENT_TIMEOUT, timeout_ms);
    enable_timeout_after(overrun, 2 * timeout_ms);
    body(state);
    disable_timeout(overrun, false);
    disable_timeout(STATEMENT_TIMEOUT, false);
    QueryCancelPending = false; // it may have run out just now: then nobody else is to be cancelled
    AtEOXact_GUC(false, level);
    SetUserIdAndSecContext(user, context);
}

} // namespace

bool Refusal::is_late() const {
    return sqlstate == ERRCODE_QUERY_CANCELED;
}

bool Refusal::is_busy() const {
    const int category = ERRCODE_TO_CATEGORY(sqlstate);
    return sqlstate == ERRCODE_LOCK_NOT_AVAILABLE || is_late() ||
           category == ERRCODE_TO_CATEGORY(ERRCODE_TRANSACTION_ROLLBACK) ||
           category == ERRCODE_TO_CATEGORY(ERRCODE_INSUFFICIENT_RESOURCES);
}

bool Refusal::is_misfit() const {
    const int category = ERRCODE_TO_CATEGORY(sqlstate);
    return category == ERRCODE_TO_CATEGORY(ERRCODE_DATA_EXCEPTION) ||
           category == ERRCODE_TO_CATEGORY(ERRCODE_INTEGRITY_CONSTRAINT_VIOLATION);
}

bool Refusal::is_taken() const {
    return sqlstate == ERRCODE_UNIQUE_VIOLATION || sqlstate == ERRCODE_EXCLUSION_VIOLATION;
}

bool as_owner(Oid owner, void (*body)(void*), void* state, Refusal* refusal, int timeout_ms) {
    MemoryContext memory = CurrentMemoryContext;
    ResourceOwner resources = CurrentResourceOwner;
    volatile bool well = false;
    if (!overrun_known)
        overrun = RegisterTimeout(USER_TIMEOUT, end_process);
    overrun_known = true;
    BeginInternalSubTransaction(nullptr);
    MemoryContextSwitchTo(memory);
    PG_TRY();
    {
        run(owner, body, state, timeout_ms);
        ReleaseCurrentSubTransaction();
        well = true;
    }
    PG_CATCH();
    {
        MemoryContextSwitchTo(memory);
        disable_timeout(overrun, false);
        disable_timeout(STATEMENT_TIMEOUT, false);
        ErrorData* error = CopyErrorData();
        FlushErrorState();
        RollbackAndReleaseCurrentSubTransaction();
        QueryCancelPending = false; // the timeout's signal may have come while we cleaned up
        refusal->sqlstate = error->sqlerrcode;
        refusal->message = error->message == nullptr ? "" : error->message;
        refusal->detail = error->detail == nullptr ? "" : error->detail;
        refusal->schema = error->schema_name == nullptr ? "" : error->schema_name;
        refusal->constraint = error->constraint_name == nullptr ? "" : error->constraint_name;
    }
    PG_END_TRY();
    MemoryContextSwitchTo(memory);
    CurrentResourceOwner = resources;
    return well;
}

} // namespace notion::pg::apply
