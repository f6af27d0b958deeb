// Schemas of linked data sources, read now and then and when an event says so, for notion.health:
// nobody has to ask whether tables and databases have drifted apart. scope: worker.
#include "pg/postgres.hpp"

#include "pg/settings.hpp"
#include "pg/worker/net.hpp"
#include "pg/worker/process.hpp"
#include "pg/worker/query.hpp"

namespace notion::pg::worker {
namespace {

constexpr int links_max = 16; // a look
constexpr int64_t look_ms = 2'000;
int64_t next_look_ms;

constinit Query read_due = {"SELECT l.link, s.data_source::text"
                            "  FROM notion.schemas_due($1 * interval '1 second') AS l(link)"
                            "  JOIN notion.links s ON s.id = l.link LIMIT $2"};
constinit Query keep = {"SELECT notion.keep_schema($1, $2, $3, $4 * interval '1 second')"};

// Notion refuses a query that names a property which is gone: polls, guards and writes of the link
// stop until its column is set aside. A refusal may have many other reasons, that stay.
constinit Query doubt = {
    "INSERT INTO notion.schemas AS s (link) VALUES ($1) ON CONFLICT (link) DO UPDATE"
    "   SET next_at = least(s.next_at, greatest(s.read_at + interval '15 s', now()))"};

void plan_doubts() {
    for (Source& source : all_sources()) {
        if (!source.doubts_schema || source.link < 0)
            continue;
        source.doubts_schema = false;
        run(doubt, {as_int4(source.link)});
        next_look_ms = 0;
    }
}

} // namespace

void plan_schemas() {
    plan_doubts();
    if (net.now_ms < next_look_ms)
        return;
    next_look_ms = net.now_ms + look_ms;
    int32 links[links_max];
    const char* sources[links_max];
    auto count =
        static_cast<int>(run(read_due, {as_int8(settings::schema_interval_s), as_int4(links_max)}));
    for (int i = 0; i < count; i++) {
        links[i] = static_cast<int32>(column_int8(static_cast<uint64>(i), 1));
        sources[i] = column_text(static_cast<uint64>(i), 2);
    }
    for (int i = 0; i < count; i++) {
        const Linked* link = find_link(links[i]);
        Source* source = find_source(links[i]);
        if (link == nullptr || source == nullptr || link->link == nullptr)
            continue;
        Ticket* ticket = reserve(Errand::schema, *source, *link, sync::Priority::backfill);
        if (ticket == nullptr)
            continue; // due again in five minutes
        ticket->request = keep_text(
            ticket, psprintf("{\"method\":\"GET\",\"path\":\"/v1/data_sources/%s\",\"body\":\"\"}",
                             sources[i]));
    }
}

void settle_schema(Ticket& ticket) {
    bridge::Reply reply = bridge::call_reply(ticket.call);
    hear(ticket, reply);
    bridge::Fault fault;
    if (reply.status != 200)
        bridge::call_fault(ticket.call, fault);
    begin("keeping a schema");
    run(keep, {as_int4(ticket.link), as_text(reply.status == 200 ? reply.body : "null"),
               as_text_or_null(reply.status == 200 ? nullptr : words_of(fault)),
               as_int8(settings::schema_interval_s)});
    commit();
}

} // namespace notion::pg::worker
