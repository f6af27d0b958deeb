// Asynchronous scans: see the header. As postgres_fdw does it: the node is run as ever, and where
// it would wait for an answer it returns nothing, and that it is pending. For the budget, and
// between two attempts, it does wait. scope: query.
#include "pg/postgres.hpp"

#include "bridge/mux.hpp"
#include "pg/fdw/async.hpp"
#include "pg/fdw/scan.hpp"
#include "pg/own.hpp"
#include "pg/raise.hpp"

namespace notion::pg {
namespace {

Running* running_of(AsyncRequest* request) {
    return static_cast<Running*>(castNode(ForeignScanState, request->requestee)->fdw_state);
}

void produce(AsyncRequest* request) {
    Running* running = running_of(request);
    running->asynchronous = true;
    TupleTableSlot* slot = request->requestee->ExecProcNodeReal(request->requestee);
    running->asynchronous = false;
    if (running->pending)
        ExecAsyncRequestPending(request);
    else
        ExecAsyncRequestDone(request, TupIsNull(slot) ? nullptr : slot);
}

} // namespace

/// Where the parent may stop early, the next scan must not begin before it has to.
bool async_capable(ForeignPath* path) {
    return path->fdw_private != NIL && IsA(linitial(path->fdw_private), Integer);
}

void async_request(AsyncRequest* request) {
    produce(request);
}

void async_configure_wait(AsyncRequest* request) {
    Running* running = running_of(request);
    if (running->waiter == nullptr)
        running->waiter = own<bridge::Waiter, bridge::waiter_shut>(
            request->requestee->state->es_query_cxt,
            [](bridge::Fault& fault) { return bridge::waiter_open(fault); });
    // Its answer may have come while another scan drove the mux.
    bridge::waiter_rouse(running->waiter, bridge::scan_is_ready(running->scan));
    auto* append = castNode(AppendState, request->requestor);
    AddWaitEventToSet(append->as_eventset, WL_SOCKET_READABLE, bridge::waiter_fd(running->waiter),
                      nullptr, request);
}

void async_notify(AsyncRequest* request) {
    Running* running = running_of(request);
    bridge::waiter_rouse(running->waiter, false);
    if (!bridge::mux_step(running->talk.fault))
        raise(running->talk.fault);
    produce(request);
}

} // namespace notion::pg
