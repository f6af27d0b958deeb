// Pages that must be read themselves: an event named them, a query's word was not enough, a scan
// did not find them, a write to them is of unknown outcome. Only a GET decides that a page is in
// the trash, moved or unreachable (protocol.md 1.10). scope: worker.
#include "pg/postgres.hpp"

#include "bridge/pacing.hpp"
#include "pg/settings.hpp"
#include "pg/worker/net.hpp"
#include "pg/worker/process.hpp"
#include "pg/worker/query.hpp"

namespace notion::pg::worker {
namespace {

constexpr int pages_max = 64;

// Of each link that may read: what waits for a paused one, perhaps all its pages, costs nothing.
constinit Query read_due = {
    "SELECT p.* FROM notion.links l CROSS JOIN LATERAL ("
    "    SELECT d.link, d.page::text, d.attempts, d.why = 'event' AND d.event_at IS NOT NULL,"
    "           d.due"
    "      FROM notion.due_pages d"
    "      LEFT JOIN notion.mappings m ON m.link = d.link AND m.page = d.page"
    "     WHERE d.link = l.id AND d.due <= now() AND coalesce(m.flight, 'none') <> 'sending'"
    // What a walk is about to bring is not read page by page.
    "       AND NOT (d.why = 'event' AND d.event_at IS NOT NULL"
    "                AND d.since > now() - interval '2 min'"
    "                AND d.link = ANY (ARRAY(SELECT b.link"
    "                    FROM notion.bursts($2 * interval '1 millisecond') b)))"
    "     ORDER BY d.due LIMIT $1) p"
    " WHERE l.state = 'active'"
    "   AND NOT EXISTS (SELECT FROM notion.jobs j WHERE j.link = l.id AND j.state = 'pairing')"
    " ORDER BY p.due LIMIT $1"};

// Counted before it is made, and due again by itself if nothing comes of it.
constinit Query mark_asked = {
    "UPDATE notion.due_pages SET attempts = attempts + 1,"
    "       asked = $4, due = clock_timestamp() + $3 * interval '1 millisecond'"
    " WHERE link = $1 AND page = $2"};

// A reading settles what was known when it left. What came while it was under way has set attempts
// to 0, or `asked` to null, and another reading may have left since: then the page stays due.
constinit Query forget_due = {
    "DELETE FROM notion.due_pages WHERE link = $1 AND page = $2 AND attempts = $3 AND asked = $4"};

constinit Query ask_again = {
    "UPDATE notion.due_pages SET due = clock_timestamp() + $4 * interval '1 millisecond'"
    " WHERE link = $1 AND page = $2 AND attempts = $3 AND asked = $5"};

constinit Query read_mapping = {
    "SELECT (to_jsonb(m) || jsonb_build_object('awaited', s.edited))::text"
    "  FROM notion.mappings m"
    "  LEFT JOIN notion.snapshots s ON s.link = m.link AND s.page = m.page"
    " WHERE m.link = $1 AND m.page = $2"};

// The page itself showed the base: what was asked for before that, or shows an older minute, or the
// same one by a query, is older. A mapping that apply has locked may wait for a user: we may not.
constinit Query note_look = {
    "UPDATE notion.mappings m SET seen_at = greatest(m.seen_at, $3), looked_at = $3,"
    "       fence = greatest(m.fence, $4),"
    "       edited = greatest(m.edited, ($5 ->> 'edited')::timestamptz)"
    "  FROM (SELECT k.link, k.key FROM notion.mappings k WHERE k.link = $1 AND k.page = $2"
    "           FOR UPDATE SKIP LOCKED) s"
    " WHERE m.link = s.link AND m.key = s.key"};

// A page that goes to the trash is news to the row that apply is about to make of it, or just made:
// one look at both, since it makes the mapping of the snapshot in one transaction.
constinit Query becomes_row = {
    "SELECT EXISTS (SELECT FROM notion.snapshots WHERE link = $1 AND page = $2)"
    "    OR EXISTS (SELECT FROM notion.mappings WHERE link = $1 AND page = $2)"};

constinit Query is_awaited = {"SELECT notion.awaits_page($1, $2::jsonb ->> 'marker')"};

constinit Query forget_ours = {
    "DELETE FROM notion.due_pages d USING notion.mappings m, notion.links l"
    " WHERE l.state = 'active' AND d.link = l.id AND d.why = $1 AND m.link = d.link"
    "   AND m.page = d.page"};

constinit Query update_page_state = {
    "UPDATE notion.mappings SET page_state = $3, reason = $4 WHERE link = $1 AND page = $2"};

// What was to be written to a page that cannot be written waits for a person.
constinit Query hold_work = {
    "UPDATE notion.work w SET state = 'held', reason = $3 FROM notion.mappings m"
    " WHERE m.link = $1 AND m.page = $2 AND w.link = m.link AND w.key = m.key"
    "   AND w.state IN ('new', 'wish', 'failed')"};

// What Notion refused to write to a page is tried again when the page was heard of since: what was
// in the way may have gone. A page that apply has locked just now is being judged anyway.
constinit Query try_again = {
    "UPDATE notion.work w SET state = 'new', due = clock_timestamp() FROM ("
    "    SELECT k.link, k.key FROM notion.due_pages d"
    "      JOIN notion.mappings m ON m.link = d.link AND m.page = d.page"
    "      JOIN notion.work k ON k.link = m.link AND k.key = m.key"
    "     WHERE d.link = $1 AND d.page = $2 AND d.why <> $3 AND k.state = 'failed'"
    "       AND k.refusals > 0 FOR UPDATE OF k SKIP LOCKED) s"
    " WHERE w.link = s.link AND w.key = s.key"};

void forget(const Ticket& ticket) {
    run(forget_due, {as_int4(ticket.link), as_uuid(ticket.page), as_int4(ticket.attempts),
                     as_int8(ticket.tick)});
}

void set_page_state(const Ticket& ticket, const char* state, const char* reason) {
    // The work first, as apply locks them.
    run(hold_work, {as_int4(ticket.link), as_uuid(ticket.page), as_text(reason)});
    run(update_page_state,
        {as_int4(ticket.link), as_uuid(ticket.page), as_text(state), as_text(reason)});
    forget(ticket);
}

bool is_in_data_source(const char* snapshot, const Linked& link) {
    static constinit Query compare = {
        "SELECT $1::jsonb ->> 'data_source' = l.data_source::text FROM notion.links l"
        " WHERE l.id = $2"};
    return run(compare, {as_jsonb(snapshot), as_int4(link.id)}) == 1 && column_bool(0, 1);
}

void take_page(const Ticket& ticket, const Linked& link, std::string_view body) {
    bridge::Fault fault;
    if (!bridge::sync_snapshot(link.link, body, net.text, fault))
        return set_page_state(ticket, "unreachable", words_of(fault));
    const char* snapshot = taken_text();
    if (!is_in_data_source(snapshot, link))
        return set_page_state(ticket, "moved", "the page is in another data source now");
    if (run(try_again, {as_int4(ticket.link), as_uuid(ticket.page), as_text(refused_write)}) > 0)
        net.wakes_apply = true;
    admit_page(ticket, link, snapshot);
}

void take_refusal(const Ticket& ticket, const bridge::Reply& reply) {
    bridge::Fault fault;
    bridge::call_fault(ticket.call, fault);
    const char* reason = words_of(fault);
    if (reply.status == 404)
        return set_page_state(ticket, "unreachable", reason);
    if (reply.status == 401 || reply.status == 403)
        return rest_link(ticket.link, reason);
    if (reply.status == 400)
        return set_page_state(ticket, "unreachable", reason);
}

// A lone event is a lone read. When many come, they wait until they are enough for a walk, which
// brings a hundred pages a request (notion.bursts), or until it turns out that they stay few.
constexpr int reads_alone_max = 5;
constexpr int64_t reads_alone_ms = 5'000;

bool may_read_alone(Source& source) {
    if (net.now_ms - source.reads_alone_since_ms >= reads_alone_ms) {
        source.reads_alone_since_ms = net.now_ms;
        source.reads_alone = 0;
    }
    if (source.reads_alone < reads_alone_max)
        return true;
    due_in(source.reads_alone_since_ms + reads_alone_ms - net.now_ms);
    return false;
}

// What so many readings in a row left out is not to be had, and does not keep the rest waiting.
constexpr int32_t reads_in_part_max = 4;

const char* without_absent(const char* snapshot) {
    static constinit Query strip = {"SELECT ($1::jsonb - 'absent')::text"};
    run(strip, {as_jsonb(snapshot)});
    return column_text(0, 1);
}

} // namespace

void admit_page(const Ticket& ticket, const Linked& link, const char* snapshot) {
    Source* source = find_source(ticket.link);
    int64_t asked_ms = ticket.asked_ms - (source != nullptr ? source->skew_ms : 0);
    if (ticket.attempts >= reads_in_part_max)
        snapshot = without_absent(snapshot);
    bool mapped = run(read_mapping, {as_int4(ticket.link), as_uuid(ticket.page)}) == 1;
    const char* mapping = mapped ? column_text(0, 1) : "";
    if (!mapped) {
        run(is_awaited, {as_int4(ticket.link), as_jsonb(snapshot)});
        if (column_bool(0, 1))
            return; // it stays due
        if (Twin twin = take_twin(link, snapshot); twin != Twin::none)
            return twin == Twin::settled ? forget(ticket) : void();
    }
    note_contents(link, psprintf("[%s]", snapshot));
    bridge::Admission admission;
    bridge::Fault fault;
    if (!bridge::sync_admit(link.link, mapping, snapshot, "get", ticket.tick, asked_ms,
                            settings::index_lag_ms, admission, fault))
        return set_page_state(ticket, "unreachable", words_of(fault));
    if (!mapped && admission == bridge::Admission::nothing_new) {
        run(becomes_row, {as_int4(ticket.link), as_uuid(ticket.page)});
        if (column_bool(0, 1))
            admission = bridge::Admission::admitted;
    }
    switch (admission) {
    case bridge::Admission::admitted:
        keep_snapshots(ticket.link, "get", ticket.tick, ticket.asked_ms, 0,
                       psprintf("[%s]", snapshot));
        return forget(ticket);
    case bridge::Admission::nothing_new:
        if (mapped &&
            run(note_look, {as_int4(ticket.link), as_uuid(ticket.page), as_time_ms(ticket.asked_ms),
                            as_int8(ticket.tick), as_jsonb(snapshot)}) == 0)
            return; // apply has the mapping: it stays due
        return forget(ticket);
    case bridge::Admission::complete_it:
        complete_page(ticket, link, snapshot);
        return;
    case bridge::Admission::read_page: // a property was left out: gone, or just not told
        if (source != nullptr)
            source->doubts_schema = true;
        return; // it stays due
    case bridge::Admission::thrown_away:
        return; // likewise
    }
}

void plan_pages() {
    struct Due {
        int32 link;
        const char* page;
        int32_t attempts;
        bool is_event;
    } due[pages_max];
    run(forget_ours, {as_text(may_be_ours)});
    auto count =
        static_cast<int>(run(read_due, {as_int4(pages_max), as_int8(settings::index_lag_ms)}));
    for (int i = 0; i < count; i++) {
        auto row = static_cast<uint64>(i);
        due[i] = {.link = static_cast<int32>(column_int8(row, 1)),
                  .page = column_text(row, 2),
                  .attempts = static_cast<int32_t>(column_int8(row, 3)),
                  .is_event = column_bool(row, 4)};
    }
    for (int i = 0; i < count; i++) {
        const Linked* link = find_link(due[i].link);
        Source* source = find_source(due[i].link);
        if (link == nullptr || source == nullptr || link->link == nullptr)
            continue;
        if (due[i].is_event && !may_read_alone(*source))
            continue;
        Ticket* ticket = reserve(Errand::page, *source, *link, sync::Priority::inbound);
        if (ticket == nullptr)
            continue;
        source->reads_alone += due[i].is_event;
        ticket->page = keep_text(ticket, due[i].page);
        ticket->attempts = due[i].attempts + 1;
        // Longer than the request itself may take, so that one page is not read twice at a time.
        int64_t again_ms =
            source->connection->endpoint.request_timeout_ms + bridge::pause_ms(due[i].attempts);
        run(mark_asked,
            {as_int4(due[i].link), as_uuid(due[i].page), as_int8(again_ms), as_int8(ticket->tick)});
    }
}

void settle_page(Ticket& ticket) {
    bridge::Reply reply = bridge::call_reply(ticket.call);
    hear(ticket, reply);
    begin("taking up a page");
    const Linked* link = find_link(ticket.link);
    if (link != nullptr && link->link != nullptr) {
        if (ticket.settles)
            settle_by_page(ticket, *link, reply);
        else if (reply.status == 200)
            take_page(ticket, *link, reply.body);
        else
            take_refusal(ticket, reply);
        int64_t pause_ms = Max(bridge::pause_ms(ticket.attempts), reply.retry_after_ms);
        if (!ticket.settles)
            run(ask_again, {as_int4(ticket.link), as_uuid(ticket.page), as_int4(ticket.attempts),
                            as_int8(pause_ms), as_int8(ticket.tick)});
    }
    commit(ticket.settles ? Durable::now : Durable::soon); // what is lost is read again
}

} // namespace notion::pg::worker
