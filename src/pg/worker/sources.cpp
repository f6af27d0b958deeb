// The links' conversations with Notion: connections, made as the owner of the linked table, and
// whether a link rests. scope: worker.
#include "pg/postgres.hpp"

#include "pg/sealed.hpp"
#include "pg/worker/attempt.hpp"
#include "pg/worker/net.hpp"
#include "pg/worker/query.hpp"

namespace notion::pg::worker {
namespace {

constexpr int64_t connection_fresh_ms = 5'000;

Source* sources;
size_t sources_count;
size_t sources_capacity;

constinit Query update_rest = {
    "UPDATE notion.links SET state = 'resting', reason = $2"
    " WHERE id = (SELECT l.id FROM notion.links l WHERE l.id = $1" // unless someone has it locked
    "                AND l.state IN ('active', 'resting')"
    "                AND (l.state, l.reason) IS DISTINCT FROM ('resting', $2)"
    "                FOR UPDATE SKIP LOCKED)"};
constinit Query update_resume = {
    "UPDATE notion.links SET state = 'active', reason = NULL"
    " WHERE id = (SELECT l.id FROM notion.links l WHERE l.id = $1 AND l.state = 'resting'"
    "                AND NOT EXISTS (SELECT FROM notion.schemas s"
    "                                 WHERE s.link = l.id AND s.in_trash)"
    "                FOR UPDATE SKIP LOCKED)"};
constinit Query update_poll_reason = {
    "INSERT INTO notion.polls AS p (link, next_at, reason) VALUES ($1, $2, $3)"
    " ON CONFLICT (link) DO UPDATE SET next_at = $2, reason = $3"};
constinit Query update_poll_now = {
    "INSERT INTO notion.polls AS p (link) VALUES ($1)"
    " ON CONFLICT (link) DO UPDATE SET next_at = least(p.next_at, clock_timestamp())"};

void close_source(Source& source) {
    if (source.context != nullptr)
        MemoryContextDelete(source.context);
    for (Crawl* crawl : {&source.poll, &source.scan})
        if (crawl->cursor != nullptr)
            pfree(crawl->cursor);
}

Source& add_source(int32 link) {
    if (sources_count == sources_capacity) {
        size_t wanted = Max(2 * sources_capacity, size_t{16});
        MemoryContext before = MemoryContextSwitchTo(TopMemoryContext);
        size_t bytes = wanted * sizeof(Source);
        sources =
            static_cast<Source*>(sources == nullptr ? palloc(bytes) : repalloc(sources, bytes));
        MemoryContextSwitchTo(before);
        sources_capacity = wanted;
    }
    Source& source = sources[sources_count++];
    memset(&source, 0, sizeof source);
    source.link = link;
    for (Reading& lane : source.lanes)
        lane.from = DT_NOBEGIN;
    return source;
}

// A setting that changed is taken up within that time, a token or a mapping at once.
bool is_fresh(const Source& source) {
    return source.connected_ms != 0 && net.now_ms - source.connected_ms < connection_fresh_ms &&
           source.changes == secret_changes() &&
           (source.connection == nullptr || !is_stale(source.connection));
}

/// role InvalidOid: there can be no connection, and `reason` says why. A missing token or a file
/// that cannot be read is the link's trouble, not the process's.
void renew(Source& source, Oid server, Oid role, const char** reason) {
    MemoryContext context =
        AllocSetContextCreate(TopMemoryContext, "pg_notion connection", ALLOCSET_SMALL_SIZES);
    Connection* connection = nullptr;
    Connection** made = &connection;
    if (OidIsValid(role))
        attempt(
            context, [=] { *made = connect(server, role); }, reason);
    if (source.context != nullptr)
        MemoryContextDelete(source.context);
    source.context = context;
    source.connection = connection;
    source.connected_ms = net.now_ms;
    source.changes = connection != nullptr ? connection->changes : secret_changes();
    if (connection == nullptr || is_token_of(source, connection->allowance))
        return;
    // Another integration, perhaps: what the former one made is not ours, and what this makes is.
    source.token = connection->allowance.token;
    source.our_bot[0] = '\0';
    source.asking_me = false;
    source.answered_me = false;
}

// Longer than any request of theirs is under way.
constexpr int64_t roles_kept_ms = 10 * 60'000;

} // namespace

void refresh_sources() {
    for (Source& source : all_sources())
        source.seen = source.link < 0 && net.now_ms - source.used_ms < roles_kept_ms;
    for (const Linked& link : all_links()) {
        Source* found = find_source(link.id);
        Source& source = found != nullptr ? *found : add_source(link.id);
        source.seen = true;
        source.server = link.server;
        if (link.link == nullptr && link.active)
            rest_link(link.id, link.reason);
    }
    size_t kept = 0;
    for (size_t i = 0; i < sources_count; i++) {
        if (sources[i].seen)
            sources[kept++] = sources[i];
        else
            close_source(sources[i]);
    }
    sources_count = kept;
}

Source* find_source(int32 link) {
    for (Source& source : all_sources())
        if (source.link == link)
            return &source;
    return nullptr;
}

bool is_token_of(const Source& source, const Allowance& allowance) {
    return memcmp(&source.token, &allowance.token, sizeof source.token) == 0;
}

std::span<Source> all_sources() {
    return {sources, sources_count};
}

void rewind_lanes() {
    for (Source& source : all_sources())
        for (Reading& lane : source.lanes)
            lane = {.from = DT_NOBEGIN, .rewound_ms = net.now_ms};
}

Connection* connection_of(Source& source, const Linked& link) {
    const Oid owner = link.link != nullptr ? link.owner : InvalidOid;
    if (source.role == owner && is_fresh(source)) // after OWNER TO not one request for the former
        return source.connection;
    const char* reason = link.reason;
    renew(source, link.server, owner, &reason);
    source.role = owner;
    if (source.connection == nullptr)
        rest_link(link.id, reason);
    return source.connection;
}

Source& source_of_role(Oid server, Oid role) {
    static int32 last = 0;
    for (Source& source : all_sources())
        if (source.link < 0 && source.server == server && source.role == role) {
            source.used_ms = net.now_ms;
            return source;
        }
    last = last == INT32_MIN ? -1 : last - 1;
    Source& source = add_source(last);
    source.server = server;
    source.role = role;
    source.used_ms = net.now_ms;
    return source;
}

Connection* connection_of_role(Source& source, const char** reason) {
    if (!is_fresh(source) || source.connection == nullptr)
        renew(source, source.server, source.role, reason);
    return source.connection;
}

void rest_link(int32 link, const char* reason) {
    run(update_rest, {as_int4(link), as_text(reason)});
    // A poll that succeeds wakes it; until then there is one a minute at most.
    constexpr int64_t probe_ms = 30'000;
    run(update_poll_reason, {as_int4(link), as_time_ms(net.now_ms + probe_ms), as_text(reason)});
}

void poll_now(int32 link) {
    run(update_poll_now, {as_int4(link)});
}

void resume_link(int32 link) {
    if (run(update_resume, {as_int4(link)}) > 0)
        net.wakes_apply = true;
}

} // namespace notion::pg::worker
