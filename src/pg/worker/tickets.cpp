// Requests under way: reserved with the budget's leave, sent after the commit that recorded the
// intent, settled when answered. scope: worker.
#include "pg/postgres.hpp"

#include "pg/own.hpp"
#include "pg/settings.hpp"
#include "pg/wait.hpp"
#include "pg/worker/breakers.hpp"
#include "pg/worker/net.hpp"
#include "pg/worker/oauth.hpp"
#include "pg/worker/process.hpp"
#include "pg/worker/query.hpp"

namespace notion::pg::worker {
namespace {

// Those of which nobody knew then who sent them.
constinit Query add_maker = {
    "UPDATE notion.mappings m SET makers = m.makers || $2 WHERE m.link = $1 AND m.flight <> 'none'"
    "   AND m.flight_kind = 'create' AND $2 <> ALL (m.makers)"};

constexpr int tickets_max = 64; // the largest notion.max_parallel_requests
Ticket tickets[tickets_max];

/// How many of a server's requests an errand may take the last of: writes and pages leave one to
/// the walks, since a poll is the guard that writes wait for.
int room_for(Errand errand) {
    bool leaves_one = errand == Errand::write || errand == Errand::page ||
                      errand == Errand::append || errand == Errand::content ||
                      errand == Errand::content_write;
    int room = settings::max_parallel_requests;
    return leaves_one && room > 1 ? room - 1 : room;
}

int busy(Oid server) {
    int count = 0;
    for (const Ticket& ticket : tickets)
        count += ticket.errand != Errand::none && ticket.server == server;
    return count;
}

Ticket* free_ticket() {
    for (Ticket& ticket : tickets)
        if (ticket.errand == Errand::none)
            return &ticket;
    return nullptr;
}

void release(Ticket& ticket) {
    MemoryContextDelete(ticket.context); // closes the call
    memset(&ticket, 0, sizeof ticket);
}

bridge::Call* open_call(const Ticket& ticket, const bridge::Endpoint& endpoint,
                        bridge::Fault& fault) {
    switch (ticket.errand) {
    case Errand::page:
        return bridge::call_page(endpoint, ticket.page, fault);
    case Errand::items:
        return bridge::call_items(endpoint, ticket.page, ticket.property,
                                  ticket.cursor != nullptr ? ticket.cursor : "", fault);
    case Errand::me:
        return bridge::call_me(endpoint, fault);
    default:
        return bridge::call_open(endpoint, ticket.request, fault);
    }
}

void settle_me(Ticket& ticket) {
    Source* source = find_source(ticket.link);
    bridge::Reply reply = bridge::call_reply(ticket.call);
    hear(ticket, reply);
    if (source == nullptr || !is_token_of(*source, ticket.allowance))
        return;
    source->asking_me = false;
    source->answered_me = true;
    if (reply.status == 200) {
        std::string_view user = bridge::call_user(ticket.call);
        snprintf(source->our_bot, sizeof source->our_bot, "%.*s", static_cast<int>(user.size()),
                 user.data());
        source->next_look_ms = 0; // creates were waiting for it
        begin("noting who sent creates");
        run(add_maker, {as_int4(ticket.link), as_uuid(user)});
        commit();
    }
}

bool is_answered(const Ticket& ticket) {
    return ticket.errand != Errand::none && ticket.call != nullptr &&
           bridge::call_is_done(ticket.call);
}

void settle(Ticket& ticket) {
    switch (ticket.errand) {
    case Errand::page:
        return settle_page(ticket);
    case Errand::items:
        return settle_items(ticket);
    case Errand::look_up:
        return settle_look_up(ticket);
    case Errand::poll:
    case Errand::scan:
        return settle_crawl(ticket);
    case Errand::me:
        return settle_me(ticket);
    case Errand::trash_double:
        return settle_double(ticket);
    case Errand::append:
        return settle_append(ticket);
    case Errand::append_look:
        return settle_append_look(ticket);
    case Errand::content:
        return settle_content(ticket);
    case Errand::content_write:
        return settle_content_write(ticket);
    case Errand::schema:
        return settle_schema(ticket);
    case Errand::publish:
        return settle_publication(ticket);
    case Errand::write: // all at once: settle_writes
    case Errand::none:
        return;
    }
}

/// The budget and the breaker have their say; `connection` is the source's.
Ticket* take(Errand errand, Source& source, const Connection* connection, sync::Priority priority) {
    Ticket* ticket = free_ticket();
    if (ticket == nullptr || connection == nullptr || room_of(errand, source) <= 0)
        return nullptr;
    // Only a question who we are goes to a server that may not be well: it changes nothing.
    bool is_probe = errand == Errand::me;
    if (int64_t wait_ms = pass_breaker(source.server, is_probe); wait_ms > 0) {
        due_in(wait_ms);
        return nullptr;
    }
    int64_t wait_ms = take_request(connection->allowance, priority);
    if (wait_ms > 0) {
        if (is_probe)
            leave_breaker(source.server);
        source.no_budget_until_ms[static_cast<int>(priority)] = net.now_ms + wait_ms;
        due_in(wait_ms);
        return nullptr;
    }
    memset(ticket, 0, sizeof *ticket);
    ticket->errand = errand;
    ticket->context =
        AllocSetContextCreate(TopMemoryContext, "pg_notion request", ALLOCSET_SMALL_SIZES);
    ticket->link = source.link;
    ticket->server = source.server;
    ticket->allowance = connection->allowance;
    ticket->priority = priority;
    ticket->tick = next_tick();
    return ticket;
}

void probe_for_role(Source& source) {
    if (source.asking_me || pass_breaker(source.server, false) == 0)
        return;
    ask_who_we_are(source);
}

} // namespace

Ticket* reserve(Errand errand, Source& source, const Linked& link, sync::Priority priority) {
    if (free_ticket() == nullptr || room_of(errand, source) <= 0)
        return nullptr;
    return take(errand, source, connection_of(source, link), priority);
}

Ticket* reserve_for_role(Errand errand, Source& source, sync::Priority priority,
                         const char** reason) {
    *reason = nullptr;
    if (free_ticket() == nullptr || room_of(errand, source) <= 0)
        return nullptr;
    return take(errand, source, connection_of_role(source, reason), priority);
}

void ask_who_we_are(Source& source) {
    const char* reason;
    if (!source.asking_me)
        source.asking_me =
            reserve_for_role(Errand::me, source, sync::Priority::outbound, &reason) != nullptr;
}

int room_of(Errand errand, const Source& source) {
    return room_for(errand) - busy(source.server);
}

void give_back(Ticket* ticket) {
    return_request(ticket->allowance, ticket->priority);
    if (ticket->errand == Errand::me)
        leave_breaker(ticket->server);
    release(*ticket);
}

const char* keep_text(Ticket* ticket, const char* text) {
    return MemoryContextStrdup(ticket->context, text);
}

bool any_writes_reserved() {
    for (const Ticket& ticket : tickets) {
        if (ticket.call != nullptr)
            continue;
        switch (ticket.errand) {
        case Errand::write:
        case Errand::trash_double:
        case Errand::append:
        case Errand::content_write:
        case Errand::publish:
            return true;
        default: // asks, and changes nothing: after a crash it is asked again
            break;
        }
    }
    return false;
}

void send_reserved() {
    for (Ticket& ticket : tickets) {
        if (ticket.errand == Errand::none || ticket.call != nullptr)
            continue;
        const Source* source = find_source(ticket.link);
        if (source == nullptr || source->connection == nullptr) {
            give_back(&ticket); // the link went meanwhile
            continue;
        }
        ticket.asked_ms = now_ms();
        ticket.call = own<bridge::Call, bridge::call_close>(
            ticket.context, [&ticket, source](bridge::Fault& fault) {
                return open_call(ticket, source->connection->endpoint, fault);
            });
    }
}

Collected collect_answers() {
    Ticket* writes[tickets_max];
    int count = 0;
    for (Ticket& ticket : tickets)
        if (ticket.errand == Errand::write && is_answered(ticket))
            writes[count++] = &ticket;
    if (count > 0)
        settle_writes(writes, count);
    for (int i = 0; i < count; i++)
        release(*writes[i]);
    Collected collected = count > 0 ? Collected::writes : Collected::nothing;
    for (Ticket& ticket : tickets) {
        if (!is_answered(ticket))
            continue;
        settle(ticket);
        release(ticket);
        collected = Collected::others;
        CHECK_FOR_INTERRUPTS();
    }
    return collected;
}

void plan_probes() {
    for (Source& source : all_sources()) {
        if (source.link < 0) {
            probe_for_role(source);
            continue;
        }
        const Linked* link = find_link(source.link);
        if (link == nullptr || link->link == nullptr || source.asking_me ||
            pass_breaker(source.server, false) == 0)
            continue;
        source.asking_me = reserve(Errand::me, source, *link, sync::Priority::inbound) != nullptr;
    }
}

int tickets_of(Errand errand, int32 link) {
    int count = 0;
    for (const Ticket& ticket : tickets)
        count += ticket.errand == errand && ticket.link == link;
    return count;
}

void hear(const Ticket& ticket, const bridge::Reply& reply) {
    if (reply.status == 429 || reply.status == 529)
        request_refused(ticket.allowance, reply.retry_after_ms, reply.status == 529);
    note_answer(ticket.server, reply.status);
    Source* source = find_source(ticket.link);
    if (source != nullptr && reply.status == 401)
        hear_refusal(*source, ticket.asked_ms);
    if (source != nullptr && reply.status == 400)
        source->doubts_schema = true;
    if (source == nullptr || reply.date_ms < 0)
        return;
    source->date_ms = reply.date_ms;
    int64_t skew_ms = net.now_ms - reply.date_ms;
    source->skew_ms = std::abs(skew_ms) >= skew_noticed_ms ? skew_ms : 0;
    // The smallest of many is the nearest to the truth, until a clock is set anew.
    constexpr int64_t rounding_ms = 1'500;
    int64_t& offset_ms = source->offset_ms;
    if (offset_ms == 0 || skew_ms < offset_ms || skew_ms > offset_ms + rounding_ms)
        offset_ms = skew_ms;
}

} // namespace notion::pg::worker
