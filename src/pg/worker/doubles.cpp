// Late doubles: a page that nobody maps, made by our own bot, with the key of a row that has
// another page, or whose create nobody knew the outcome of (protocol.md 1.6). Of two pages of ours
// for one row the one that nobody but us has touched is moved to the trash; else a person decides.
// A copy that a person made with "Duplicate" is none of these. scope: worker.
#include "pg/postgres.hpp"

#include "pg/worker/net.hpp"
#include "pg/worker/process.hpp"
#include "pg/worker/query.hpp"

namespace notion::pg::worker {
namespace {

constinit Query read_twin = {
    "SELECT m.key, m.page IS NOT NULL, $2::jsonb ->> 'created_by' = ANY (m.bots),"
    "       $2::jsonb ->> 'edited_by' = ANY (m.bots), $2::jsonb ->> 'page',"
    "       ($2::jsonb ->> 'in_trash')::boolean"
    "  FROM (SELECT x.*, array_append(x.makers::text[], $3) AS bots FROM notion.mappings x) m"
    " WHERE m.link = $1 AND m.key = $2::jsonb ->> 'marker'"
    "   AND m.flight = 'none' AND (m.page IS NOT NULL OR m.held ? '*')"};

// Late evidence is evidence: the flight is of unknown outcome again, and its look-up adopts.
constinit Query reopen_flight = {
    "WITH mapping AS ("
    "    UPDATE notion.mappings m SET flight = 'unknown', held = m.held - '*',"
    "           settle_until = clock_timestamp(), reason = 'a page of it was found'"
    "     WHERE m.link = $1 AND m.key = $2 AND m.page IS NULL AND m.flight_kind = 'create'"
    "       AND m.sent_marker IS NOT NULL RETURNING m.link, m.key),"
    " work AS ("
    "    UPDATE notion.work w SET state = 'sending', reason = NULL FROM mapping m"
    "     WHERE w.link = m.link AND w.key = m.key AND w.state = 'held')"
    "UPDATE notion.conflicts c SET state = 'closed', winner = 'postgres',"
    "       closed_at = clock_timestamp(), note = 'the page was found' FROM mapping m"
    " WHERE c.link = m.link AND c.key = m.key AND c.kind = 'create unknown' AND c.state = 'open'"};

constinit Query open_conflict = {
    "INSERT INTO notion.conflicts (link, key, page, kind, postgres, note)"
    " SELECT $1, $2, $3::uuid, 'duplicate page', $2, $4 WHERE NOT EXISTS ("
    "        SELECT FROM notion.conflicts c WHERE c.link = $1 AND c.page = $3::uuid"
    "           AND c.kind = 'duplicate page')"};

constinit Query log_trash = {
    "WITH due AS (DELETE FROM notion.due_pages d WHERE d.link = $1 AND d.page = $3::uuid)"
    "INSERT INTO notion.log (link, key, page, side, action, actor, request_id)"
    " VALUES ($1, $2, $3::uuid, 'postgres', 'trash double', 'pg_notion', $4)"};

void trash(Source& source, const Linked& link, const char* key, const char* page) {
    Ticket* ticket = reserve(Errand::trash_double, source, link, sync::Priority::inbound);
    if (ticket == nullptr)
        return; // the page stays due
    ticket->key = keep_text(ticket, key);
    ticket->page = keep_text(ticket, page);
    ticket->request = keep_text(ticket, psprintf("{\"method\":\"PATCH\",\"path\":\"/v1/pages/%s\","
                                                 "\"body\":\"{\\\"in_trash\\\":true}\"}",
                                                 page));
}

} // namespace

Twin take_twin(const Linked& link, const char* snapshot) {
    Source* source = find_source(link.id);
    if (source == nullptr ||
        run(read_twin, {as_int4(link.id), as_jsonb(snapshot), as_text(source->our_bot)}) == 0)
        return Twin::none;
    const char* key = column_text(0, 1);
    bool has_page = column_bool(0, 2);
    bool is_ours = column_bool(0, 3);
    bool is_untouched = column_bool(0, 4);
    const char* page = column_text(0, 5);
    bool is_trashed = column_bool(0, 6);
    if (source->our_bot[0] == '\0') {
        look_for_bot(*source, link);
        return Twin::later;
    }
    if (!is_ours)
        return Twin::none; // a person's copy becomes a row of its own
    if (is_trashed) {      // by us, and the answer was lost; or by a person
        if (has_page && is_untouched)
            run(log_trash,
                {as_int4(link.id), as_text(key), as_text(page), as_text_or_null(nullptr)});
        return Twin::settled;
    }
    if (!has_page) {
        run(reopen_flight, {as_int4(link.id), as_text(key)});
        source->next_look_ms = 0;
        return Twin::later;
    }
    if (is_untouched) {
        if (!link.read_only)
            trash(*source, link, key, page);
        return Twin::later;
    }
    run(open_conflict, {as_int4(link.id), as_text(key), as_text(page),
                        as_text("Notion holds two pages of ours for this row, and somebody has "
                                "edited the one that is not the row's")});
    return Twin::settled;
}

void settle_double(Ticket& ticket) {
    bridge::Reply reply = bridge::call_reply(ticket.call);
    hear(ticket, reply);
    if (reply.status != 200)
        return; // the page is due again by itself
    begin("recording a double in the trash");
    run(log_trash, {as_int4(ticket.link), as_text(ticket.key), as_text(ticket.page),
                    as_text(reply.request_id)});
    commit();
}

} // namespace notion::pg::worker
