// The inbox: webhook events become pages to be read. What an event says is taken from the event
// alone; receipts tell which of them speak of our own writes (protocol.md 1.5), and which edits of
// others those overwrote. Refuses to settle what a flight is about to explain. scope: worker.
#include "pg/postgres.hpp"

#include "bridge/echo.hpp"
#include "pg/settings.hpp"
#include "pg/worker/net.hpp"
#include "pg/worker/query.hpp"

namespace notion::pg::worker {
namespace {

constexpr int events_max = 500; // a round

// Events that only a bot has made, or whose page was written in their time, each with what we know
// of our own writes to it. Where one is under way, its receipt comes with the answer.
constinit Query read_events = {
    "WITH event AS MATERIALIZED ("
    "    SELECT i.server, i.event_id, i.event, i.attempts,"
    "           CASE WHEN i.entity ~* '^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$'"
    "                THEN i.entity::uuid END AS page"
    "      FROM (SELECT * FROM notion.inbox WHERE state = 'new' AND due <= now()"
    "             ORDER BY due LIMIT $1) i"
    "     WHERE i.event ->> 'call' = 'read_page'),"
    " known AS ("
    "    SELECT e.*, l.id AS link, m.key, m.key IS NULL AND EXISTS ("
    "               SELECT FROM notion.mappings f"
    "                WHERE f.flight <> 'none' AND f.link = l.id AND f.flight_kind = 'create')"
    "               AS may_be_in_flight,"
    "           coalesce(m.flight, 'none') <> 'none'"
    "           OR EXISTS (SELECT FROM notion.contents t WHERE t.link = l.id AND t.page = e.page"
    "                         AND t.flight = 'sending') AS in_flight"
    "      FROM event e"
    "      JOIN pg_foreign_server s ON s.srvname = e.server"
    "      JOIN pg_foreign_table f ON f.ftserver = s.oid"
    "      JOIN notion.links l ON l.foreign_table_id = f.ftrelid"
    "           AND (l.direction <> 'to_notion' OR l.content IS NOT NULL)"
    "      LEFT JOIN notion.mappings m ON m.link = l.id AND m.page = e.page"
    "     WHERE m.key IS NOT NULL OR l.data_source::text = e.event ->> 'data_source')"
    "SELECT k.server::text, k.event_id, k.event::text, k.link, k.in_flight,"
    "       k.may_be_in_flight AND k.attempts < $2, k.attempts < $2,"
    "       (SELECT coalesce(jsonb_agg(jsonb_build_object('kind', r.kind, 'read_at', r.read_at,"
    "                   'acked_at', r.acked_at, 'properties', r.properties)), '[]')::text"
    "          FROM notion.receipts r"
    "         WHERE r.page = k.page AND r.acked_at > now() - interval '48 hours')"
    "  FROM known k"
    " WHERE k.event -> 'authors' -> 0 ->> 'type' = 'bot' AND k.event -> 'authors' -> 1 IS NULL"
    "    OR k.in_flight OR k.may_be_in_flight"
    "    OR EXISTS (SELECT FROM notion.receipts r WHERE r.page = k.page)"};

constinit Query note_overwritten = {"SELECT notion.overwritten($1, $2)"};

// Whom an event concerns is looked up: pages that are mapped, and pages of a linked data source.
// $2: {"server": {"event id": "echo" | "later"}}. Unknown types stay for people to look at.
constinit Query fold_events = {
    "WITH event AS ("
    "    UPDATE notion.inbox i"
    "       SET state = CASE WHEN n.verdict = 'later' THEN 'new'"
    "                        WHEN (i.event ->> 'known')::boolean THEN 'done' ELSE 'kept' END,"
    "           due = CASE WHEN n.verdict = 'later'"
    "                      THEN clock_timestamp() + CASE WHEN i.attempts < $5"
    "                           THEN interval '300 ms' ELSE interval '2 s' END ELSE i.due END,"
    "           attempts = i.attempts + 1, reason = n.verdict"
    "      FROM (SELECT server, event_id, $2::jsonb -> server::text ->> event_id AS verdict"
    "              FROM notion.inbox WHERE state = 'new' AND due <= now()"
    "             ORDER BY due LIMIT $1) n"
    "     WHERE i.server = n.server AND i.event_id = n.event_id RETURNING i.*),"
    // A link that is paused hears as well, and one whose first sync is under way: a page that went
    // to the trash meanwhile is shown by no poll after that. What was never synced has no pages.
    " heard AS ("
    "    SELECT l.id AS link, l.state, e.type, e.event, e.entity, e.reason,"
    "           e.event ->> 'call' = 'read_page' AND e.entity ~*"
    "           '^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$' AS is_page"
    "      FROM event e"
    "      JOIN pg_foreign_server s ON s.srvname = e.server"
    "      JOIN pg_foreign_table f ON f.ftserver = s.oid"
    "      JOIN notion.links l ON l.foreign_table_id = f.ftrelid"
    "     WHERE e.event ->> 'call' <> 'ignore'"
    "       AND (l.direction <> 'to_notion' OR l.content IS NOT NULL)"
    "       AND (l.synced_at IS NOT NULL OR EXISTS (SELECT FROM notion.jobs j"
    "                WHERE j.link = l.id AND j.finished_at IS NULL))"
    "       AND (l.data_source::text IN (e.event ->> 'data_source', e.entity)"
    "            OR EXISTS (SELECT FROM notion.mappings m"
    "                        WHERE m.link = l.id AND m.page = (CASE WHEN e.entity ~*"
    "                              '^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$'"
    "                              THEN e.entity END)::uuid))),"
    " concerned AS (SELECT * FROM heard WHERE reason IS NULL),"
    " pages AS ("
    "    INSERT INTO notion.due_pages AS d (link, page, why, event_at)"
    "    SELECT link, (CASE WHEN is_page THEN entity END)::uuid, 'event',"
    "           CASE WHEN bool_and(type IN ('page.properties_updated', 'page.content_updated',"
    "                                       'page.created'))"
    "                THEN max((event ->> 'timestamp')::timestamptz) END"
    "      FROM concerned WHERE is_page GROUP BY 1, 2 ORDER BY 1, 2"
    "        ON CONFLICT (link, page) DO UPDATE SET due = least(d.due, now()), attempts = 0,"
    "           heard_at = clock_timestamp(),"
    // What waits for less than a reading, or holds no write back, waits for one now.
    "           why = CASE WHEN d.why IN ($3, $4, 'trash grace') THEN excluded.why ELSE d.why END,"
    "           event_at = CASE WHEN d.event_at IS NULL THEN NULL"
    "                           ELSE greatest(d.event_at, excluded.event_at) END"
    "    RETURNING 1),"
    " contents AS ("
    "    INSERT INTO notion.contents AS t (link, page, due)"
    "    SELECT c.link, m.page, now() FROM concerned c JOIN notion.links l ON l.id = c.link"
    "      JOIN notion.mappings m ON m.link = c.link AND m.page = (CASE WHEN c.is_page"
    "           THEN c.entity END)::uuid"
    "     WHERE c.type = 'page.content_updated' AND l.content IS NOT NULL"
    "       AND c.state IN ('active', 'resting')" // for the others the next poll tells
    "       AND m.held ->> '*' IS DISTINCT FROM 'forgotten' GROUP BY 1, 2 ORDER BY 2"
    "        ON CONFLICT (link, page) DO UPDATE SET due = now(), attempts = 0, failed = false,"
    "           begun = NULL"
    "    RETURNING 1),"
    // An echo tells as well that edits are told.
    " polls AS ("
    "    UPDATE notion.polls p SET next_at = CASE WHEN c.is_due THEN now() ELSE p.next_at END,"
    "           told_at = CASE WHEN c.tells THEN clock_timestamp() ELSE p.told_at END"
    "      FROM (SELECT link, bool_or(reason IS NULL AND NOT is_page) AS is_due,"
    "                   bool_or(type IN ('page.properties_updated', 'page.content_updated'))"
    "                       AS tells FROM heard GROUP BY 1) c"
    "     WHERE p.link = c.link AND (c.is_due OR c.tells) RETURNING 1),"
    // Told once a type: the rest of them stands in notion.unknown_events.
    " strange AS ("
    "    SELECT DISTINCT e.server, left(e.type, 100) AS type FROM event e"
    "     WHERE e.state = 'kept' AND NOT EXISTS (SELECT FROM notion.inbox o"
    "            WHERE o.state = 'kept' AND o.server = e.server AND o.type = e.type)),"
    " noted AS ("
    "    INSERT INTO notion.log (side, action, outcome)"
    "    SELECT 'notion', 'unknown event', format('%s of server %s: kept in notion.inbox',"
    "           type, server) FROM strange RETURNING outcome)"
    "SELECT (SELECT count(*) FROM event), (SELECT count(*) FROM pages),"
    "       (SELECT count(*) FROM event WHERE state = 'new'),"
    "       (SELECT string_agg(outcome, E'\n') FROM noted)"};

constinit Query insert_receipt = {
    "INSERT INTO notion.receipts (link, page, kind, read_at, acked_at, properties)"
    " SELECT m.link, ($3::jsonb ->> 'page')::uuid, m.flight_kind,"
    // The walk that was the guard had an index that may lag. A look at the page has no lag. The
    // time of both is told by Date headers, that of events by another clock of Notion's.
    "        greatest(coalesce(m.guarded_at, m.sent_at) - $6 * interval '1 millisecond', "
    "m.looked_at)"
    "            - ($5 + $7) * interval '1 millisecond', $4,"
    "        ARRAY(SELECT DISTINCT split_part(f, '#', 1)"
    "                FROM jsonb_object_keys(m.flight_payload -> 'fields') f)"
    "   FROM notion.mappings m"
    "  WHERE m.link = $1 AND m.key = $2 AND m.flight_kind IS NOT NULL"};

// For what may explain an event, and may as well have nothing to do with it. A write to the page
// itself is waited for as long as it takes: what it overwrote is known when its outcome is, and no
// reading counts before that.
constexpr int attempts_max = 30;

struct Event {
    const char* server;
    const char* id;
    const char* event;
    int32 link;
    bool in_flight;        ///< a write to its page is
    bool may_be_in_flight; ///< a create that may have made its page is
    bool is_young;
    const char* receipts;
};

/// null: to be read.
const char* verdict_of(const Event& it) {
    Source* source = find_source(it.link);
    const Linked* link = find_link(it.link);
    if (source == nullptr || link == nullptr || link->link == nullptr)
        return nullptr;
    if (source->our_bot[0] == '\0')
        look_for_bot(*source, *link);
    bool knows_us = source->our_bot[0] != '\0';
    if (it.in_flight || it.may_be_in_flight || (it.is_young && !knows_us))
        return "later";
    bridge::Echo echo;
    bridge::Fault fault;
    if (!bridge::event_echo(it.event, it.receipts, source->our_bot, echo, fault))
        return nullptr;
    if (echo == bridge::Echo::overwritten_unseen)
        run(note_overwritten, {as_int4(it.link), as_jsonb(it.event)});
    return echo == bridge::Echo::ours_alone ? "echo" : nullptr;
}

void append_verdict(StringInfo json, const Event& it, const char* verdict) {
    appendStringInfoString(json, json->len == 0 ? "[[" : ",[");
    escape_json(json, it.server);
    appendStringInfoChar(json, ',');
    escape_json(json, it.id);
    appendStringInfo(json, ",\"%s\"]", verdict);
}

/// As fold_events wants them.
const char* by_server(StringInfo list) {
    static constinit Query group = {
        "SELECT jsonb_object_agg(server, ids)::text FROM ("
        "    SELECT v ->> 0 AS server, jsonb_object_agg(v ->> 1, v ->> 2) AS ids"
        "      FROM jsonb_array_elements($1::jsonb) v GROUP BY 1) s"};
    if (list->len == 0)
        return "{}";
    appendStringInfoChar(list, ']');
    run(group, {as_jsonb(list->data)});
    return column_text(0, 1);
}

} // namespace

void fold_inbox() {
    auto* events = static_cast<Event*>(palloc(sizeof(Event) * events_max));
    auto count = static_cast<int>(
        Min(run(read_events, {as_int4(events_max), as_int4(attempts_max)}), uint64{events_max}));
    for (int i = 0; i < count; i++) {
        auto row = static_cast<uint64>(i);
        events[i] = {.server = column_text(row, 1),
                     .id = column_text(row, 2),
                     .event = column_text(row, 3),
                     .link = static_cast<int32>(column_int8(row, 4)),
                     .in_flight = column_bool(row, 5),
                     .may_be_in_flight = column_bool(row, 6),
                     .is_young = column_bool(row, 7),
                     .receipts = column_text(row, 8)};
    }
    StringInfoData verdicts;
    initStringInfo(&verdicts);
    for (int i = 0; i < count; i++)
        if (const char* verdict = verdict_of(events[i]))
            append_verdict(&verdicts, events[i], verdict);
    run(fold_events, {as_int4(events_max), as_jsonb(by_server(&verdicts)), as_text(lost_to_flight),
                      as_text(may_be_ours), as_int4(attempts_max)});
    if (!column_null(0, 4))
        ereport(LOG, (errmsg("a webhook brought events of a type that is not known"),
                      errdetail("%s", column_text(0, 4))));
    if (column_int8(0, 1) == events_max)
        due_in(0);
    else if (column_int8(0, 3) > 0)
        due_in(300);
}

void keep_receipt(int32 link, const char* key, const char* recorded) {
    const Source* source = find_source(link);
    int64_t date_ms = source != nullptr && source->date_ms != 0 ? source->date_ms : net.now_ms;
    int64_t offset_ms = source != nullptr ? source->offset_ms : 0;
    run(insert_receipt,
        {as_int4(link), as_text(key), as_jsonb(recorded), as_time_ms(date_ms), as_int8(offset_ms),
         as_int8(settings::index_lag_ms), as_int8(notions_clocks_ms)});
}

} // namespace notion::pg::worker
