// Lists that Notion cut at 25 references: their items are read property by property, and the page
// is judged again when it is whole (law 2). What fails on the way leaves the page due. scope:
// worker.
#include "pg/postgres.hpp"

#include "pg/worker/net.hpp"
#include "pg/worker/process.hpp"
#include "pg/worker/query.hpp"

namespace notion::pg::worker {
namespace {

constinit Query read_cut = {"SELECT $1::jsonb -> 'cut' ->> 0"};

// What comes of it is as old as the page that was read: tick and time are those of the first
// request.
bool ask(const Ticket& from, const Linked& link, const char* snapshot, const char* property,
         const char* items, const char* cursor) {
    Source* source = find_source(from.link);
    if (source == nullptr)
        return false;
    Ticket* ticket = reserve(Errand::items, *source, link, sync::Priority::inbound);
    if (ticket == nullptr)
        return false;
    ticket->page = keep_text(ticket, from.page);
    ticket->snapshot = keep_text(ticket, snapshot);
    ticket->property = keep_text(ticket, property);
    ticket->items = keep_text(ticket, items);
    ticket->cursor = cursor == nullptr ? nullptr : keep_text(ticket, cursor);
    ticket->attempts = from.attempts;
    ticket->tick = from.tick;
    ticket->began_ms = from.began_ms != 0 ? from.began_ms : from.asked_ms;
    return true;
}

void take_items(Ticket& ticket, const Linked& link) {
    std::string_view cursor;
    std::string_view items = bridge::call_list(ticket.call, ticket.items, cursor);
    if (items.empty())
        return;
    if (!cursor.empty()) {
        ask(ticket, link, ticket.snapshot, ticket.property, pnstrdup(items.data(), items.size()),
            pnstrdup(cursor.data(), cursor.size()));
        return;
    }
    bridge::Fault fault;
    if (!bridge::sync_complete(link.link, ticket.snapshot, ticket.property, items, net.text,
                               fault)) {
        ereport(LOG, (errmsg("a list of page %s could not be completed: %s", ticket.page,
                             fault.message)));
        return;
    }
    const char* snapshot = taken_text();
    ticket.asked_ms = ticket.began_ms;
    admit_page(ticket, link, snapshot); // comes back here if another property was cut
}

} // namespace

bool complete_page(const Ticket& ticket, const Linked& link, const char* snapshot) {
    run(read_cut, {as_jsonb(snapshot)});
    const char* property = column_text(0, 1);
    return property != nullptr && ask(ticket, link, snapshot, property, "[]", nullptr);
}

void settle_items(Ticket& ticket) {
    bridge::Reply reply = bridge::call_reply(ticket.call);
    hear(ticket, reply);
    if (reply.status != 200)
        return; // the page is due again by itself
    begin("completing a page");
    const Linked* link = find_link(ticket.link);
    if (link != nullptr && link->link != nullptr)
        take_items(ticket, *link);
    commit();
}

} // namespace notion::pg::worker
