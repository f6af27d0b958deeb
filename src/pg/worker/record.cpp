// What the answer to a write changes: transaction 2 of a flight. Base, page, fence, log; the rest
// of the answer is a snapshot like any other (protocol.md 1.4). scope: worker.
#include "pg/postgres.hpp"

#include "bridge/pacing.hpp"
#include "pg/settings.hpp"
#include "pg/worker/net.hpp"
#include "pg/worker/process.hpp"
#include "pg/worker/query.hpp"

namespace notion::pg::worker {
namespace {

// Attempts of a create that Notion answers with "not found" while the data source can be read.
constexpr int32_t not_found_max = 4;

constinit Query read_flight = {
    "SELECT to_jsonb(m)::text, m.flight_payload::text, m.page::text, m.flight_kind"
    "  FROM notion.mappings m"
    " WHERE m.link = $1 AND m.key = $2 AND m.flight = 'sending' AND m.tick = $3 FOR UPDATE"};

constinit Query write_base = {
    "WITH answer AS (SELECT $3::jsonb AS o),"
    " work AS ("
    "    DELETE FROM notion.work w USING notion.mappings m"
    "     WHERE w.link = $1 AND w.key = $2 AND m.link = $1 AND m.key = $2"
    "       AND w.version = m.flight_version AND w.state = 'sending'"
    "       AND m.flight_kind <> 'restore' RETURNING w.who),"
    // After a restore the row is looked at again: its fields follow once the page is back.
    " again AS ("
    "    UPDATE notion.work w SET state = 'new', due = clock_timestamp(), attempts = 0"
    "      FROM notion.mappings m"
    "     WHERE w.link = $1 AND w.key = $2 AND m.link = $1 AND m.key = $2"
    "       AND (w.version <> m.flight_version OR w.state <> 'sending'"
    "            OR m.flight_kind = 'restore') RETURNING w.who),"
    " mapping AS ("
    "    UPDATE notion.mappings m SET page = (o ->> 'page')::uuid, url = o ->> 'url',"
    "           base = o -> 'base', held = o -> 'held',"
    "           page_state = o ->> 'page_state',"
    "           row_state = CASE m.flight_kind WHEN 'trash' THEN 'deleted' ELSE 'present' END,"
    "           edited = greatest(m.edited, (o ->> 'edited')::timestamptz), fence = $4,"
    "           seen_at = $5, flight = 'none', flight_kind = NULL, flight_payload = NULL,"
    "           flight_version = NULL, sent_marker = NULL, settle_until = NULL, attempts = 0,"
    "           reason = NULL"
    "      FROM answer, (SELECT k.flight_kind AS kind FROM notion.mappings k"
    "                     WHERE k.link = $1 AND k.key = $2) old"
    "     WHERE m.link = $1 AND m.key = $2 RETURNING m.page, old.kind),"
    // What a poll saw of a page before its create was known waits in vain now.
    " nudged AS ("
    "    UPDATE notion.snapshots s SET due = clock_timestamp() FROM answer"
    "     WHERE s.link = $1 AND s.page = (o ->> 'page')::uuid AND NOT s.failed),"
    " lost AS ("
    "    DELETE FROM notion.due_pages d USING mapping"
    "     WHERE d.link = $1 AND d.page = mapping.page AND d.why = $7),"
    " log AS ("
    "    INSERT INTO notion.log (link, key, page, side, action, changes, actor, request_id)"
    "    SELECT $1, $2, mapping.page, 'postgres',"
    "           CASE mapping.kind WHEN 'patch' THEN 'update' ELSE mapping.kind END, o -> 'log',"
    "           coalesce((SELECT who FROM work), (SELECT who FROM again)), $6"
    "      FROM mapping, answer)"
    "SELECT (o ->> 'news')::boolean, jsonb_build_array(o -> 'snapshot')::text,"
    "       EXISTS (SELECT FROM again)"
    "  FROM answer"};

// The flight ends without effect; the wish stays, or says why it cannot be.
constinit Query end_flight = {
    "WITH mapping AS ("
    "    UPDATE notion.mappings m SET flight = 'none', flight_kind = NULL, flight_payload = NULL,"
    "           flight_version = NULL, sent_marker = NULL, settle_until = NULL, reason = $4,"
    "           attempts = CASE WHEN m.flight_kind = 'create' THEN greatest(m.attempts - 1, 0)"
    "                           ELSE 0 END"
    "     WHERE m.link = $1 AND m.key = $2)"
    "UPDATE notion.work w SET state = CASE WHEN $3 = 'failed' AND w.version ="
    "              (SELECT k.flight_version FROM notion.mappings k"
    "                WHERE k.link = $1 AND k.key = $2) THEN 'failed' ELSE 'new' END,"
    "       reason = $4, due = $5"
    " WHERE w.link = $1 AND w.key = $2 AND w.state = 'sending'"};

constinit Query set_unknown = {
    "UPDATE notion.mappings SET flight = 'unknown', reason = $3,"
    "       settle_until = clock_timestamp() + $4 * interval '1 millisecond'"
    " WHERE link = $1 AND key = $2 AND flight = 'sending'"};

void end(const Ticket& ticket, const char* state, const char* reason, int64_t wait_ms) {
    run(end_flight, {as_int4(ticket.link), as_text(ticket.key), as_text(state), as_text(reason),
                     as_time_ms(net.now_ms + wait_ms)});
    net.wakes_apply = true;
}

void end_by(const Ticket& ticket, const bridge::Reply& reply, bridge::WriteOutcome outcome,
            const char* page) {
    bridge::Fault fault;
    bridge::call_fault(ticket.call, fault);
    const char* reason = words_of(fault);
    int64_t pause_ms = Max(bridge::pause_ms(ticket.attempts), reply.retry_after_ms);
    switch (outcome) {
    case bridge::WriteOutcome::certain_no:
        return end(ticket, "new", reason, pause_ms);
    case bridge::WriteOutcome::permanent:
        if (reply.status == 404 && ticket.attempts < not_found_max) {
            // The row's relation, or the whole data source? A poll says which, and the link rests.
            end(ticket, "new", reason, pause_ms);
            const Linked* link = find_link(ticket.link);
            return link != nullptr && link->reads ? poll_now(ticket.link)
                                                  : rest_link(ticket.link, reason);
        }
        return end(ticket, "failed", reason, 0);
    case bridge::WriteOutcome::look:
        if (reply.status == 409)
            return end(ticket, "new", reason, pause_ms);
        // The page says what it is: in the trash, moved, gone; or the request was wrong.
        end(ticket, "failed", reason, 0);
        if (page != nullptr)
            make_due(ticket.link, psprintf("[\"%s\"]", page), "refused write", 0);
        return;
    case bridge::WriteOutcome::link_rests:
        end(ticket, "new", reason, pause_ms);
        return rest_link(ticket.link, reason);
    case bridge::WriteOutcome::verify:
    case bridge::WriteOutcome::unknown:
    case bridge::WriteOutcome::done:
        return make_unknown(ticket.link, ticket.key, reason);
    }
}

} // namespace

void make_unknown(int32 link, const char* key, const char* reason) {
    run(set_unknown, {as_int4(link), as_text(key), as_text(reason), as_int8(settings::settle_ms)});
    if (Source* source = find_source(link))
        source->next_look_ms = net.now_ms + bridge::look_pause_ms(settings::settle_ms);
}

bool record_answer(const Linked& link, const char* key, const char* mapping, const char* wish,
                   std::string_view answer, int64_t asked_ms, std::string_view request_id) {
    bridge::Fault fault;
    if (!bridge::sync_record(link.link, mapping, wish, answer, net.text, fault)) {
        ereport(LOG, (errmsg("an answer of Notion could not be used: %s", fault.message)));
        return false;
    }
    const char* recorded = taken_text();
    keep_receipt(link.id, key, recorded);
    int64_t fence = next_tick();
    run(write_base, {as_int4(link.id), as_text(key), as_jsonb(recorded), as_int8(fence),
                     as_time_ms(asked_ms), as_text(request_id), as_text(lost_to_flight)});
    bool news = column_bool(0, 1);
    const char* snapshot = column_text(0, 2);
    if (column_bool(0, 3))
        net.wakes_apply = true;
    if (news)
        keep_snapshots(link.id, "answer", fence, asked_ms, 0, snapshot);
    return true;
}

void settle_write(Ticket& ticket) {
    bridge::Reply reply = bridge::call_reply(ticket.call);
    hear(ticket, reply);
    bridge::WriteOutcome outcome =
        bridge::write_outcome(ticket.is_create, reply.handed_over, reply.status, reply.body);
    begin("recording an answer");
    const Linked* link = find_link(ticket.link);
    uint64 found =
        run(read_flight, {as_int4(ticket.link), as_text(ticket.key), as_int8(ticket.tick)});
    if (found == 1 && link != nullptr && link->link != nullptr) {
        const char* mapping = column_text(0, 1);
        const char* wish = column_text(0, 2);
        const char* page = column_text(0, 3);
        bool recorded = outcome == bridge::WriteOutcome::done &&
                        record_answer(*link, ticket.key, mapping, wish, reply.body, ticket.asked_ms,
                                      reply.request_id);
        if (!recorded)
            end_by(ticket, reply, outcome, page);
    }
    commit();
}

} // namespace notion::pg::worker
