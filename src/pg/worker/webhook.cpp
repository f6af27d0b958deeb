// Webhook deliveries: see the header. A handshake is taken only while notion.expect_webhook has
// armed the server, and only if it is signed with the token that it brings. scope: call.
#include "pg/postgres.hpp"

#include "bridge/sync.hpp"
#include "pg/own.hpp"
#include "pg/sealed.hpp"
#include "pg/worker/query.hpp"
#include "pg/worker/shared.hpp"
#include "pg/worker/webhook.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(notion_receive_webhook);
}

namespace notion::pg::worker {
namespace {

// Notion's events are under 10 KB: ids, no values. The listener refuses more before it is here.
constexpr size_t body_bytes_max = 256 * 1024;
constexpr uint64 tokens_max = 16; // subscriptions of one server

constinit Query known_server = {
    "SELECT FROM pg_foreign_server s JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw"
    " WHERE s.srvname = $1::name AND w.fdwname = 'notion_fdw'"};

constinit Query read_webhooks = {
    "SELECT id FROM notion.webhooks WHERE server = $1::name AND verified_at IS NOT NULL"
    " ORDER BY id DESC LIMIT 16"};

constinit Query take_handshake = {
    "UPDATE notion.webhooks SET verified_at = clock_timestamp(), armed_until = NULL"
    " WHERE server = $1::name AND id = (SELECT id FROM notion.webhooks"
    "        WHERE server = $1::name AND armed_until > clock_timestamp()"
    "        ORDER BY id DESC LIMIT 1) RETURNING id"};

// Of the same event twice the first counts, and which subscription brought it.
constinit Query keep_events = {
    "WITH arrived AS MATERIALIZED ("
    "    SELECT x.n, x.server::name, x.webhook, x.event::jsonb AS event"
    "      FROM unnest($1::text[], $2::int8[], $3::text[])"
    "           WITH ORDINALITY x(server, webhook, event, n)),"
    " first AS ("
    "    SELECT DISTINCT ON (server, event ->> 'id') * FROM arrived"
    "     ORDER BY server, event ->> 'id', n),"
    " kept AS ("
    "    INSERT INTO notion.inbox (server, event_id, type, entity, event)"
    "    SELECT server, event ->> 'id', event ->> 'type', event ->> 'entity', event FROM first"
    "     ORDER BY n ON CONFLICT (server, event_id) DO NOTHING RETURNING server, event_id),"
    " told AS ("
    "    SELECT f.server, f.webhook, count(k.event_id) AS events"
    "      FROM first f LEFT JOIN kept k ON k.server = f.server AND k.event_id = f.event ->> 'id'"
    "     GROUP BY f.server, f.webhook)"
    "UPDATE notion.webhooks w SET last_event_at = clock_timestamp(), events = w.events + t.events"
    "  FROM told t WHERE w.server = t.server AND w.id = t.webhook"};

constinit Query read_token = {"SELECT $1::jsonb ->> 'token'"};

const char* kind_of(int64_t webhook) {
    return psprintf("webhook %lld", static_cast<long long>(webhook));
}

/// A server, as deliveries of one round find it: its tokens are opened once for all of them.
struct Door {
    const char* name;
    const char* id; ///< null: no such server, or none that expects anything
    bool exists;
    uint64 count;
    int64_t webhooks[tokens_max];
    Secret tokens[tokens_max]; ///< null: cannot be opened
    const char* reason;        ///< why not
};

void open_door(Door& door, std::string_view server_name) {
    door = {};
    door.name = pnstrdup(server_name.data(), server_name.size());
    door.exists = run(known_server, {as_text(server_name)}) > 0;
    door.id = door.exists ? server_id(GetForeignServerByName(door.name, false)) : nullptr;
    if (door.id == nullptr)
        return;
    door.count = Min(run(read_webhooks, {as_text(door.name)}), tokens_max);
    for (uint64 row = 0; row < door.count; row++)
        door.webhooks[row] = column_int8(row, 1);
    for (uint64 row = 0; row < door.count; row++)
        door.tokens[row] = try_open_secret({door.id, "", kind_of(door.webhooks[row])}, InvalidOid,
                                           door.name, &door.reason);
}

/// The subscription that signed the body; 0: none of those that could be opened, < 0: and at least
/// one could not.
int64_t signer(const Door& door, std::string_view body, std::string_view signature) {
    for (uint64 row = 0; row < door.count; row++)
        if (door.tokens[row] != nullptr &&
            bridge::webhook_signed(body, signature, door.tokens[row]))
            return door.webhooks[row];
    if (door.reason == nullptr)
        return 0;
    ereport(WARNING, (errmsg("a webhook of server \"%s\" cannot be checked", door.name),
                      errdetail("%s", door.reason)));
    return -1;
}

int handshake(const Door& door, const Arrival& it, const char* event) {
    run(read_token, {as_jsonb(event)});
    const char* token = column_text(0, 1);
    if (token == nullptr || !bridge::webhook_signed(it.body, it.signature, token))
        return 401;
    if (run(take_handshake, {as_text(door.name)}) == 0)
        return 403;
    store_secret({door.id, "", kind_of(column_int8(0, 1))}, InvalidOid, token);
    return 200;
}

/// What is to be kept of a round.
struct Kept {
    int64_t room;
    Column servers, webhooks, events;
};

/// The status to answer. 200 of an event: once what it added to `kept` is committed.
int judge(Door& door, const Arrival& it, bridge::Text* text, Kept& kept) {
    if (!door.exists)
        return 404;
    if (it.body.size() > body_bytes_max)
        return 413;
    if (door.id == nullptr)
        return 403; // notion.expect_webhook gives it one
    // Who signed with a token that we hold is Notion, whatever else the body says.
    const int64_t webhook = signer(door, it.body, it.signature);
    bridge::Fault fault;
    bridge::WebhookHead head = {};
    if (!bridge::webhook_event(it.body, text, fault, &head))
        return webhook > 0 ? 400 : webhook < 0 ? 503 : 401;
    std::string_view event = bridge::text_view(text);
    if (head.is_handshake) {
        int status = handshake(door, it, pnstrdup(event.data(), event.size()));
        open_door(door, door.name); // its token is one that we hold now
        return status;
    }
    if (webhook <= 0)
        return webhook < 0 ? 503 : 401;
    if (!head.is_whole)
        return 400;
    if (kept.events.count >= kept.room)
        return 429;
    add_text(kept.servers, door.name);
    add_int8(kept.webhooks, webhook);
    add_text(kept.events, event);
    return 200;
}

} // namespace

int receive_webhooks(std::span<Arrival> arrivals, int64_t room) {
    auto count = static_cast<int>(arrivals.size());
    Kept kept = {.room = room,
                 .servers = column_of(TEXTOID, count),
                 .webhooks = column_of(INT8OID, count),
                 .events = column_of(TEXTOID, count)};
    auto* doors = static_cast<Door*>(palloc(sizeof(Door) * arrivals.size()));
    auto* text = own<bridge::Text, bridge::text_free>(
        CurrentMemoryContext, [](bridge::Fault& out) { return bridge::text_new(out); });
    int opened = 0;
    for (Arrival& it : arrivals) {
        int place = 0;
        while (place < opened && it.server != doors[place].name)
            place++;
        if (place == opened)
            open_door(doors[opened++], it.server);
        it.status = judge(doors[place], it, text, kept);
    }
    if (kept.events.count > 0)
        run(keep_events, {as_array(kept.servers), as_array(kept.webhooks), as_array(kept.events)});
    return kept.events.count;
}

} // namespace notion::pg::worker

// The same for those who terminate HTTP elsewhere. Its write obeys ROLLBACK: answer after COMMIT.
extern "C" Datum notion_receive_webhook(PG_FUNCTION_ARGS) {
    using namespace notion::pg;
    Name server = PG_GETARG_NAME(0);
    bytea* body = PG_GETARG_BYTEA_PP(1);
    text* signature = PG_GETARG_TEXT_PP(2);
    worker::connect_spi();
    worker::Arrival it = {
        .server = NameStr(*server),
        .body = {VARDATA_ANY(body), static_cast<size_t>(VARSIZE_ANY_EXHDR(body))},
        .signature = {VARDATA_ANY(signature), static_cast<size_t>(VARSIZE_ANY_EXHDR(signature))},
        .status = 0};
    (void)worker::receive_webhooks({&it, 1}, 1); // whoever has HTTP elsewhere limits it there
    SPI_finish();
    if (it.status == 200)
        worker::wake_net_at_commit();
    PG_RETURN_INT32(it.status);
}
