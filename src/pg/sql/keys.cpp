// notion.rotate_key, notion.rebind, notion.webhook_token: what opens secrets again.
// Assumes SECURITY DEFINER; the first two are for superusers, the last for the server's owner.
// scope: call.
#include "pg/postgres.hpp"

#include "pg/key.hpp"
#include "pg/rights.hpp"
#include "pg/sealed.hpp"
#include "pg/worker/query.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(notion_rotate_key);
PG_FUNCTION_INFO_V1(notion_rebind);
PG_FUNCTION_INFO_V1(notion_webhook_token);
PG_FUNCTION_INFO_V1(notion_key_id);
PG_FUNCTION_INFO_V1(notion_need_server_id);
}

namespace notion::pg {
namespace {

constinit worker::Query lock_tokens = {"LOCK TABLE notion.tokens IN SHARE ROW EXCLUSIVE MODE"};
// What a server left that is gone binds nobody, and its key may be gone too.
constinit worker::Query forget_servers = {
    "DELETE FROM notion.tokens t WHERE NOT EXISTS (SELECT FROM notion.server_ids() s"
    " WHERE s.id = t.server)"};
constinit worker::Query all_places = {
    "SELECT t.server::text, t.role::text, t.kind::text, s.name::text"
    "  FROM notion.tokens t JOIN notion.server_ids() s ON s.id = t.server"
    " ORDER BY t.server, t.role, t.kind"};
constinit worker::Query places_to_move = {
    "SELECT t.server::text, t.role::text, t.kind::text, $4::text"
    "  FROM notion.tokens t"
    " WHERE t.server = $1::uuid AND CASE WHEN $3::text IS NULL"
    "       THEN t.role_oid = $2::oid AND t.system_identifier ="
    "            (SELECT i.system_identifier FROM notion.identity() i)"
    "       ELSE t.role = $3::name END"};
constinit worker::Query move_account = {
    "UPDATE notion.accounts SET role = $3::name WHERE server = $1::uuid AND role = $2::name"
    "   AND NOT EXISTS (SELECT FROM notion.accounts o"
    "                    WHERE o.server = $1::uuid AND o.role = $3::name)"};
constinit worker::Query newest_webhook = {"SELECT w.id, w.shown_at::text FROM notion.webhooks w"
                                          " WHERE w.server = $1::name AND w.verified_at IS NOT NULL"
                                          " ORDER BY w.id DESC LIMIT 1 FOR UPDATE"};
constinit worker::Query note_shown = {
    "UPDATE notion.webhooks SET shown_at = clock_timestamp() WHERE server = $1::name AND id = $2"};
constinit worker::Query note = {
    "INSERT INTO notion.log (side, action, changes, actor)"
    " VALUES ('postgres', $1, jsonb_build_object('server', $2::text, 'role', $3::text,"
    "         'secrets', $4::bigint), $5)"};

void require_superuser(const char* function) {
    if (superuser_arg(invoker()))
        return;
    ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                    errmsg("must be superuser to run %s", function),
                    errhint("It works on the secrets of all roles: ask a superuser.")));
}

void keep_note(const char* action, const char* server, const char* role, uint64 secrets) {
    worker::run(note, {worker::as_text(action), worker::as_text_or_null(server),
                       worker::as_text_or_null(role), worker::as_int8(static_cast<int64>(secrets)),
                       worker::as_text(GetUserNameFromId(invoker(), false))});
}

struct Found {
    Place place;
    const char* server_name;
};

/// Copied: what follows runs statements of its own.
Found* copy_places(uint64 count) {
    auto* found = static_cast<Found*>(palloc((count + 1) * sizeof(Found)));
    for (uint64 row = 0; row < count; row++)
        found[row] = {
            {worker::column_text(row, 1), worker::column_text(row, 2), worker::column_text(row, 3)},
            worker::column_text(row, 4)};
    return found;
}

uint64 rebind(const ForeignServer* server, const char* id, const char* role, const char* was) {
    const Oid oid = get_role_oid(role, false);
    const uint64 count = worker::run(places_to_move, {worker::as_text(id), worker::as_int8(oid),
                                                      worker::as_text_or_null(was),
                                                      worker::as_text(server->servername)});
    if (count == 0)
        ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
                        errmsg("nothing is sealed for role \"%s\" and server \"%s\"",
                               was != nullptr ? was : role, server->servername),
                        errhint("notion.connections lists what is known; the third argument is "
                                "the name that the role had when the token was given.")));
    const Found* places = copy_places(count);
    for (const Found& it : std::span(places, count)) {
        reseal(it.place, {id, role, it.place.kind}, oid, server->servername);
        worker::run(move_account,
                    {worker::as_text(id), worker::as_text(it.place.role), worker::as_text(role)});
    }
    keep_note("rebind", server->servername, role, count);
    return count;
}

} // namespace
} // namespace notion::pg

extern "C" Datum notion_rotate_key(PG_FUNCTION_ARGS) {
    using namespace notion::pg;
    (void)fcinfo;
    require_superuser("notion.rotate_key");
    worker::connect_spi();
    worker::run(lock_tokens);
    worker::run(forget_servers);
    const uint64 count = worker::run(all_places);
    const Found* places = copy_places(count);
    for (const Found& it : std::span(places, count))
        reseal(it.place, it.place, InvalidOid, it.server_name);
    keep_note("rotate_key", nullptr, nullptr, count);
    SPI_finish();
    PG_RETURN_INT64(static_cast<int64>(count));
}

extern "C" Datum notion_rebind(PG_FUNCTION_ARGS) {
    using namespace notion::pg;
    if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("a server and a role must be given"),
                        errhint("notion.connections lists them.")));
    require_superuser("notion.rebind");
    const ForeignServer* server = notion_server(NameStr(*PG_GETARG_NAME(0)));
    const char* was = PG_ARGISNULL(2) ? nullptr : NameStr(*PG_GETARG_NAME(2));
    worker::connect_spi();
    worker::run(lock_tokens);
    const char* id = need_server_id(server->servername);
    const uint64 count = rebind(server, id, NameStr(*PG_GETARG_NAME(1)), was);
    SPI_finish();
    PG_RETURN_INT64(static_cast<int64>(count));
}

extern "C" Datum notion_webhook_token(PG_FUNCTION_ARGS) {
    using namespace notion::pg;
    const ForeignServer* server = notion_server(NameStr(*PG_GETARG_NAME(0)));
    require_server_owner(server, invoker());
    const char* id = server_id(server);
    if (id == nullptr)
        PG_RETURN_NULL();
    worker::connect_spi();
    const bool known = worker::run(newest_webhook, {worker::as_text(server->servername)}) == 1;
    const int64_t webhook = known ? worker::column_int8(0, 1) : 0;
    if (const char* shown = known ? worker::column_text(0, 2) : nullptr)
        ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                        errmsg("the token of the newest webhook of server \"%s\" was shown before",
                               server->servername),
                        errdetail("It is shown once: it was at %s.", shown),
                        errhint("Where it is lost, delete the subscription in Notion, call "
                                "notion.expect_webhook('%s') and add it anew.",
                                server->servername)));
    if (known)
        worker::run(note_shown, {worker::as_text(server->servername), worker::as_int8(webhook)});
    SPI_finish();
    if (!known)
        PG_RETURN_NULL();
    Secret token = open_secret({id, "", psprintf("webhook %lld", static_cast<long long>(webhook))},
                               InvalidOid, server->servername);
    if (token == nullptr)
        PG_RETURN_NULL();
    PG_RETURN_TEXT_P(cstring_to_text(token));
}

extern "C" Datum notion_key_id(PG_FUNCTION_ARGS) {
    using namespace notion::pg;
    (void)fcinfo;
    if (!has_key_setting())
        PG_RETURN_NULL();
    PG_RETURN_TEXT_P(cstring_to_text(seal_keys()[0].id));
}

extern "C" Datum notion_need_server_id(PG_FUNCTION_ARGS) {
    using namespace notion::pg;
    const ForeignServer* server = notion_server(NameStr(*PG_GETARG_NAME(0)));
    worker::connect_spi();
    char id[64];
    strlcpy(id, need_server_id(server->servername), sizeof id);
    SPI_finish();
    PG_RETURN_DATUM(DirectFunctionCall1(uuid_in, CStringGetDatum(id)));
}
