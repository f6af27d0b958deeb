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

// Refusals of a create with "not found" while the data source can be read.
constexpr int32_t not_found_max = 4;

// Refusals of a write to a page that a look finds able to take it: what was in the way, its whole
// database in the trash for instance, may have gone before the look.
constexpr int32_t refusals_max = 2;

constexpr int answers_max = 64; // of a round: as many as there are tickets

constinit Query read_flights = {
    "SELECT x.n::int, to_jsonb(m)::text, m.flight_payload::text, m.page::text"
    "  FROM unnest($1::int4[], $2::text[], $3::int8[]) WITH ORDINALITY x(link, key, tick, n)"
    "  JOIN notion.mappings m ON m.link = x.link AND m.key = x.key"
    "       AND CASE m.flight WHEN 'sending' THEN m.tick END = x.tick"
    " ORDER BY x.n FOR UPDATE OF m"};

// All answers of a round in one statement.
constinit Query write_bases = {
    "WITH told AS MATERIALIZED ("
    "    SELECT x.n, x.link, x.key, x.told::jsonb AS o, x.fence, x.asked_at, x.request_id"
    "      FROM unnest($1::int4[], $2::text[], $3::text[], $4::int8[], $5::timestamptz[],"
    "                  $6::text[]) WITH ORDINALITY"
    "           x(link, key, told, fence, asked_at, request_id, n)),"
    " answer AS MATERIALIZED ("
    "    SELECT t.*, m.flight_version, m.flight_kind AS kind, (t.o ->> 'page')::uuid AS page,"
    "           (t.o ->> 'news')::boolean AS news,"
    "           coalesce(t.o #> '{snapshot,absent}' = '[]', true) AS whole,"
    "           m.flight_kind = 'restore'"
    "           OR coalesce((m.flight_payload ->> 'again')::boolean, false) AS unfinished"
    "      FROM told t JOIN notion.mappings m ON m.link = t.link AND m.key = t.key),"
    " work AS ("
    "    DELETE FROM notion.work w USING answer a"
    "     WHERE w.link = a.link AND w.key = a.key AND NOT a.unfinished"
    "       AND CASE w.state WHEN 'sending' THEN w.version END = a.flight_version"
    "    RETURNING a.n, w.who),"
    // After a restore the row is looked at again: its fields follow once the page is back. So is
    // one of which a value could not be sent: that is held once there is a mapping.
    " again AS ("
    "    UPDATE notion.work w SET state = 'new', due = clock_timestamp(), attempts = 0,"
    "           refusals = 0"
    "      FROM answer a WHERE w.link = a.link AND w.key = a.key"
    "       AND (w.version <> a.flight_version OR w.state <> 'sending' OR a.unfinished)"
    "    RETURNING a.n, w.who),"
    " mapping AS ("
    "    UPDATE notion.mappings m SET page = a.page, url = a.o ->> 'url',"
    "           base = a.o -> 'base', held = a.o -> 'held', page_state = a.o ->> 'page_state',"
    "           row_state = CASE m.flight_kind WHEN 'trash' THEN 'deleted'"
    "                           WHEN 'patch' THEN m.row_state ELSE 'present' END,"
    "           edited = greatest(m.edited, (a.o ->> 'edited')::timestamptz), fence = a.fence,"
    "           seen_at = a.asked_at, flight = 'none', flight_kind = NULL, flight_payload = NULL,"
    "           looked_at = CASE WHEN a.whole THEN a.asked_at ELSE m.looked_at END,"
    "           flight_version = NULL, sent_marker = NULL, settle_until = NULL, attempts = 0,"
    "           reason = NULL"
    "      FROM answer a WHERE m.link = a.link AND m.key = a.key),"
    // What a poll saw of a page before its create was known waits in vain now.
    " nudged AS ("
    "    UPDATE notion.snapshots s SET due = clock_timestamp() FROM answer a"
    "     WHERE s.link = a.link AND s.page = a.page AND NOT s.failed),"
    " lost AS ("
    "    DELETE FROM notion.due_pages d USING answer a"
    "     WHERE d.link = a.link AND d.page = a.page AND d.why = $7 AND a.whole),"
    " in_part AS ("
    "    INSERT INTO notion.due_pages AS d (link, page, why)"
    "    SELECT a.link, a.page, 'an answer left something out'"
    "      FROM answer a JOIN notion.links l ON l.id = a.link AND l.direction <> 'to_notion'"
    "     WHERE NOT a.whole ORDER BY a.link, a.page"
    "        ON CONFLICT (link, page) DO UPDATE SET due = least(d.due, now()), asked = NULL,"
    "           why = CASE d.why WHEN $7 THEN excluded.why ELSE d.why END),"
    " log AS ("
    "    INSERT INTO notion.log (link, key, page, side, action, changes, actor, request_id)"
    "    SELECT a.link, a.key, a.page, 'postgres',"
    "           CASE a.kind WHEN 'patch' THEN 'update' ELSE a.kind END, a.o -> 'log',"
    "           coalesce(w.who, g.who), a.request_id"
    "      FROM answer a LEFT JOIN work w ON w.n = a.n LEFT JOIN again g ON g.n = a.n"
    "     ORDER BY a.n)"
    "SELECT a.news, CASE WHEN a.news THEN jsonb_build_array(a.o -> 'snapshot')::text END,"
    "       g.n IS NOT NULL"
    "  FROM answer a LEFT JOIN again g ON g.n = a.n ORDER BY a.n"};

// The flight ends without effect; the wish stays, or says why it cannot be.
constinit Query end_flight = {
    "WITH flown AS ("
    "    SELECT k.link, k.key, k.flight_version FROM notion.mappings k"
    "     WHERE k.link = $1 AND k.key = $2),"
    " mapping AS ("
    "    UPDATE notion.mappings m SET flight = 'none', flight_kind = NULL, flight_payload = NULL,"
    "           flight_version = NULL, sent_marker = NULL, settle_until = NULL, reason = $4,"
    "           attempts = CASE WHEN m.flight_kind = 'create' THEN greatest(m.attempts - 1, 0)"
    "                           ELSE 0 END"
    "     WHERE m.link = $1 AND m.key = $2)"
    "UPDATE notion.work w SET reason = $4, due = $5,"
    "       state = CASE WHEN $3 = 'failed' AND w.version = f.flight_version THEN 'failed'"
    "                    ELSE 'new' END,"
    "       refusals = w.refusals + CASE WHEN $6 AND w.version = f.flight_version THEN 1"
    "                                    ELSE 0 END"
    "  FROM flown f WHERE w.link = f.link AND w.key = f.key AND w.state = 'sending'"};

constinit Query set_unknown = {
    "UPDATE notion.mappings SET flight = 'unknown', reason = $3,"
    "       settle_until = clock_timestamp() + $4 * interval '1 millisecond'"
    " WHERE link = $1 AND key = $2 AND flight = 'sending'"};

/// `refused`: Notion said no to just this write, not to the time or the token.
void end(const Ticket& ticket, const char* state, const char* reason, int64_t wait_ms,
         bool refused) {
    run(end_flight, {as_int4(ticket.link), as_text(ticket.key), as_text(state), as_text(reason),
                     as_time_ms(net.now_ms + wait_ms), as_bool(refused)});
    net.wakes_apply = true;
}

void end_refused(const Ticket& ticket, const char* reason, int32_t status, int64_t pause_ms,
                 const char* page) {
    if (status == 409)
        return end(ticket, "new", reason, pause_ms, true);
    // The page says what it is: in the trash, moved, gone; or the request was wrong. Until the page
    // has been read nothing is sent to it.
    bool last = page == nullptr || ticket.attempts + 1 >= refusals_max;
    end(ticket, last ? "failed" : "new", reason, last ? 0 : pause_ms, true);
    if (page != nullptr)
        make_due(ticket.link, psprintf("[\"%s\"]", page), refused_write, 0);
}

void end_by(const Ticket& ticket, const bridge::Reply& reply, bridge::WriteOutcome outcome,
            const char* page) {
    bridge::Fault fault;
    bridge::call_fault(ticket.call, fault);
    const char* reason = words_of(fault);
    int64_t pause_ms = Max(bridge::pause_ms(ticket.attempts + 1), reply.retry_after_ms);
    switch (outcome) {
    case bridge::WriteOutcome::certain_no:
        return end(ticket, "new", reason, pause_ms, false);
    case bridge::WriteOutcome::permanent: {
        // The row's relation, or the whole data source? A poll says which; where nothing polls, the
        // link rests.
        const Linked* link = find_link(ticket.link);
        bool polls = link != nullptr && link->reads;
        if (reply.status != 404 || (polls && ticket.attempts + 1 >= not_found_max))
            return end(ticket, "failed", reason, 0, true);
        end(ticket, "new", reason, pause_ms, polls);
        return polls ? poll_now(ticket.link) : rest_link(ticket.link, reason);
    }
    case bridge::WriteOutcome::look:
        return end_refused(ticket, reason, reply.status, pause_ms, page);
    case bridge::WriteOutcome::link_rests:
        end(ticket, "new", reason, pause_ms, false);
        return rest_link(ticket.link, reason);
    case bridge::WriteOutcome::verify:
    case bridge::WriteOutcome::unknown:
    case bridge::WriteOutcome::done:
        return make_unknown(ticket.link, ticket.key, reason);
    }
}

/// What a page says, in the order of answers.
struct Answers {
    Column links, keys, told, fences, asked, request_ids;
    int64_t fence_of[answers_max];
    int32 link_of[answers_max];
    int64_t asked_of[answers_max];
};

Answers answers_of(int count) {
    return {.links = column_of(INT4OID, count),
            .keys = column_of(TEXTOID, count),
            .told = column_of(TEXTOID, count),
            .fences = column_of(INT8OID, count),
            .asked = column_of(TIMESTAMPTZOID, count),
            .request_ids = column_of(TEXTOID, count),
            .fence_of = {},
            .link_of = {},
            .asked_of = {}};
}

/// False where the answer could not be used.
bool add(Answers& answers, const Linked& link, const char* key, const char* mapping,
         const char* wish, std::string_view answer, int64_t asked_ms, std::string_view request_id) {
    bridge::Fault fault;
    if (!bridge::sync_record(link.link, mapping, wish, answer, net.text, fault)) {
        ereport(LOG, (errmsg("an answer of Notion could not be used: %s", fault.message)));
        return false;
    }
    const char* recorded = taken_text();
    if (link.reads)
        keep_receipt(link.id, key, recorded);
    if (link.sends_content)
        note_created(link, recorded, wish);
    int place = answers.links.count;
    answers.fence_of[place] = next_tick();
    answers.link_of[place] = link.id;
    answers.asked_of[place] = asked_ms;
    add_int4(answers.links, link.id);
    add_text(answers.keys, key);
    add_text(answers.told, recorded);
    add_int8(answers.fences, answers.fence_of[place]);
    add_time_ms(answers.asked, asked_ms);
    add_text(answers.request_ids, request_id);
    return true;
}

void keep(const Answers& answers) {
    int count = answers.links.count;
    if (count == 0)
        return;
    uint64 rows =
        run(write_bases, {as_array(answers.links), as_array(answers.keys), as_array(answers.told),
                          as_array(answers.fences), as_array(answers.asked),
                          as_array(answers.request_ids), as_text(lost_to_flight)});
    if (rows != static_cast<uint64>(count))
        elog(ERROR, "an answer has no mapping");
    const char* snapshots[answers_max];
    for (int i = 0; i < count; i++) {
        auto row = static_cast<uint64>(i);
        snapshots[i] = column_bool(row, 1) ? column_text(row, 2) : nullptr;
        net.wakes_apply |= column_bool(row, 3);
    }
    for (int i = 0; i < count; i++)
        if (snapshots[i] != nullptr)
            keep_snapshots(answers.link_of[i], "answer", answers.fence_of[i], answers.asked_of[i],
                           0, snapshots[i]);
}

/// A write that was answered, and its flight as the database has it.
struct Landed {
    Ticket* ticket;
    const char* mapping; ///< null: no such flight any more
    const char* wish;
    const char* page;
};

void read_landed(Landed* landed, int count) {
    Column links = column_of(INT4OID, count);
    Column keys = column_of(TEXTOID, count);
    Column ticks = column_of(INT8OID, count);
    for (int i = 0; i < count; i++) {
        add_int4(links, landed[i].ticket->link);
        add_text(keys, landed[i].ticket->key);
        add_int8(ticks, landed[i].ticket->tick);
    }
    uint64 rows = run(read_flights, {as_array(links), as_array(keys), as_array(ticks)});
    for (uint64 row = 0; row < rows; row++) {
        Landed& it = landed[column_int8(row, 1) - 1];
        it.mapping = column_text(row, 2);
        it.wish = column_text(row, 3);
        it.page = column_text(row, 4);
    }
}

} // namespace

void make_unknown(int32 link, const char* key, const char* reason) {
    run(set_unknown, {as_int4(link), as_text(key), as_text(reason), as_int8(settings::settle_ms)});
    Source* source = find_source(link);
    if (source == nullptr)
        return;
    source->next_look_ms = net.now_ms + bridge::look_pause_ms(settings::settle_ms);
    // Who may have made it is asked now, while the token is the one that it was sent with.
    if (const Linked* linked = find_link(link))
        look_for_bot(*source, *linked);
}

bool record_answer(const Linked& link, const char* key, const char* mapping, const char* wish,
                   std::string_view answer, int64_t asked_ms, std::string_view request_id) {
    Answers answers = answers_of(1);
    if (!add(answers, link, key, mapping, wish, answer, asked_ms, request_id))
        return false;
    keep(answers);
    return true;
}

// What many writes were answered is recorded in one transaction: a process that dies before it ends
// finds all of them `sending`, and looks.
void settle_writes(Ticket* const* tickets, int count) {
    Landed landed[answers_max] = {};
    begin("recording answers");
    for (int i = 0; i < count; i++) {
        landed[i].ticket = tickets[i];
        hear(*tickets[i], bridge::call_reply(tickets[i]->call));
    }
    read_landed(landed, count);
    Answers answers = answers_of(count);
    for (int i = 0; i < count; i++) {
        const Landed& it = landed[i];
        const Linked* link = find_link(it.ticket->link);
        if (it.mapping == nullptr || link == nullptr || link->link == nullptr)
            continue;
        bridge::Reply reply = bridge::call_reply(it.ticket->call);
        bridge::WriteOutcome outcome = bridge::write_outcome(
            it.ticket->is_create, reply.handed_over, reply.status, reply.body);
        bool recorded = outcome == bridge::WriteOutcome::done &&
                        add(answers, *link, it.ticket->key, it.mapping, it.wish, reply.body,
                            it.ticket->asked_ms, reply.request_id);
        if (!recorded)
            end_by(*it.ticket, reply, outcome, it.page);
    }
    keep(answers);
    commit();
}

} // namespace notion::pg::worker
