// The requests of notion.publish: one at a time on a server, each claimed before it is sent and
// settled by what came of it. What to ask, and what an answer means, stands in
// extension/56-publish-steps.sql. scope: worker.
#include "pg/postgres.hpp"

#include "pg/settings.hpp"
#include "pg/worker/net.hpp"
#include "pg/worker/process.hpp"
#include "pg/worker/query.hpp"

namespace notion::pg::worker {
namespace {

constexpr int servers_max = 16; // in a round

constinit Query found_sending = {
    "SELECT notion.publish_found($1 * interval '1 millisecond')"
    " WHERE EXISTS (SELECT FROM notion.publications WHERE step <> 'done')"};
constinit Query read_due = {
    "SELECT d.id, d.server, d.owner, d.wait_ms FROM notion.publish_due() d LIMIT $1"};
constinit Query claim = {"SELECT notion.publish_claim($1)"};
constinit Query settle = {
    "SELECT notion.publish_settle($1, $2, $3, $4, $5, $6, $7, $8 * interval '1 millisecond')"};
constinit Query put_off = {"SELECT notion.publish_again($1, p.state, $2, '30 s')"
                           "  FROM notion.publications p WHERE p.id = $1"};

struct Due {
    int64_t id;
    Oid server;
    Oid owner;
    int64_t wait_ms;
};

void plan(const Due& due) {
    if (due.wait_ms > 0)
        return due_in(due.wait_ms);
    const char* reason;
    Ticket* ticket = reserve_for_role(Errand::publish, source_of_role(due.server, due.owner),
                                      sync::Priority::outbound, &reason);
    if (ticket == nullptr) {
        if (reason != nullptr)
            run(put_off, {as_int8(due.id), as_text(reason)});
        return;
    }
    ticket->publication = due.id;
    run(claim, {as_int8(due.id)});
    ticket->request = keep_text(ticket, column_text(0, 1));
}

} // namespace

void find_publications_at_start() {
    run(found_sending, {as_int8(settings::settle_ms)});
}

void plan_publications() {
    Due due[servers_max];
    auto count = static_cast<int>(run(read_due, {as_int4(servers_max)}));
    for (int i = 0; i < count; i++) {
        auto row = static_cast<uint64>(i);
        due[i] = {.id = column_int8(row, 1),
                  .server = static_cast<Oid>(column_int8(row, 2)),
                  .owner = static_cast<Oid>(column_int8(row, 3)),
                  .wait_ms = column_int8(row, 4)};
    }
    for (int i = 0; i < count; i++)
        plan(due[i]);
}

void settle_publication(Ticket& ticket) {
    bridge::Reply reply = bridge::call_reply(ticket.call);
    hear(ticket, reply);
    bridge::Fault fault;
    if (reply.status != 200)
        bridge::call_fault(ticket.call, fault);
    begin("publishing");
    run(settle, {as_int8(ticket.publication), as_int4(reply.status), as_bool(reply.handed_over),
                 as_text(reply.body), as_text_or_null(fault.set ? words_of(fault) : nullptr),
                 as_int8(Max(reply.retry_after_ms, 0)), as_text(reply.request_id),
                 as_int8(settings::settle_ms)});
    commit();
    net.wakes_apply = true;
}

} // namespace notion::pg::worker
