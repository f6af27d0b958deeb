// Claiming wishes: transaction 1 of a write. Budget first, then the intent with its payload and
// marker, synchronously committed; the request leaves after that (protocol.md 1.4).
// Refuses while a flight, a snapshot or a read of that page is pending, and where the link also
// reads until the data source was asked after the row was examined, and after what kept writes back
// was over. scope: worker.
#include "pg/postgres.hpp"

#include "pg/settings.hpp"
#include "pg/worker/breakers.hpp"
#include "pg/worker/net.hpp"
#include "pg/worker/query.hpp"

namespace notion::pg::worker {
namespace {

constexpr int claims_max = 64; // of a link in a round; as many as can be under way at all

constinit Query read_wishes = {
    "SELECT w.link, w.key, w.version, w.wish::text, w.bulk, to_jsonb(m)::text, m.page::text,"
    "       w.refusals, w.wish ->> 'action', m.tick IS NULL AND w.queued_at <"
    "       (SELECT i.since FROM notion.instance i) AS doubtful, w.due"
    "  FROM notion.work w"
    "  JOIN notion.links l ON l.id = w.link AND l.state = 'active'"
    "  LEFT JOIN notion.mappings m ON m.link = w.link AND m.key = w.key"
    "  LEFT JOIN notion.polls p ON p.link = w.link"
    " WHERE w.state = 'wish' AND w.due <= clock_timestamp() AND w.link = $2 AND w.bulk = $3"
    "   AND w.due >= $4"
    "   AND NOT EXISTS (SELECT FROM notion.jobs j WHERE j.link = l.id AND j.state = 'pairing')"
    "   AND coalesce(m.flight, 'none') = 'none'"
    "   AND w.renamed_from IS NULL AND NOT EXISTS (SELECT FROM notion.work r"
    "                    WHERE r.link = w.link AND r.renamed_from = w.key)"
    "   AND (w.wish ->> 'action' = 'create' OR l.direction = 'to_notion'"
    "        OR p.asked_at > greatest(w.wished_at, p.guard_after))"
    "   AND NOT EXISTS (SELECT FROM notion.snapshots s"
    "                    WHERE s.link = m.link AND s.page = m.page AND NOT s.failed)"
    "   AND NOT EXISTS (SELECT FROM notion.due_pages d"
    "                    WHERE d.link = m.link AND d.page = m.page AND d.why <> 'trash grace')"
    " ORDER BY w.due LIMIT $1"};

// All claims of a lane in one statement. Attempts are counted before they are made: a wish that
// ends the process is still counted. A mapping that has no page yet is made here, for the flight.
// The state is asked for in a CASE, here and where answers are recorded: statistics of a queue are
// always out of date, and the planner must not think of another index than the one on the key.
constinit Query write_intents = {
    "WITH wish AS MATERIALIZED ("
    "    SELECT x.*, x.wish::jsonb AS payload"
    "      FROM unnest($1::int4[], $2::text[], $3::int8[], $4::text[], $5::text[], $6::int8[])"
    "           x(link, key, version, wish, request, tick)),"
    " marked AS ("
    "    UPDATE notion.work w SET state = 'sending', attempts = w.attempts + 1, reason = NULL"
    "      FROM wish x WHERE w.link = x.link AND w.key = x.key"
    "       AND CASE w.state WHEN 'wish' THEN w.version END = x.version"
    "    RETURNING w.link, w.key),"
    " intent AS ("
    "INSERT INTO notion.mappings AS m (link, key, flight, flight_kind, flight_payload,"
    "       flight_version, sent_marker, tick, sent_at, guarded_at, attempts,"
    "       makers)"
    " SELECT x.link, x.key, 'sending', x.payload ->> 'action', x.payload, x.version,"
    "        CASE x.payload ->> 'action' WHEN 'create' THEN x.request::jsonb ->> 'marker' END,"
    "        x.tick, clock_timestamp(),"
    "        CASE WHEN l.direction <> 'to_notion' THEN p.asked_at END, 1,"
    "        CASE WHEN x.payload ->> 'action' = 'create' AND $7 IS NOT NULL THEN ARRAY[$7]"
    "             ELSE '{}' END"
    "   FROM wish x JOIN marked USING (link, key) JOIN notion.links l ON l.id = x.link"
    "   LEFT JOIN notion.polls p ON p.link = x.link"
    " ON CONFLICT (link, key) DO UPDATE SET flight = 'sending', flight_kind = excluded.flight_kind,"
    "       flight_payload = excluded.flight_payload, flight_version = excluded.flight_version,"
    "       sent_marker = excluded.sent_marker, tick = excluded.tick, sent_at = excluded.sent_at,"
    "       guarded_at = excluded.guarded_at, settle_until = NULL, reason = NULL,"
    "       attempts = CASE excluded.flight_kind WHEN 'create' THEN m.attempts + 1 ELSE 1 END,"
    "       makers = CASE WHEN m.makers @> excluded.makers THEN m.makers"
    "                     ELSE m.makers || excluded.makers END"
    " WHERE m.flight = 'none' RETURNING m.link, m.key, m.tick)"
    "SELECT i.tick FROM marked k LEFT JOIN intent i USING (link, key)"};

constinit Query mark_sending = {
    "UPDATE notion.work SET state = 'sending', attempts = attempts + 1, reason = NULL"
    " WHERE link = $1 AND key = $2 AND version = $3 AND state = 'wish'"};

// A create queued before a promotion, or before a copy was adopted: whoever had the queue before us
// may have sent it. It is looked up first, with all the patience of an unknown outcome.
constinit Query write_doubt = {
    "INSERT INTO notion.mappings AS m (link, key, flight, flight_kind, flight_payload,"
    "       flight_version, sent_marker, tick, sent_at, settle_until, attempts, reason)"
    " VALUES ($1, $2, 'unknown', 'create', $3, $4, $2, $5, clock_timestamp(),"
    "         clock_timestamp() + $6 * interval '1 millisecond', 0,"
    "         'queued before this database took over')"
    " ON CONFLICT (link, key) DO UPDATE SET flight = 'unknown', flight_kind = 'create',"
    "       flight_payload = excluded.flight_payload, flight_version = excluded.flight_version,"
    "       sent_marker = excluded.sent_marker, tick = excluded.tick, sent_at = excluded.sent_at,"
    "       settle_until = excluded.settle_until, reason = excluded.reason"
    " WHERE m.flight = 'none'"};

constinit Query guard_anew = {
    "UPDATE notion.polls SET guard_after = clock_timestamp() WHERE link = $1"};

constinit Query set_aside = {"UPDATE notion.work SET state = 'failed', reason = $4"
                             " WHERE link = $1 AND key = $2 AND version = $3"};

struct Wish {
    int32 link;
    const char* key;
    int64_t version;
    const char* wish;
    const char* mapping; ///< null: none
    const char* page;
    int32_t refusals;
    bool is_create;
    bool is_doubtful;
    TimestampTz due;
};

/// The next wishes of a lane. Where the lane ends, it is read from its beginning a while later.
int read(int32 link, bool bulk, int room, Reading& lane, Wish (&wishes)[claims_max]) {
    constexpr int64_t rewind_ms = 2'000;
    if (net.now_ms - lane.rewound_ms >= rewind_ms)
        lane = {.from = DT_NOBEGIN, .rewound_ms = net.now_ms};
    auto count = static_cast<int>(run(read_wishes, {as_int4(Min(room, claims_max)), as_int4(link),
                                                    as_bool(bulk), as_time(lane.from)}));
    if (count > 0)
        lane.from = column_time(static_cast<uint64>(count) - 1, 11);
    for (int i = 0; i < count; i++) {
        auto row = static_cast<uint64>(i);
        wishes[i] = {.link = static_cast<int32>(column_int8(row, 1)),
                     .key = column_text(row, 2),
                     .version = column_int8(row, 3),
                     .wish = column_text(row, 4),
                     .mapping = column_text(row, 6),
                     .page = column_text(row, 7),
                     .refusals = static_cast<int32_t>(column_int8(row, 8)),
                     .is_create = column_view(row, 9) == "create",
                     .is_doubtful = column_bool(row, 10),
                     .due = column_time(row, 11)};
    }
    return count;
}

void doubt(const Wish& wish) {
    if (run(mark_sending, {as_int4(wish.link), as_text(wish.key), as_int8(wish.version)}) == 1)
        run(write_doubt,
            {as_int4(wish.link), as_text(wish.key), as_jsonb(wish.wish), as_int8(wish.version),
             as_int8(next_tick()), as_int8(settings::settle_ms)});
    due_in(0);
}

/// What a lane claims in a round, for one statement.
struct Claims {
    Ticket* tickets[claims_max];
    Column links, keys, versions, wishes, requests, ticks;
    int count;
};

Claims claims_of(int count) {
    return {.tickets = {},
            .links = column_of(INT4OID, count),
            .keys = column_of(TEXTOID, count),
            .versions = column_of(INT8OID, count),
            .wishes = column_of(TEXTOID, count),
            .requests = column_of(TEXTOID, count),
            .ticks = column_of(INT8OID, count),
            .count = 0};
}

void add(Claims& claims, Ticket* ticket, const Wish& wish) {
    claims.tickets[claims.count++] = ticket;
    add_int4(claims.links, wish.link);
    add_text(claims.keys, wish.key);
    add_int8(claims.versions, wish.version);
    add_text(claims.wishes, wish.wish);
    add_text(claims.requests, ticket->request);
    add_int8(claims.ticks, ticket->tick);
}

/// Writes the intents. Rows that were unlinked, or queued anew, since the wishes were read are not
/// sent. `our_bot`: "" where it is not known yet.
void keep(Claims& claims, const char* our_bot) {
    if (claims.count == 0)
        return;
    uint64 count =
        run(write_intents, {as_array(claims.links), as_array(claims.keys),
                            as_array(claims.versions), as_array(claims.wishes),
                            as_array(claims.requests), as_array(claims.ticks), as_uuid(our_bot)});
    bool is_kept[claims_max] = {};
    for (uint64 row = 0; row < count; row++) {
        if (column_null(row, 1))
            elog(ERROR, "a wish was claimed twice");
        int64_t tick = column_int8(row, 1);
        for (int i = 0; i < claims.count; i++)
            is_kept[i] |= claims.tickets[i]->tick == tick;
    }
    for (int i = 0; i < claims.count; i++)
        if (!is_kept[i])
            give_back(claims.tickets[i]);
}

/// False where the budget, or the tickets, of its server are used up: no other link of it need ask.
bool claim(const Wish& wish, sync::Priority priority, Claims& claims) {
    const Linked* link = find_link(wish.link);
    Source* source = find_source(wish.link);
    if (link == nullptr || source == nullptr || link->link == nullptr)
        return true;
    if (wish.is_create && wish.is_doubtful) {
        doubt(wish);
        return true;
    }
    Ticket* ticket = reserve(Errand::write, *source, *link, priority);
    if (ticket == nullptr)
        return source->connection == nullptr;
    bridge::Fault fault;
    std::string_view mapping = wish.mapping != nullptr ? wish.mapping : "";
    if (!bridge::sync_call(link->link, mapping, wish.wish, wish.key, net.text, fault)) {
        give_back(ticket);
        run(set_aside, {as_int4(wish.link), as_text(wish.key), as_int8(wish.version),
                        as_text(words_of(fault))});
        return true;
    }
    ticket->request = keep_text(ticket, taken_text());
    ticket->key = keep_text(ticket, wish.key);
    ticket->is_create = wish.is_create;
    ticket->attempts = wish.refusals;
    add(claims, ticket, wish);
    return true;
}

void plan_lane(Source& source, bool bulk) {
    sync::Priority priority = bulk ? sync::Priority::backfill : sync::Priority::outbound;
    int room = room_of(Errand::write, source);
    if (room <= 0)
        return;
    int64_t wait_ms = source.no_budget_until_ms[static_cast<int>(priority)] - net.now_ms;
    if (wait_ms > 0)
        return due_in(wait_ms);
    Wish wishes[claims_max];
    int count = read(source.link, bulk, room, source.lanes[bulk], wishes);
    Claims claims = claims_of(count);
    for (int i = 0; i < count; i++)
        if (!claim(wishes[i], priority, claims)) {
            source.lanes[bulk].from = wishes[i].due; // it is the next one
            break;
        }
    keep(claims, source.our_bot);
}

/// Where nothing could be sent for a while (read_only, a pause, Notion out of reach, no worker),
/// people went on editing: what was read before that guards no write after it. A link that rests is
/// woken by a poll, which is young enough.
bool may_send(Source& source, const Linked& link) {
    const int64_t wait_ms = pass_breaker(source.server, false);
    if (wait_ms > 0)
        due_in(wait_ms);
    const bool kept_back = wait_ms > 0 || link.read_only || (!link.active && !link.resting);
    if (!kept_back && link.active && !source.sends)
        run(guard_anew, {as_int4(source.link)});
    source.sends = !kept_back && (link.active || source.sends);
    return !kept_back && link.active;
}

} // namespace

// Two lanes: what people did goes before what bulk jobs did, which keep a share of the budget.
// Links take turns at being first: one with 100,000 wishes does not keep the others waiting.
void plan_writes() {
    static size_t first;
    std::span<Source> sources = all_sources();
    for (bool bulk : {false, true})
        for (size_t i = 0; i < sources.size(); i++) {
            Source& source = sources[(first + i) % sources.size()];
            const Linked* link = find_link(source.link);
            if (link != nullptr && may_send(source, *link))
                plan_lane(source, bulk);
        }
    first++;
}

} // namespace notion::pg::worker
