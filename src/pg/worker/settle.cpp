// Writes of unknown outcome: looked at until something decides (protocol.md 1.6). Creates by their
// markers, up to a hundred in one query; the rest by their page. Nothing is sent again before the
// core says that it was not done. scope: worker.
#include "pg/postgres.hpp"

#include "bridge/pacing.hpp"
#include "pg/settings.hpp"
#include "pg/worker/net.hpp"
#include "pg/worker/process.hpp"
#include "pg/worker/query.hpp"

namespace notion::pg::worker {
namespace {

// A query answers at most 100 pages at a time: fewer markers leave room for doubled ones.
constexpr int markers_max = 50;
constexpr int pages_max = 8; // a link and a look

// One that found itself `sending` at the start does not know what became of it.
constinit Query found_sending = {
    "UPDATE notion.mappings SET flight = 'unknown', reason = 'the worker ended in mid-flight',"
    "       settle_until = greatest(sent_at, clock_timestamp()) + $1 * interval '1 millisecond'"
    " WHERE flight = 'sending'"};

constinit Query read_unknown = {
    "SELECT DISTINCT m.link FROM notion.mappings m JOIN notion.links l ON l.id = m.link"
    " WHERE m.flight = 'unknown' AND l.state IN ('active', 'resting')"};

constinit Query read_markers = {
    "SELECT jsonb_agg(x.sent_marker)::text FROM (SELECT m.sent_marker FROM notion.mappings m"
    " WHERE m.link = $1 AND m.flight = 'unknown' AND m.flight_kind = 'create'"
    "   AND m.sent_marker IS NOT NULL ORDER BY m.sent_at LIMIT $2) x"};

constinit Query read_unknown_pages = {
    "SELECT m.key, m.page::text FROM notion.mappings m"
    " WHERE m.link = $1 AND m.flight = 'unknown' AND m.flight_kind <> 'create'"
    "   AND m.page IS NOT NULL ORDER BY m.sent_at LIMIT $2"};

constinit Query read_flight = {
    "SELECT to_jsonb(m)::text, m.flight_payload::text, m.flight_kind FROM notion.mappings m"
    " WHERE m.link = $1 AND m.key = $2 AND m.flight = 'unknown' FOR UPDATE"};

// The unmapped pages of a look-up's answer.
constinit Query read_candidates = {
    "SELECT coalesce(jsonb_agg(o.value) FILTER (WHERE NOT EXISTS (SELECT FROM notion.mappings m"
    "         WHERE m.link = $2 AND m.page = (o.value ->> 'page')::uuid)), '[]')::text,"
    "       $1::jsonb ->> 'next_cursor' IS NOT NULL"
    "  FROM jsonb_array_elements($1::jsonb -> 'snapshots') o"};

constinit Query read_looked_up = {
    "SELECT m.key, to_jsonb(m)::text FROM notion.mappings m"
    " WHERE m.link = $1 AND m.flight = 'unknown' AND m.flight_kind = 'create'"
    "   AND m.tick < $3 AND m.sent_marker = ANY ("
    "       SELECT x FROM jsonb_array_elements_text($2::jsonb) x)"};

constinit Query flight_over = {
    "WITH mapping AS ("
    "    UPDATE notion.mappings m SET flight = 'none', flight_kind = NULL, flight_payload = NULL,"
    "           flight_version = NULL, sent_marker = NULL, settle_until = NULL, reason = NULL,"
    "           base = coalesce($3 -> 'base', m.base), held = coalesce($3 -> 'held', m.held),"
    "           fence = greatest(m.fence, $4)"
    "     WHERE link = $1 AND key = $2 AND flight = 'unknown')"
    // The row may have been examined, and left alone, while a person was asked about it.
    "INSERT INTO notion.work (link, key) VALUES ($1, $2)"
    " ON CONFLICT (link, key) DO UPDATE SET state = 'new', due = clock_timestamp()"};

constinit Query hold_flight = {
    "WITH mapping AS ("
    "    UPDATE notion.mappings m SET flight = 'none', reason = $4,"
    "           held = m.held || jsonb_build_object('*', $3::text)"
    "     WHERE m.link = $1 AND m.key = $2 RETURNING m.sent_marker, m.page),"
    " work AS ("
    "    UPDATE notion.work SET state = 'held', reason = $3 || ': ' || $4"
    "     WHERE link = $1 AND key = $2)"
    "INSERT INTO notion.conflicts (link, key, page, kind, postgres, note)"
    " SELECT $1, $2, page, $3, sent_marker, $4 FROM mapping"};

void look_again(int32 link) {
    if (Source* source = find_source(link))
        source->next_look_ms = net.now_ms + bridge::look_pause_ms(settings::settle_ms);
}

/// The page that a look-up found is ours: it is read, and its answer ends the flight.
void adopt(const Ticket& ticket, const Linked& link, const char* key, const char* page) {
    Source* source = find_source(ticket.link);
    Ticket* read = source == nullptr
                       ? nullptr
                       : reserve(Errand::page, *source, link, sync::Priority::outbound);
    if (read == nullptr)
        return; // looked up again
    read->settles = true;
    read->key = keep_text(read, key);
    read->page = keep_text(read, page);
}

void decide(const Ticket& ticket, const Linked& link, const char* key, const char* mapping,
            const char* candidates, int64_t asked_ms) {
    const Source* source = find_source(ticket.link);
    bridge::Settlement settlement;
    bridge::Fault fault;
    if (!bridge::sync_settle(link.link, mapping, candidates, source->our_bot, asked_ms,
                             source->skew_ms, settlement, net.text, fault))
        return hold(ticket.link, key, "unknown outcome", words_of(fault));
    switch (settlement) {
    case bridge::Settlement::adopt: {
        static constinit Query page_of = {"SELECT $1::jsonb ->> 'page'"};
        run(page_of, {as_jsonb(taken_text())});
        return adopt(ticket, link, key, column_text(0, 1));
    }
    case bridge::Settlement::not_sent:
        run(flight_over,
            {as_int4(ticket.link), as_text(key), as_jsonb("{}"), as_int8(ticket.tick)});
        net.wakes_apply = true;
        return;
    case bridge::Settlement::several:
        return hold(ticket.link, key, "duplicate page",
                    "Notion holds more than one page of ours for this row");
    case bridge::Settlement::give_up:
        return hold(ticket.link, key, "create unknown", "the outcome of two creates is not known");
    case bridge::Settlement::sent:  // of a page: settle_by_page
    case bridge::Settlement::merge: // likewise
    case bridge::Settlement::wait:
        return;
    }
}

/// A write other than a create, by its page's own word.
void decide_by_snapshot(const Ticket& ticket, const Linked& link, const char* mapping,
                        const char* wish, const bridge::Reply& reply) {
    bridge::Fault fault;
    bridge::Settlement settlement;
    const Source* source = find_source(ticket.link);
    if (!bridge::sync_snapshot(link.link, reply.body, net.text, fault))
        return; // no page, and no word on it: it is looked at again
    const char* array = psprintf("[%s]", taken_text());
    const char* told;
    if (!bridge::sync_settle(link.link, mapping, array, source->our_bot, ticket.asked_ms,
                             source->skew_ms, settlement, net.text, fault))
        return hold(ticket.link, ticket.key, "unknown outcome", words_of(fault));
    switch (settlement) {
    case bridge::Settlement::sent:
        record_answer(link, ticket.key, mapping, wish, reply.body, ticket.asked_ms,
                      reply.request_id);
        return;
    case bridge::Settlement::merge:
        // It may have been made, and what it overwrote then was not seen.
        told = taken_text();
        keep_receipt(ticket.link, ticket.key, told);
        run(flight_over,
            {as_int4(ticket.link), as_text(ticket.key), as_jsonb(told), as_int8(ticket.tick)});
        // Read once more: what has changed until now is news to the mapping as it is now.
        make_due(ticket.link, psprintf("[\"%s\"]", ticket.page), "a write is settled", 0);
        return;
    case bridge::Settlement::not_sent:
        run(flight_over,
            {as_int4(ticket.link), as_text(ticket.key), as_jsonb("{}"), as_int8(ticket.tick)});
        net.wakes_apply = true;
        return;
    default:
        return;
    }
}

/// A page that leaves a property out decides nothing about it: it is looked at again, as long again
/// as the outcome had time to settle.
bool leaves_out(const Ticket& ticket, const Linked& link, const bridge::Reply& reply) {
    static constinit Query is_part = {
        "SELECT $3::jsonb -> 'absent' <> '[]'"
        "       AND m.settle_until + $4 * interval '1 millisecond' > clock_timestamp()"
        "  FROM notion.mappings m WHERE m.link = $1 AND m.key = $2"};
    bridge::Fault fault;
    if (!bridge::sync_snapshot(link.link, reply.body, net.text, fault))
        return false;
    run(is_part, {as_int4(ticket.link), as_text(ticket.key), as_jsonb(taken_text()),
                  as_int8(settings::settle_ms)});
    if (!column_bool(0, 1))
        return false;
    if (Source* source = find_source(ticket.link))
        source->doubts_schema = true;
    return true;
}

void look_for_creates(Source& source, const Linked& link) {
    if (source.our_bot[0] == '\0' || tickets_of(Errand::look_up, link.id) > 0)
        return;
    run(read_markers, {as_int4(link.id), as_int4(markers_max)});
    const char* markers = column_text(0, 1);
    if (markers == nullptr)
        return;
    Ticket* ticket = reserve(Errand::look_up, source, link, sync::Priority::outbound);
    if (ticket == nullptr)
        return;
    bridge::Fault fault;
    if (!bridge::sync_lookup(link.link, markers, net.text, fault)) {
        give_back(ticket);
        return rest_link(link.id, words_of(fault));
    }
    ticket->request = keep_text(ticket, taken_text());
    ticket->key = keep_text(ticket, markers);
}

void look_at_pages(Source& source, const Linked& link) {
    const char* keys[pages_max];
    const char* pages[pages_max];
    if (tickets_of(Errand::page, link.id) > 0)
        return;
    auto count = static_cast<int>(run(read_unknown_pages, {as_int4(link.id), as_int4(pages_max)}));
    for (int i = 0; i < count; i++) {
        keys[i] = column_text(static_cast<uint64>(i), 1);
        pages[i] = column_text(static_cast<uint64>(i), 2);
    }
    for (int i = 0; i < count; i++) {
        Ticket* ticket = reserve(Errand::page, source, link, sync::Priority::outbound);
        if (ticket == nullptr)
            return;
        ticket->settles = true;
        ticket->key = keep_text(ticket, keys[i]);
        ticket->page = keep_text(ticket, pages[i]);
    }
}

} // namespace

void look_for_bot(Source& source, const Linked& link) {
    if (source.our_bot[0] != '\0' || source.asking_me)
        return;
    source.asking_me = reserve(Errand::me, source, link, sync::Priority::outbound) != nullptr;
}

void hold(int32 link, const char* key, const char* kind, const char* note) {
    run(hold_flight, {as_int4(link), as_text(key), as_text(kind), as_text(note)});
}

void find_flights_at_start() {
    run(found_sending, {as_int8(settings::settle_ms)});
}

void plan_looks() {
    int32 links[64];
    auto count = static_cast<int>(Min(run(read_unknown), uint64{lengthof(links)}));
    for (int i = 0; i < count; i++)
        links[i] = static_cast<int32>(column_int8(static_cast<uint64>(i), 1));
    for (int i = 0; i < count; i++) {
        const Linked* link = find_link(links[i]);
        Source* source = find_source(links[i]);
        if (link == nullptr || source == nullptr || link->link == nullptr)
            continue;
        if (net.now_ms < source->next_look_ms) {
            due_in(source->next_look_ms - net.now_ms);
            continue;
        }
        look_for_bot(*source, *link);
        look_for_creates(*source, *link);
        look_at_pages(*source, *link);
        look_again(link->id);
    }
}

void settle_by_page(Ticket& ticket, const Linked& link, const bridge::Reply& reply) {
    if (run(read_flight, {as_int4(ticket.link), as_text(ticket.key)}) != 1)
        return;
    const char* mapping = column_text(0, 1);
    const char* wish = column_text(0, 2);
    bool is_create = column_view(0, 3) == "create";
    if (reply.status == 401 || reply.status == 403) {
        bridge::Fault fault;
        bridge::call_fault(ticket.call, fault);
        return rest_link(ticket.link, words_of(fault));
    }
    if (reply.status == 404 && !is_create)
        return hold(ticket.link, ticket.key, "page unreachable",
                    "the page of a write of unknown outcome is not to be read any more");
    if (reply.status != 200 || leaves_out(ticket, link, reply))
        return;
    if (is_create)
        record_answer(link, ticket.key, mapping, wish, reply.body, ticket.asked_ms,
                      reply.request_id);
    else
        decide_by_snapshot(ticket, link, mapping, wish, reply);
}

void settle_look_up(Ticket& ticket) {
    bridge::Reply reply = bridge::call_reply(ticket.call);
    hear(ticket, reply);
    begin("looking up what became of writes");
    const Linked* link = find_link(ticket.link);
    bridge::Fault fault;
    if (link == nullptr || link->link == nullptr) {
        commit();
        return;
    }
    if (reply.status == 401 || reply.status == 403 || reply.status == 404) {
        bridge::call_fault(ticket.call, fault);
        rest_link(ticket.link, words_of(fault));
    } else if (reply.status == 200 &&
               bridge::sync_snapshots(link->link, reply.body, net.text, fault)) {
        run(read_candidates, {as_jsonb(taken_text()), as_int4(ticket.link)});
        const char* candidates = column_text(0, 1);
        // A cut answer proves what it shows and nothing else: then absence was never asked for.
        int64_t asked_ms = column_bool(0, 2) ? 0 : ticket.asked_ms;
        auto count = static_cast<int>(run(
            read_looked_up, {as_int4(ticket.link), as_jsonb(ticket.key), as_int8(ticket.tick)}));
        const char* keys[markers_max];
        const char* mappings[markers_max];
        for (int i = 0; i < count; i++) {
            keys[i] = column_text(static_cast<uint64>(i), 1);
            mappings[i] = column_text(static_cast<uint64>(i), 2);
        }
        for (int i = 0; i < count; i++)
            decide(ticket, *link, keys[i], mappings[i], candidates, asked_ms);
    }
    commit();
    send_reserved();
}

} // namespace notion::pg::worker
