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

constinit Query keep_event = {
    "WITH event AS ("
    "    INSERT INTO notion.inbox (server, event_id, type, entity, event)"
    "    SELECT $1::name, $2::jsonb ->> 'id', $2::jsonb ->> 'type', $2::jsonb ->> 'entity',"
    "           $2::jsonb"
    "        ON CONFLICT (server, event_id) DO NOTHING RETURNING 1)"
    "UPDATE notion.webhooks SET last_event_at = clock_timestamp(),"
    "       events = events + (SELECT count(*) FROM event)"
    " WHERE server = $1::name AND id = $3"};

constinit Query read_event = {
    "SELECT $1::jsonb ->> 'kind' = 'handshake', $1::jsonb ->> 'token',"
    "       coalesce($1::jsonb ->> 'id', '') <> '' AND coalesce($1::jsonb ->> 'type', '') <> ''"};

const char* kind_of(int64_t webhook) {
    return psprintf("webhook %lld", static_cast<long long>(webhook));
}

/// The subscription that signed the body; 0: none of those that could be opened, < 0: and at least
/// one could not.
int64_t signer(const char* server, const char* id, std::string_view body,
               std::string_view signature) {
    int64_t webhooks[tokens_max];
    const uint64 count = Min(run(read_webhooks, {as_text(server)}), tokens_max);
    for (uint64 row = 0; row < count; row++)
        webhooks[row] = column_int8(row, 1);
    const char* reason = nullptr;
    for (uint64 row = 0; row < count; row++) {
        Secret token =
            try_open_secret({id, "", kind_of(webhooks[row])}, InvalidOid, server, &reason);
        if (token != nullptr && bridge::webhook_signed(body, signature, token))
            return webhooks[row];
    }
    if (reason == nullptr)
        return 0;
    ereport(WARNING, (errmsg("a webhook of server \"%s\" cannot be checked", server),
                      errdetail("%s", reason)));
    return -1;
}

int handshake(const char* server, const char* id, std::string_view body, std::string_view signature,
              const char* token) {
    if (token == nullptr || !bridge::webhook_signed(body, signature, token))
        return 401;
    if (run(take_handshake, {as_text(server)}) == 0)
        return 403;
    store_secret({id, "", kind_of(column_int8(0, 1))}, InvalidOid, token);
    return 200;
}

} // namespace

int receive_webhook(std::string_view server_name, std::string_view body,
                    std::string_view signature) {
    if (run(known_server, {as_text(server_name)}) == 0)
        return 404;
    if (body.size() > body_bytes_max)
        return 413;
    const char* server = pnstrdup(server_name.data(), server_name.size());
    const char* id = server_id(GetForeignServerByName(server, false));
    if (id == nullptr)
        return 403; // notion.expect_webhook gives it one
    // Who signed with a token that we hold is Notion, whatever else the body says.
    const int64_t webhook = signer(server, id, body, signature);
    bridge::Fault fault;
    auto* text = own<bridge::Text, bridge::text_free>(
        CurrentMemoryContext, [](bridge::Fault& out) { return bridge::text_new(out); });
    if (!bridge::webhook_event(body, text, fault))
        return webhook > 0 ? 400 : webhook < 0 ? 503 : 401;
    std::string_view view = bridge::text_view(text);
    const char* event = pnstrdup(view.data(), view.size());
    run(read_event, {as_jsonb(event)});
    if (column_bool(0, 1))
        return handshake(server, id, body, signature, column_text(0, 2));
    if (webhook <= 0)
        return webhook < 0 ? 503 : 401;
    if (!column_bool(0, 3))
        return 400;
    run(keep_event, {as_text(server), as_jsonb(event), as_int8(webhook)});
    return 200;
}

} // namespace notion::pg::worker

// The same for those who terminate HTTP elsewhere. Its write obeys ROLLBACK: answer after COMMIT.
extern "C" Datum notion_receive_webhook(PG_FUNCTION_ARGS) {
    using namespace notion::pg;
    Name server = PG_GETARG_NAME(0);
    bytea* body = PG_GETARG_BYTEA_PP(1);
    text* signature = PG_GETARG_TEXT_PP(2);
    if (SPI_connect() != SPI_OK_CONNECT)
        elog(ERROR, "SPI_connect failed");
    int status = worker::receive_webhook(
        NameStr(*server), {VARDATA_ANY(body), static_cast<size_t>(VARSIZE_ANY_EXHDR(body))},
        {VARDATA_ANY(signature), static_cast<size_t>(VARSIZE_ANY_EXHDR(signature))});
    SPI_finish();
    if (status == 200)
        worker::wake_net_at_commit();
    PG_RETURN_INT32(status);
}
