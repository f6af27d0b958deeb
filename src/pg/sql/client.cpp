// notion.oauth_configure and COPY notion.client_in: by which integration people connect a server.
// Assumes SECURITY DEFINER: for the server's owner. scope: call.
#include "pg/postgres.hpp"

#include "pg/rights.hpp"
#include "pg/sealed.hpp"
#include "pg/sql/oauth.hpp"
#include "pg/sql/token.hpp"
#include "pg/worker/query.hpp"
#include "pg/worker/shared.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(notion_oauth_configure);
PG_FUNCTION_INFO_V1(notion_client_in);
}

namespace notion::pg {
namespace {

constinit worker::Query keep_client = {
    "INSERT INTO notion.oauth_clients (server, client_id, redirect_uri, configured_by)"
    " VALUES ($1::uuid, $2, $3, $4::name)"
    " ON CONFLICT (server) DO UPDATE SET client_id = excluded.client_id,"
    "       redirect_uri = excluded.redirect_uri, configured_at = clock_timestamp(),"
    "       configured_by = excluded.configured_by"};
constinit worker::Query read_client = {
    "SELECT client_id, redirect_uri FROM notion.oauth_clients WHERE server = $1::uuid"};
// What waited for the right client is tried again.
constinit worker::Query wake_tasks = {
    "UPDATE notion.oauth_tasks SET due = clock_timestamp() WHERE server = $1::uuid"};

struct Client {
    const char* id;
    const char* secret;
    const char* redirect_uri; ///< null: the integration's own
};

/// Of another server that the asker owns as well.
Client client_of(const char* server_name, Oid asker) {
    const ForeignServer* server = notion_server(server_name);
    require_server_owner(server, asker);
    const char* id = server_id(server);
    if (id == nullptr || worker::run(read_client, {worker::as_text(id)}) == 0)
        ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                        errmsg("server \"%s\" has no OAuth client", server_name),
                        errhint("Configure that one first.")));
    const char* client_id = worker::column_text(0, 1);
    const char* redirect_uri = worker::column_text(0, 2);
    return {client_id, open_secret({id, "", "client"}, InvalidOid, server_name), redirect_uri};
}

bool is_plain(const char* text) {
    for (; *text != '\0'; text++)
        if (!isgraph(static_cast<unsigned char>(*text)))
            return false;
    return true;
}

/// requires: SPI connected.
void configure(const ForeignServer* server, const Client& client, Oid asker) {
    if (client.id == nullptr || client.secret == nullptr || *client.id == '\0' ||
        strchr(client.id, ':') != nullptr || !is_plain(client.id) || !is_plain(client.secret) ||
        (client.redirect_uri != nullptr && !is_plain(client.redirect_uri)))
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("a client id and a client secret must be given"),
                        errdetail("They, and the redirect URI, are printable ASCII without "
                                  "blanks, as the page of the integration in Notion shows them."),
                        errhint("COPY notion.client_in (server, client_id, client_secret) FROM "
                                "STDIN takes them with a tab between.")));
    const char* id = need_server_id(server->servername);
    store_secret({id, "", "client"}, InvalidOid, client.secret);
    worker::run(keep_client, {worker::as_text(id), worker::as_text(client.id),
                              worker::as_text_or_null(client.redirect_uri),
                              worker::as_text(GetUserNameFromId(asker, false))});
    worker::run(wake_tasks, {worker::as_text(id)});
    note_connection("oauth_configure", server->servername, "", GetUserNameFromId(asker, false));
    worker::wake_net_at_commit();
}

const char* text_argument(FunctionCallInfo fcinfo, int at) {
    return PG_ARGISNULL(at) ? nullptr : text_to_cstring(PG_GETARG_TEXT_PP(at));
}

} // namespace
} // namespace notion::pg

extern "C" Datum notion_oauth_configure(PG_FUNCTION_ARGS) {
    using namespace notion::pg;
    if (PG_ARGISNULL(0))
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("a server must be given"),
                        errhint("notion.oauth_configure(server, client_id, client_secret).")));
    const ForeignServer* server = notion_server(NameStr(*PG_GETARG_NAME(0)));
    const Oid asker = invoker();
    require_server_owner(server, asker);
    Client client = {text_argument(fcinfo, 1), text_argument(fcinfo, 2), text_argument(fcinfo, 3)};
    const int ways = !PG_ARGISNULL(2) + !PG_ARGISNULL(4) + !PG_ARGISNULL(5);
    if (ways != 1 || PG_ARGISNULL(1) != !PG_ARGISNULL(5))
        ereport(ERROR,
                (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                 errmsg("either a client id with a secret or a file, or same_as, must be given"),
                 errhint("COPY notion.client_in (server, client_id, client_secret) FROM STDIN puts "
                         "no secret into a statement.")));
    if (!PG_ARGISNULL(2))
        warn_of_literal("client secret");
    if (!PG_ARGISNULL(4))
        client.secret = read_secret_file(asker, text_argument(fcinfo, 4));
    worker::connect_spi();
    if (!PG_ARGISNULL(5))
        client = client_of(NameStr(*PG_GETARG_NAME(5)), asker);
    configure(server, client, asker);
    SPI_finish();
    PG_RETURN_VOID();
}

extern "C" Datum notion_client_in(PG_FUNCTION_ARGS) {
    using namespace notion::pg;
    const CopiedRow row = begin_copied_row(fcinfo, "notion.client_in");
    const char* name = copied_field(row, "server");
    if (name == nullptr)
        ereport(ERROR, (errcode(ERRCODE_NOT_NULL_VIOLATION), errmsg("a server must be given"),
                        errhint("COPY notion.client_in (server, client_id, client_secret) FROM "
                                "STDIN, with tabs between.")));
    const ForeignServer* server = notion_server(name);
    const Oid asker = invoker();
    require_server_owner(server, asker);
    const Client client = {copied_field(row, "client_id"), copied_field(row, "client_secret"),
                           copied_field(row, "redirect_uri")};
    worker::connect_spi();
    configure(server, client, asker);
    SPI_finish();
    return end_copied_row(row);
}
