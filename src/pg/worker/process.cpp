// The common start and the transactions of the workers: see the header. scope: worker.
#include "pg/postgres.hpp"

#include "pg/wait.hpp"
#include "pg/worker/process.hpp"
#include "pg/worker/query.hpp"

namespace notion::pg::worker {
namespace {

struct Pinned {
    const char* name;
    const char* value;
};

// A DBA sets these for people, by ALTER DATABASE and ALTER ROLE; the workers must not inherit them
// (postgres.md 21). Everything that changes what a text means, what a statement may do, how long it
// may take, or whose name is looked up where.
constexpr Pinned pinned[] = {
    {"role", "none"},
    {"search_path", "pg_catalog, pg_temp"},
    {"TimeZone", "UTC"},
    {"DateStyle", "ISO, YMD"},
    {"IntervalStyle", "postgres"},
    {"extra_float_digits", "1"},
    {"bytea_output", "hex"},
    {"xmlbinary", "base64"},
    {"standard_conforming_strings", "on"},
    {"transform_null_equals", "off"},
    {"array_nulls", "on"},
    {"quote_all_identifiers", "off"},
    {"default_transaction_read_only", "off"},
    {"default_transaction_isolation", "read committed"},
    {"default_transaction_deferrable", "off"},
    {"synchronous_commit", "on"},
    {"row_security", "on"},
    {"session_replication_role", "origin"},
    {"statement_timeout", "0"},
    {"lock_timeout", "0"},
    {"idle_in_transaction_session_timeout", "0"},
#if PG_VERSION_NUM >= 170000
    {"transaction_timeout", "0"},
#endif
    {"jit", "off"},
    {"max_parallel_workers_per_gather", "0"},
    {"default_tablespace", ""},
};

void pin_settings() {
    for (const Pinned& it : pinned)
        SetConfigOption(it.name, it.value, PGC_SUSET, PGC_S_OVERRIDE);
}

PlanSetting plans[] = {{"enable_seqscan", "on"},   {"enable_hashjoin", "on"},
                       {"enable_mergejoin", "on"}, {"enable_bitmapscan", "on"},
                       {"enable_sort", "on"},      {"enable_material", "on"}};

// On an empty table one index is as good as another, and a plan made then would read all of a full
// one. Queues fill and empty within minutes: while there is work, plans are made anew.
void renew_plans() {
    constexpr int transactions_min = 50;
    constexpr int64_t renewal_ms = 2'000;
    static int transactions;
    static int64_t next_ms;
    if (++transactions < transactions_min || steady_ms() < next_ms)
        return;
    transactions = 0;
    next_ms = steady_ms() + renewal_ms;
    ResetPlanCache();
}

bool extension_is_here() {
    return OidIsValid(get_extension_oid("pg_notion", true));
}

State found() {
    switch (home()) {
    case Home::here:
    case Home::promoted:
        return State::run;
    case Home::elsewhere:
    case Home::unknown:
        break;
    }
    return State::copy;
}

} // namespace

void pin_plans() {
    for (PlanSetting& it : plans) {
        it.for_people =
            MemoryContextStrdup(TopMemoryContext, GetConfigOption(it.name, false, false));
        SetConfigOption(it.name, "off", PGC_USERSET, PGC_S_OVERRIDE);
    }
    SetConfigOption("plan_cache_mode", "force_generic_plan", PGC_USERSET, PGC_S_OVERRIDE);
}

std::span<const PlanSetting> plan_settings() {
    return plans;
}

Home home() {
    int rc = SPI_execute("SELECT system_identifier, database_oid, timeline FROM notion.instance",
                         true, 1);
    if (rc != SPI_OK_SELECT)
        elog(ERROR, "reading notion.instance failed: %s", SPI_result_code_string(rc));
    if (SPI_processed == 0)
        return Home::unknown;
    HeapTuple row = SPI_tuptable->vals[0];
    TupleDesc shape = SPI_tuptable->tupdesc;
    bool null;
    int64 system = DatumGetInt64(SPI_getbinval(row, shape, 1, &null));
    Oid database = DatumGetObjectId(SPI_getbinval(row, shape, 2, &null));
    int32 timeline = DatumGetInt32(SPI_getbinval(row, shape, 3, &null));
    if (system != static_cast<int64>(GetSystemIdentifier()) || database != MyDatabaseId)
        return Home::elsewhere;
    return static_cast<TimeLineID>(timeline) == GetWALInsertionTimeLine() ? Home::here
                                                                          : Home::promoted;
}

void start(Oid database, Role role) {
    pqsignal(SIGHUP, SignalHandlerForConfigReload);
    pqsignal(SIGTERM, die);
    BackgroundWorkerUnblockSignals();
    // Before the connection: from here on a withdrawal sees us, and we see it.
    if (!join(database, role))
        proc_exit(0);
    pin_settings();
    BackgroundWorkerInitializeConnectionByOid(database, InvalidOid, 0);
    char title[NAMEDATALEN];
    snprintf(title, sizeof title, "pg_notion %s", name_of(role));
    SetConfigOption("application_name", title, PGC_USERSET, PGC_S_SESSION);

    SetCurrentStatementStartTimestamp();
    StartTransactionCommand();
    bool here = extension_is_here();
    CommitTransactionCommand();
    if (!here) {
        publish(database, State::absent);
        proc_exit(0);
    }
    begin("looking whose links these are");
    State state = found();
    commit();
    publish(database, state);
    if (state != State::run)
        proc_exit(0);
}

void begin(const char* what) {
    renew_plans();
    SetCurrentStatementStartTimestamp();
    StartTransactionCommand();
    PushActiveSnapshot(GetTransactionSnapshot());
    pgstat_report_activity(STATE_RUNNING, what);
    if (!extension_is_here()) {
        publish(MyDatabaseId, State::absent);
        proc_exit(0);
    }
    connect_spi();
}

void commit(Durable durable) {
    // By source "session": one that is an override becomes the default, and outlives the
    // transaction.
    if (durable == Durable::soon)
        (void)set_config_option("synchronous_commit", "off", PGC_USERSET, PGC_S_SESSION,
                                GUC_ACTION_LOCAL, true, 0, false);
    SPI_finish();
    PopActiveSnapshot();
    CommitTransactionCommand();
    pgstat_report_stat(true);
    pgstat_report_activity(STATE_IDLE, nullptr);
}

bool reload() {
    if (!ConfigReloadPending)
        return false;
    ConfigReloadPending = false;
    ProcessConfigFile(PGC_SIGHUP);
    return true;
}

} // namespace notion::pg::worker
