// What people asked of links (notion.requests): carried out at the beginning of a round, before
// anything is planned. People only add rows, so that nobody's open transaction holds up net.
// scope: worker.
#include "pg/postgres.hpp"

#include "pg/worker/net.hpp"
#include "pg/worker/query.hpp"

namespace notion::pg::worker {
namespace {

constinit Query serve = {"SELECT notion.serve_requests()"};

} // namespace

void serve_requests() {
    run(serve);
    net.wakes_apply = true;
}

} // namespace notion::pg::worker
