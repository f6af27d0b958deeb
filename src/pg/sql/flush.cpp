// notion.flush: waits until a linked table and its data source are in step.
// A procedure, since a function could neither commit nor see the queue drain; it holds no
// transaction open, no snapshot and no lock while it waits (law 5, postgres.md 23).
// scope: call.
#include "pg/postgres.hpp"

#include "pg/wait.hpp"
#include "pg/worker/query.hpp"
#include "pg/worker/shared.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(notion_flush);
}

namespace notion::pg {
namespace {

/// How often the queue is looked at: nobody announces to a session that it is empty.
constexpr int64_t look_ms = 25;

void require_own_transaction(FunctionCallInfo call) {
    const bool atomic = call->context == nullptr || !IsA(call->context, CallContext) ||
                        castNode(CallContext, call->context)->atomic;
    if (atomic)
        ereport(ERROR, (errcode(ERRCODE_INVALID_TRANSACTION_STATE),
                        errmsg("notion.flush cannot run inside a transaction block or function"),
                        errdetail("It would wait for changes that only the commit releases."),
                        errhint("Commit first, then CALL notion.flush(…).")));
}

int64 pending(Oid table) {
    static constinit worker::Query query = {"SELECT notion.pending($1::oid::regclass)"};
    (void)worker::run(query, {worker::as_int8(table)});
    return worker::column_int8(0, 1);
}

int64_t timeout_of(const Interval* interval) {
    constexpr int64_t day_ms = 86'400'000;
    return interval->time / 1000 + (interval->day + int64_t(interval->month) * 30) * day_ms;
}

[[noreturn]] void give_up(Oid table, int64 left) {
    static constinit worker::Query query = {"SELECT notion.pending_words($1::oid::regclass)"};
    (void)worker::run(query, {worker::as_int8(table)});
    const char* words = worker::column_text(0, 1);
    ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                    errmsg("table \"%s\" is not in step yet: %lld changes are under way",
                           get_rel_name(table), static_cast<long long>(left)),
                    words == nullptr ? 0 : errdetail("%s", words),
                    errhint("See notion.status, notion.rows and notion.failures; call "
                            "notion.flush again with a longer timeout.")));
}

} // namespace
} // namespace notion::pg

extern "C" Datum notion_flush(PG_FUNCTION_ARGS) {
    using namespace notion::pg;
    require_own_transaction(fcinfo);
    const Oid table = PG_GETARG_OID(0);
    const int64_t deadline_ms = steady_ms() + timeout_of(PG_GETARG_INTERVAL_P(1));
    if (SPI_connect_ext(SPI_OPT_NONATOMIC) != SPI_OK_CONNECT)
        elog(ERROR, "SPI_connect_ext failed");
    worker::wake_net_at_commit();
    worker::wake_apply_at_commit();
    for (;;) {
        const int64 left = pending(table);
        SPI_commit();
        if (left == 0)
            break;
        if (steady_ms() >= deadline_ms)
            give_up(table, left);
        wait_once(-1, look_ms, WaitFor::work);
    }
    SPI_finish();
    PG_RETURN_VOID();
}
