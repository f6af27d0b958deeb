// Contents of pages for links that pair them with a column: read one by one, last of all, since
// each is a request; apply puts them into their rows. A large page is read step by step.
// scope: worker.
#include "pg/postgres.hpp"

#include "bridge/content.hpp"
#include "bridge/pacing.hpp"
#include "pg/own.hpp"
#include "pg/worker/net.hpp"
#include "pg/worker/process.hpp"
#include "pg/worker/query.hpp"

namespace notion::pg::worker {
namespace {

constexpr int contents_max = 32; // of a round
constexpr int32_t attempts_max = 12;

constinit Query note = {"SELECT notion.note_contents($1, $2)"};
constinit Query note_sent = {
    "INSERT INTO notion.contents AS c (link, page, due, flight, sent, base_column)"
    " SELECT l.id, ($2::jsonb ->> 'page')::uuid, clock_timestamp(), 'landed',"
    "        $3::jsonb ->> 'content', l.content"
    "  FROM notion.links l"
    " WHERE l.id = $1 AND $3::jsonb ->> 'action' = 'create'"
    "   AND $3::jsonb ->> 'content' IS NOT NULL AND $3::jsonb ->> 'template' IS NULL"
    " ON CONFLICT (link, page) DO UPDATE SET flight = 'landed', sent = excluded.sent,"
    "    base_column = excluded.base_column, due = excluded.due"
    "  WHERE c.base_row IS NULL AND c.flight = 'none'"};
constinit Query find_missing = {"SELECT notion.missing_contents()"};
constexpr int64_t find_missing_ms = 1'000;
int64_t next_find_ms;

constinit Query read_due = {
    "SELECT c.link, c.page::text, c.attempts, coalesce(c.begun, c.page::text),"
    "       coalesce((c.begun::jsonb ->> 'began_ms')::int8, 0) FROM notion.contents c"
    "  JOIN notion.links l ON l.id = c.link AND l.state = 'active'"
    "  JOIN notion.mappings m ON m.link = c.link AND m.page = c.page AND m.page_state = 'live'"
    " WHERE c.due <= clock_timestamp() AND NOT c.failed AND c.flight <> 'sending' ORDER BY c.due "
    "LIMIT $1"};

constinit Query next_due = {
    "SELECT (extract(epoch FROM min(c.due) - clock_timestamp()) * 1000)::bigint"
    "  FROM notion.contents c WHERE c.due > clock_timestamp() AND NOT c.failed"};

// Counted before it is made, and due again by itself if nothing comes of it.
constinit Query mark_asked = {"UPDATE notion.contents SET attempts = attempts + 1, begun = NULL,"
                              "       due = clock_timestamp() + $3 * interval '1 millisecond'"
                              " WHERE link = $1 AND page = $2"};

constinit Query keep_read = {"SELECT notion.content_read($1, $2, $3, $4, $5, $6, $7)"};

// Its next part waits for room or budget: soon, from there on; or anew, where the page was edited.
constinit Query keep_begun = {
    "UPDATE notion.contents SET due = clock_timestamp() + interval '200 milliseconds',"
    "       begun = CASE WHEN attempts = $5"
    "               THEN ($3::jsonb || jsonb_build_object('began_ms', $4::int8))::text END"
    " WHERE link = $1 AND page = $2"};

constinit Query put_off = {"UPDATE notion.contents SET reason = $3, failed = attempts >= $5 OR $6,"
                           "       due = clock_timestamp() + $4 * interval '1 millisecond'"
                           " WHERE link = $1 AND page = $2"};

/// The next request for a content: `saved` is the page's id, or what is known of it so far.
bool ask(Source& source, const Linked& link, const char* page, int32_t attempts, const char* saved,
         int64_t began_ms) {
    Ticket* ticket = reserve(Errand::content, source, link, sync::Priority::backfill);
    if (ticket == nullptr)
        return false;
    auto* content = own<bridge::Content, bridge::content_shut>(
        CurrentMemoryContext, [saved](auto& fault) { return bridge::content_open(saved, fault); });
    std::string_view path = bridge::content_path(content);
    ticket->request = keep_text(ticket, psprintf("{\"method\":\"GET\",\"path\":\"%.*s\"}",
                                                 static_cast<int>(path.size()), path.data()));
    ticket->page = keep_text(ticket, page);
    ticket->items = keep_text(ticket, saved);
    ticket->attempts = attempts;
    ticket->began_ms = began_ms;
    return true;
}

void fail(const Ticket& ticket, const char* reason, int64_t wait_ms, bool for_good) {
    run(put_off, {as_int4(ticket.link), as_uuid(ticket.page), as_text(reason), as_int8(wait_ms),
                  as_int4(attempts_max), as_bool(for_good)});
}

/// Takes the answer: the content is whole, or goes on.
void take(const Ticket& ticket, Source& source, const Linked& link, const bridge::Reply& reply) {
    bridge::Fault fault;
    auto* content =
        own<bridge::Content, bridge::content_shut>(CurrentMemoryContext, [&ticket](auto& broken) {
            return bridge::content_open(ticket.items, broken);
        });
    int64_t pause_ms = Max(bridge::pause_ms(ticket.attempts), reply.retry_after_ms);
    if (bridge::content_skip(content, reply.status)) {
        // a part that cannot be had stays marked
    } else if (reply.status != 200) {
        bridge::call_fault(ticket.call, fault);
        return fail(ticket, words_of(fault), pause_ms, false);
    } else if (!bridge::content_take(content, reply.body, fault)) {
        return fail(ticket, words_of(fault), pause_ms, fault.kind == ErrorKind::incomplete);
    }
    if (!bridge::content_is_whole(content)) {
        std::string_view saved = bridge::content_save(content);
        if (!ask(source, link, ticket.page, ticket.attempts, pnstrdup(saved.data(), saved.size()),
                 ticket.began_ms))
            run(keep_begun, {as_int4(ticket.link), as_uuid(ticket.page), as_jsonb(saved),
                             as_int8(ticket.began_ms), as_int4(ticket.attempts)});
        return;
    }
    run(keep_read,
        {as_int4(ticket.link), as_uuid(ticket.page), as_int4(ticket.attempts),
         as_text(bridge::content_markdown(content)), as_bool(bridge::content_is_lossy(content)),
         as_time_ms(ticket.began_ms - source.skew_ms), as_time_ms(ticket.began_ms)});
    net.wakes_apply |= column_bool(0, 1);
}

} // namespace

int64_t note_contents(const Linked& link, const char* shown) {
    if (!link.content)
        return 0;
    run(note, {as_int4(link.id), as_jsonb(shown)});
    return column_int8(0, 1);
}

void note_created(const Linked& link, const char* recorded, const char* wish) {
    run(note_sent, {as_int4(link.id), as_jsonb(recorded), as_jsonb(wish)});
}

void plan_contents() {
    bool is_any = false;
    bool any_sends = false;
    for (const Linked& link : all_links()) {
        is_any = is_any || (link.content && link.active);
        any_sends = any_sends || (link.sends_content && link.active);
    }
    if (!is_any)
        return;
    if (any_sends) // those that were looked at, before their look is too old
        plan_content_writes();
    if (net.now_ms >= next_find_ms) {
        run(find_missing);
        next_find_ms = net.now_ms + (column_int8(0, 1) > 0 ? 0 : find_missing_ms);
    }
    struct Due {
        int32 link;
        const char* page;
        int32_t attempts;
        const char* saved;
        int64_t began_ms; ///< 0: now
    } due[contents_max];
    auto count = static_cast<int>(run(read_due, {as_int4(contents_max)}));
    for (int i = 0; i < count; i++) {
        auto row = static_cast<uint64>(i);
        due[i] = {.link = static_cast<int32>(column_int8(row, 1)),
                  .page = column_text(row, 2),
                  .attempts = static_cast<int32_t>(column_int8(row, 3)),
                  .saved = column_text(row, 4),
                  .began_ms = column_int8(row, 5)};
    }
    for (int i = 0; i < count; i++) {
        const Linked* link = find_link(due[i].link);
        const int64_t began_ms = due[i].began_ms != 0 ? due[i].began_ms : net.now_ms;
        Source* source = find_source(due[i].link);
        if (link == nullptr || source == nullptr || link->link == nullptr ||
            !ask(*source, *link, due[i].page, due[i].attempts + 1, due[i].saved, began_ms))
            continue;
        // Longer than the request itself may take, so that one page is not read twice at a time.
        int64_t again_ms =
            source->connection->endpoint.request_timeout_ms + bridge::pause_ms(due[i].attempts);
        run(mark_asked, {as_int4(due[i].link), as_uuid(due[i].page), as_int8(again_ms)});
    }
    if (run(next_due) == 1 && !column_null(0, 1))
        due_in(column_int8(0, 1));
}

void settle_content(Ticket& ticket) {
    bridge::Reply reply = bridge::call_reply(ticket.call);
    hear(ticket, reply);
    begin("taking up a page's content");
    const Linked* link = find_link(ticket.link);
    Source* source = find_source(ticket.link);
    if (link != nullptr && source != nullptr && link->link != nullptr)
        take(ticket, *source, *link, reply);
    commit();
    send_reserved();
}

} // namespace notion::pg::worker
