// Contents that go outward: the page's content is replaced, right after a look that showed what
// both sides last agreed on. What becomes of one is read from the page (content.cpp, apply). scope:
// worker.
#include "pg/postgres.hpp"

#include "bridge/append.hpp"
#include "bridge/content.hpp"
#include "bridge/pacing.hpp"
#include "pg/own.hpp"
#include "pg/settings.hpp"
#include "pg/worker/net.hpp"
#include "pg/worker/process.hpp"
#include "pg/worker/query.hpp"

namespace notion::pg::worker {
namespace {

constexpr int writes_max = 16; // of a round

// A look holds for so long: people go on writing. Where the budget gave no request in that time,
// the page is looked at again.
constinit Query forget_old_looks = {
    "UPDATE notion.contents c SET due = clock_timestamp(), guarded_at = NULL, shown = NULL"
    "  FROM notion.links l"
    " WHERE l.id = c.link AND l.content_direction = 'both' AND c.wish IS NOT NULL"
    "   AND c.since < clock_timestamp() - interval '30 s' AND notion.content_guarded(c)"
    "   AND notion.read_only_by(NULL, l.foreign_table_id) IS NULL"};

constinit Query read_guarded = {
    "SELECT c.link, c.page::text, c.attempts,"
    "       jsonb_build_object('method', 'PATCH', 'path', '/v1/pages/' || c.page || '/markdown',"
    "         'body', jsonb_build_object('type', 'replace_content', 'replace_content',"
    "                   jsonb_build_object('new_str', c.wish))::text)::text"
    "  FROM notion.contents c"
    "  JOIN notion.links l ON l.id = c.link AND l.state = 'active' AND l.content_direction = 'both'"
    "  JOIN notion.mappings m ON m.link = c.link AND m.page = c.page AND m.page_state = 'live'"
    "       AND m.row_state = 'present'"
    " WHERE c.wish IS NOT NULL AND notion.content_guarded(c)"
    "   AND notion.read_only_by(NULL, l.foreign_table_id) IS NULL ORDER BY c.since LIMIT $1"};

constinit Query mark_sending = {"UPDATE notion.contents c SET flight = 'sending', sent = wish"
                                " WHERE link = $1 AND page = $2 AND notion.content_guarded(c)"};

constinit Query sent = {"SELECT notion.content_sent($1, $2, $3, $4, $5)"};
constinit Query not_sent = {
    "SELECT notion.content_not_sent($1, $2, $3, $4, $5 * interval '1 millisecond')"};

constinit Query found_sending = {
    "SELECT notion.content_not_sent(c.link, c.page, 'unknown',"
    "           'the worker ended while Notion had a request', $1 * interval '1 millisecond')"
    "  FROM notion.contents c WHERE c.wish IS NOT NULL OR c.sent IS NOT NULL"};

// A look that was under way has no answer either.
constinit Query look_at_once = {
    "UPDATE notion.contents SET due = clock_timestamp() WHERE due > clock_timestamp()"};

void end(const Ticket& ticket, const char* state, const char* reason, int64_t wait_ms) {
    run(not_sent, {as_int4(ticket.link), as_uuid(ticket.page), as_text(state), as_text(reason),
                   as_int8(wait_ms)});
    due_in(wait_ms);
}

/// The answer's content; null where it is not whole.
const char* shown_by(const Ticket& ticket, const bridge::Reply& reply) {
    auto* content =
        own<bridge::Content, bridge::content_shut>(CurrentMemoryContext, [&ticket](auto& fault) {
            return bridge::content_open(ticket.page, fault);
        });
    bridge::Fault fault;
    if (!bridge::content_take(content, reply.body, fault) || !bridge::content_is_whole(content))
        return nullptr;
    std::string_view markdown = bridge::content_markdown(content);
    return pnstrdup(markdown.data(), markdown.size());
}

void record(const Ticket& ticket, const bridge::Reply& reply) {
    bridge::Fault fault;
    bridge::call_fault(ticket.call, fault);
    const char* reason = words_of(fault);
    switch (bridge::append_outcome(reply.handed_over, reply.status, reply.body)) {
    case bridge::WriteOutcome::done:
        run(sent,
            {as_int4(ticket.link), as_uuid(ticket.page), as_text_or_null(shown_by(ticket, reply)),
             as_time_ms(reply.date_ms >= 0 ? reply.date_ms : net.now_ms),
             as_text(reply.request_id)});
        return;
    case bridge::WriteOutcome::certain_no:
    case bridge::WriteOutcome::link_rests: // the token, not the content
        return end(ticket, "later", reason,
                   Max(bridge::pause_ms(ticket.attempts), reply.retry_after_ms));
    case bridge::WriteOutcome::permanent:
        return end(ticket, "failed", reason, 0);
    case bridge::WriteOutcome::look:
    case bridge::WriteOutcome::verify:
    case bridge::WriteOutcome::unknown:
        return end(ticket, "unknown", reason, settings::settle_ms);
    }
}

} // namespace

void find_contents_at_start() {
    run(found_sending, {as_int8(settings::settle_ms)});
    run(look_at_once);
}

void plan_content_writes() {
    run(forget_old_looks);
    struct Guarded {
        int32 link;
        const char* page;
        int32_t attempts;
        const char* request;
    } guarded[writes_max];
    auto count = static_cast<int>(run(read_guarded, {as_int4(writes_max)}));
    for (int i = 0; i < count; i++) {
        auto row = static_cast<uint64>(i);
        guarded[i] = {.link = static_cast<int32>(column_int8(row, 1)),
                      .page = column_text(row, 2),
                      .attempts = static_cast<int32_t>(column_int8(row, 3)),
                      .request = column_text(row, 4)};
    }
    for (int i = 0; i < count; i++) {
        const Linked* link = find_link(guarded[i].link);
        Source* source = find_source(guarded[i].link);
        if (link == nullptr || source == nullptr || link->link == nullptr)
            continue;
        Ticket* ticket = reserve(Errand::content_write, *source, *link, sync::Priority::backfill);
        if (ticket == nullptr)
            continue;
        if (run(mark_sending, {as_int4(guarded[i].link), as_uuid(guarded[i].page)}) != 1) {
            give_back(ticket);
            continue;
        }
        ticket->request = keep_text(ticket, guarded[i].request);
        ticket->page = keep_text(ticket, guarded[i].page);
        ticket->attempts = guarded[i].attempts;
    }
}

void settle_content_write(Ticket& ticket) {
    bridge::Reply reply = bridge::call_reply(ticket.call);
    hear(ticket, reply);
    begin("recording a content");
    record(ticket, reply);
    commit();
}

} // namespace notion::pg::worker
