// Appends to pages (notion.append): the head of each page's queue is sent, once; one of unknown
// outcome is settled by the page's blocks, or by a person (core/sync/append.hpp). It goes by the
// conversation of a role with a server, since a page need belong to no link.
// Assumes rows of notion.appends change hands here only, and by people who decide about held ones.
// scope: worker.
#include "pg/postgres.hpp"

#include "bridge/append.hpp"
#include "bridge/pacing.hpp"
#include "pg/settings.hpp"
#include "pg/worker/net.hpp"
#include "pg/worker/process.hpp"
#include "pg/worker/query.hpp"

namespace notion::pg::worker {
namespace {

constexpr int heads_max = 16; // of a round
// As with creates: one that Notion did not take twice, and said nothing, is a person's to decide.
constexpr int32_t attempts_max = 2;

constinit Query find_pages = {
    "UPDATE notion.appends a SET page = m.page FROM notion.mappings m"
    " WHERE a.page IS NULL AND m.link = a.link AND m.key = a.key AND m.page_state = 'live'"
    "   AND m.page IS NOT NULL"};

// One a page, and none behind one that waits. What belongs to a link rests with it.
constinit Query read_heads = {
    "SELECT a.id, coalesce(s.oid, 0), coalesce(r.oid, 0), a.page::text, a.attempts,"
    "       jsonb_build_object('method', 'PATCH', 'path', '/v1/pages/' || a.page || '/markdown',"
    "         'body', jsonb_build_object('type', 'insert_content', 'insert_content',"
    "                   jsonb_build_object('content', a.markdown))::text)::text"
    "  FROM notion.appends a"
    "  LEFT JOIN pg_foreign_server s ON s.srvname = a.server"
    "  LEFT JOIN pg_roles r ON r.rolname = a.role"
    "  LEFT JOIN notion.links l ON l.id = a.link"
    " WHERE a.state = 'queued' AND a.due <= clock_timestamp() AND a.page IS NOT NULL"
    "   AND (a.link IS NULL OR l.state = 'active')"
    "   AND notion.read_only_by(a.server, l.foreign_table_id) IS NULL"
    "   AND NOT EXISTS (SELECT FROM notion.appends b WHERE b.page = a.page AND b.id < a.id"
    "                      AND b.state <> 'done')"
    " ORDER BY a.due, a.id LIMIT $1"};

constinit Query next_head = {
    "SELECT (extract(epoch FROM min(a.due) - clock_timestamp()) * 1000)::bigint"
    "  FROM notion.appends a WHERE a.state IN ('queued', 'unknown')"
    "   AND a.due > clock_timestamp()"};

constinit Query mark_sending = {
    "UPDATE notion.appends SET state = 'sending', attempts = attempts + 1, reason = NULL,"
    "       sent_at = clock_timestamp() - $2 * interval '1 millisecond',"
    "       makers = CASE WHEN $3 = ANY (makers) OR $3 IS NULL THEN makers ELSE makers || $3 END"
    " WHERE id = $1 AND state = 'queued'"};

constinit Query mark_waiting = {
    "UPDATE notion.appends SET state = 'queued', reason = $2, due = $3,"
    "       attempts = attempts - CASE state WHEN 'sending' THEN 1 ELSE 0 END"
    " WHERE id = $1 AND state IN ('queued', 'sending')"};

constinit Query mark_unknown = {
    "UPDATE notion.appends SET state = 'unknown', reason = $2, due = clock_timestamp(),"
    "       settle_until = clock_timestamp() + $3 * interval '1 millisecond'"
    " WHERE id = $1 AND state = 'sending'"};

constinit Query mark_held = {"UPDATE notion.appends SET state = 'held', reason = $2 WHERE id = $1"
                             "   AND state IN ('queued', 'sending', 'unknown')"};

constinit Query mark_done = {
    "WITH told AS ("
    "    UPDATE notion.appends SET state = 'done', reason = NULL,"
    "           done_at = clock_timestamp() - $2 * interval '1 millisecond'"
    "     WHERE id = $1 AND state IN ('sending', 'unknown') RETURNING *)"
    "INSERT INTO notion.log (link, key, page, side, action, changes, actor, request_id)"
    " SELECT t.link, t.key, t.page, 'postgres', 'append',"
    "        jsonb_build_object('(content)', jsonb_build_object('to', t.markdown)), t.who, $3"
    "   FROM told t"};

constinit Query found_sending = {
    "UPDATE notion.appends SET state = 'unknown', reason = 'the worker ended in mid-flight',"
    "       due = clock_timestamp(),"
    "       settle_until = clock_timestamp() + $1 * interval '1 millisecond'"
    " WHERE state = 'sending'"};

constinit Query read_unknown = {
    "SELECT a.id, coalesce(s.oid, 0), coalesce(r.oid, 0), a.page::text, a.attempts, NULL::text"
    "  FROM notion.appends a"
    "  LEFT JOIN pg_foreign_server s ON s.srvname = a.server"
    "  LEFT JOIN pg_roles r ON r.rolname = a.role"
    " WHERE a.state = 'unknown' AND a.due <= clock_timestamp() ORDER BY a.due LIMIT $1"};

constinit Query look_later = {
    "UPDATE notion.appends SET due = clock_timestamp() + $2 * interval '1 millisecond',"
    "       reason = coalesce($3, reason) WHERE id = $1 AND state = 'unknown'"};

// `before` reaches back as far as the turn of a minute can: see core/sync/append.hpp. $3: today's
// bot, who sent it where nobody knew then.
constinit Query read_unsettled = {
    "SELECT jsonb_build_object('markdown', a.markdown,"
    "         'sent_ms', extract(epoch FROM a.sent_at) * 1000, 'before', before.appends,"
    "         'makers', before.makers || CASE a.makers WHEN '{}' THEN ARRAY[$3] ELSE a.makers"
    "                                    END)::text,"
    "       clock_timestamp() > a.settle_until AND $2 > a.settle_until, a.attempts"
    "  FROM notion.appends a, LATERAL ("
    "       SELECT coalesce(jsonb_agg(jsonb_build_object('markdown', b.markdown,"
    "                    'sent_ms', extract(epoch FROM b.sent_at) * 1000,"
    "                    'done_ms', extract(epoch FROM b.done_at) * 1000) ORDER BY b.id), '[]')"
    "                  AS appends,"
    "              coalesce((SELECT array_agg(m) FROM (SELECT DISTINCT unnest(c.makers) m"
    "                          FROM notion.appends c WHERE c.page = a.page AND c.id < a.id"
    "                           AND c.state = 'done') x), '{}') AS makers"
    "         FROM notion.appends b WHERE b.page = a.page AND b.id < a.id"
    "          AND b.state = 'done' AND b.done_at > a.sent_at - interval '5 min') before"
    " WHERE a.id = $1 AND a.state = 'unknown'"};

constinit Query send_again = {
    "UPDATE notion.appends SET state = 'queued', due = clock_timestamp(), reason = NULL"
    " WHERE id = $1 AND state = 'unknown'"};

struct Head {
    int64_t id;
    Oid server;
    Oid role;
    const char* page;
    int32_t attempts;
    const char* request;
};

void wait(int64_t id, const char* reason, int64_t wait_ms) {
    run(mark_waiting, {as_int8(id), as_text(reason), as_time_ms(net.now_ms + wait_ms)});
    due_in(wait_ms);
}

/// Null where nothing can be asked now; where that is no matter of the budget, `reason` says why.
Ticket* reserve_for(Errand errand, Oid server, Oid role, const char** reason) {
    *reason = nullptr;
    if (!OidIsValid(server) || !OidIsValid(role)) {
        *reason = OidIsValid(server) ? "the role is gone" : "the server is gone";
        return nullptr;
    }
    Source& source = source_of_role(server, role);
    return reserve_for_role(errand, source, sync::Priority::outbound, reason);
}

/// Whose blocks are ours is asked before the first: once the token is another's, nobody can say who
/// sent it. Where there is no answer to that, the append's own says why.
bool knows_its_bot(Oid server, Oid role) {
    if (!OidIsValid(server) || !OidIsValid(role))
        return true;
    Source& source = source_of_role(server, role);
    const char* reason = nullptr;
    if (connection_of_role(source, &reason) == nullptr)
        return true;
    if (source.our_bot[0] == '\0' && !source.answered_me)
        ask_who_we_are(source);
    return source.our_bot[0] != '\0' || source.answered_me;
}

void send(const Head& head) {
    constexpr int64_t trouble_pause_ms = 30'000;
    if (!knows_its_bot(head.server, head.role))
        return;
    const char* reason;
    Ticket* ticket = reserve_for(Errand::append, head.server, head.role, &reason);
    if (ticket == nullptr) {
        if (reason != nullptr)
            wait(head.id, reason, trouble_pause_ms);
        return;
    }
    const Source* source = find_source(ticket->link);
    if (run(mark_sending, {as_int8(head.id), as_int8(source->skew_ms), as_uuid(source->our_bot)}) !=
        1)
        return give_back(ticket);
    ticket->append = head.id;
    ticket->attempts = head.attempts;
    ticket->request = keep_text(ticket, head.request);
    ticket->page = keep_text(ticket, head.page);
}

int read(Query& query, Head* heads) {
    auto count = static_cast<int>(run(query, {as_int4(heads_max)}));
    for (int i = 0; i < count; i++) {
        auto row = static_cast<uint64>(i);
        heads[i] = {.id = column_int8(row, 1),
                    .server = static_cast<Oid>(column_int8(row, 2)),
                    .role = static_cast<Oid>(column_int8(row, 3)),
                    .page = column_text(row, 4),
                    .attempts = static_cast<int32_t>(column_int8(row, 5)),
                    .request = column_text(row, 6)};
    }
    return count;
}

void send_heads() {
    Head heads[heads_max];
    const int count = read(read_heads, heads);
    for (int i = 0; i < count; i++)
        send(heads[i]);
}

/// Asks for the page's blocks, or for those after `cursor`.
bool look(int64_t id, Oid server, Oid role, const char* page, const char* items, const char* cursor,
          int64_t began_ms) {
    const char* reason;
    Ticket* ticket = reserve_for(Errand::append_look, server, role, &reason);
    if (ticket == nullptr) {
        if (reason != nullptr)
            run(look_later, {as_int8(id), as_int8(bridge::look_pause_ms(settings::settle_ms)),
                             as_text(reason)});
        return false;
    }
    ticket->append = id;
    ticket->page = keep_text(ticket, page);
    ticket->items = keep_text(ticket, items);
    ticket->began_ms = began_ms;
    ticket->request = keep_text(
        ticket,
        psprintf("{\"method\":\"GET\",\"path\":\"/v1/blocks/%s/children?page_size=100%s%s\"}", page,
                 cursor == nullptr ? "" : "&start_cursor=", cursor == nullptr ? "" : cursor));
    return true;
}

void look_at_unknown() {
    Head heads[heads_max];
    const int count = read(read_unknown, heads);
    for (int i = 0; i < count; i++) {
        const Head& it = heads[i];
        if (OidIsValid(it.server) && OidIsValid(it.role)) {
            Source& source = source_of_role(it.server, it.role);
            if (source.our_bot[0] == '\0') { // whose blocks are ours is not known yet
                ask_who_we_are(source);
                if (source.answered_me) // in vain before: not again and again
                    run(look_later,
                        {as_int8(it.id), as_int8(bridge::look_pause_ms(settings::settle_ms)),
                         as_text_or_null(nullptr)});
                continue;
            }
        }
        if (look(it.id, it.server, it.role, it.page, "[]", nullptr, net.now_ms))
            run(look_later, {as_int8(it.id), as_int8(bridge::look_pause_ms(settings::settle_ms)),
                             as_text_or_null(nullptr)});
    }
}

void settle(const Ticket& ticket, const Source& source, std::string_view blocks) {
    if (run(read_unsettled,
            {as_int8(ticket.append), as_time_ms(ticket.began_ms), as_uuid(source.our_bot)}) != 1)
        return;
    const char* append = column_text(0, 1);
    bool is_over = column_bool(0, 2);
    auto attempts = static_cast<int32_t>(column_int8(0, 3));
    bridge::Appended appended;
    bridge::Fault fault;
    if (!bridge::append_settle(blocks, append, appended, fault)) {
        run(look_later,
            {as_int8(ticket.append), as_int8(bridge::look_pause_ms(settings::settle_ms)),
             as_text(words_of(fault))});
        return;
    }
    if (appended == bridge::Appended::done)
        run(mark_done, {as_int8(ticket.append), as_int8(source.skew_ms), as_text_or_null(nullptr)});
    else if (!is_over)
        return; // it may be on its way still
    else if (appended == bridge::Appended::not_done && attempts < attempts_max)
        run(send_again, {as_int8(ticket.append)});
    else
        run(mark_held,
            {as_int8(ticket.append),
             as_text(appended == bridge::Appended::not_done
                         ? "no answer came twice, and the page does not show it"
                         : "no answer came, and the page does not say whether it was done")});
}

void end_by(const Ticket& ticket, const bridge::Reply& reply, bridge::WriteOutcome outcome) {
    bridge::Fault fault;
    bridge::call_fault(ticket.call, fault);
    const char* reason = words_of(fault);
    int64_t pause_ms = Max(bridge::pause_ms(ticket.attempts), reply.retry_after_ms);
    switch (outcome) {
    case bridge::WriteOutcome::certain_no:
    case bridge::WriteOutcome::link_rests: // the token, not the append
        return wait(ticket.append, reason, pause_ms);
    case bridge::WriteOutcome::permanent:
        run(mark_held, {as_int8(ticket.append), as_text(reason)});
        return;
    case bridge::WriteOutcome::done:
    case bridge::WriteOutcome::look:
    case bridge::WriteOutcome::verify:
    case bridge::WriteOutcome::unknown:
        run(mark_unknown, {as_int8(ticket.append), as_text(reason), as_int8(settings::settle_ms)});
        return;
    }
}

} // namespace

void find_appends_at_start() {
    run(found_sending, {as_int8(settings::settle_ms)});
}

void plan_appends() {
    run(find_pages);
    look_at_unknown();
    send_heads();
    if (run(next_head) == 1 && !column_null(0, 1))
        due_in(column_int8(0, 1));
}

void settle_append(Ticket& ticket) {
    bridge::Reply reply = bridge::call_reply(ticket.call);
    hear(ticket, reply);
    begin("recording an append");
    bridge::WriteOutcome outcome =
        bridge::append_outcome(reply.handed_over, reply.status, reply.body);
    const Source* source = find_source(ticket.link);
    if (outcome == bridge::WriteOutcome::done)
        run(mark_done, {as_int8(ticket.append), as_int8(source != nullptr ? source->skew_ms : 0),
                        as_text(reply.request_id)});
    else
        end_by(ticket, reply, outcome);
    commit();
}

void settle_append_look(Ticket& ticket) {
    bridge::Reply reply = bridge::call_reply(ticket.call);
    hear(ticket, reply);
    begin("looking up what became of an append");
    Source* source = find_source(ticket.link);
    std::string_view cursor;
    std::string_view items = reply.status == 200
                                 ? bridge::call_list(ticket.call, ticket.items, cursor)
                                 : std::string_view();
    if (reply.status == 404) {
        run(mark_held, {as_int8(ticket.append),
                        as_text("no answer came, and the page is not to be read any more")});
    } else if (items.empty() || source == nullptr) {
        bridge::Fault fault;
        bridge::call_fault(ticket.call, fault);
        run(look_later,
            {as_int8(ticket.append), as_int8(bridge::look_pause_ms(settings::settle_ms)),
             as_text_or_null(reply.status == 200 ? nullptr : words_of(fault))});
    } else if (!cursor.empty()) {
        look(ticket.append, ticket.server, source->role, ticket.page,
             pnstrdup(items.data(), items.size()), pnstrdup(cursor.data(), cursor.size()),
             ticket.began_ms);
    } else {
        settle(ticket, *source, items);
    }
    commit();
    send_reserved();
}

} // namespace notion::pg::worker
