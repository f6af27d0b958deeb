// Giving a token to a role: see the header. scope: call.
#include "pg/postgres.hpp"

#include "bridge/client.hpp"
#include "bridge/mux.hpp"
#include "pg/own.hpp"
#include "pg/rights.hpp"
#include "pg/sealed.hpp"
#include "pg/sql/oauth.hpp"
#include "pg/sql/token.hpp"
#include "pg/wait.hpp"
#include "pg/worker/query.hpp"
#include "pg/worker/shared.hpp"

namespace notion::pg {
namespace {

constinit worker::Query other_workspace = {
    "SELECT coalesce(a.workspace_name, a.workspace_id::text) FROM notion.accounts a"
    " WHERE a.server = $1::uuid AND a.workspace_id <> $2::uuid"
    "   AND EXISTS (SELECT FROM notion.links l"
    "                 JOIN pg_foreign_table f ON f.ftrelid = l.foreign_table_id"
    "                WHERE f.ftserver = $3::oid) LIMIT 1"};

constinit worker::Query keep_account = {
    "INSERT INTO notion.accounts AS a (server, role, given, state, bot_id, bot_name, workspace_id,"
    "       workspace_name, connected_at, checked_at)"
    " VALUES ($1::uuid, $2::name, $3, 'connected', $4, $5, $6, $7, clock_timestamp(),"
    "         CASE WHEN $8 THEN clock_timestamp() END)"
    " ON CONFLICT (server, role) DO UPDATE SET given = excluded.given, state = 'connected',"
    "       reason = NULL, owner = NULL, scope = NULL, workspace_icon = NULL, renewed_at = NULL,"
    "       bot_id = excluded.bot_id, bot_name = excluded.bot_name,"
    "       workspace_id = excluded.workspace_id, workspace_name = excluded.workspace_name,"
    "       connected_at = excluded.connected_at, checked_at = excluded.checked_at"};

// Who it is, the worker learns as soon as it can.
constinit worker::Query identify = {
    "INSERT INTO notion.oauth_tasks (server, role, task) VALUES ($1::uuid, $2::name, 'identify')"};

/// One request, which can be cancelled: GET /v1/users/me.
void ask_who(const ForeignServer* server, const char* token, bridge::Identity* identity) {
    Connection* connection = connect_with(server->serverid, token);
    int64_t wait_ms;
    while ((wait_ms = take_request(connection->allowance, sync::Priority::interactive)) > 0)
        wait_once(-1, wait_ms, WaitFor::budget);
    auto* call =
        own<bridge::Call, bridge::call_close>(CurrentMemoryContext, [&](bridge::Fault& fault) {
            return bridge::call_me(connection->endpoint, fault);
        });
    bridge::Fault fault;
    int fd = bridge::mux_fd(fault);
    if (fd < 0)
        raise(fault);
    while (bridge::mux_step(fault) && !bridge::call_is_done(call))
        wait_once(fd, -1, WaitFor::reply);
    if (!bridge::call_is_done(call))
        raise(fault);
    bridge::Reply reply = bridge::call_reply(call);
    if (reply.status == 429 || reply.status == 529)
        request_refused(connection->allowance, reply.retry_after_ms, reply.status == 529);
    if (reply.status != 200) {
        bridge::call_fault(call, fault);
        raise(fault);
    }
    if (!bridge::identity_of(reply.body, *identity, fault))
        raise(fault);
}

void keep(const ForeignServer* server, const Holder& holder, const Given& given,
          const bridge::Identity& identity) {
    const char* id = need_server_id(server->servername);
    check_workspace(server, id, identity.workspace_id, identity.workspace_name);
    need_mapping(server, holder);
    store_secret({id, holder.name, "token"}, holder.oid, given.token);
    worker::run(keep_account,
                {worker::as_text(id), worker::as_text(holder.name), worker::as_text(given.how),
                 worker::as_uuid(identity.bot_id), worker::as_text(identity.bot_name),
                 worker::as_uuid(identity.workspace_id), worker::as_text(identity.workspace_name),
                 worker::as_bool(given.verify)});
    forget_secret({id, holder.name, "refresh"}); // of a connection that this token replaces
    if (!given.verify)
        worker::run(identify, {worker::as_text(id), worker::as_text(holder.name)});
    ask_links_again(server->serverid);
    note_connection("set_token", server->servername, holder.name,
                    GetUserNameFromId(invoker(), false));
}

} // namespace

Holder holder_of(const ForeignServer* server, const char* role, Oid asker) {
    if (role == nullptr)
        role = GetUserNameFromId(asker, false);
    const bool everybody = strcmp(role, for_everybody) == 0;
    const Oid oid = everybody ? InvalidOid : get_role_oid(role, false);
    if (everybody || !has_privs_of_role(asker, oid))
        require_server_owner(server, asker);
    else if (!has_privs_of_role(asker, server->owner))
        require_server_usage(server, asker);
    return {oid, pstrdup(role)};
}

void check_workspace(const ForeignServer* server, const char* id, const char* workspace_id,
                     const char* workspace_name) {
    if (*workspace_id == '\0' ||
        worker::run(other_workspace, {worker::as_text(id), worker::as_text(workspace_id),
                                      worker::as_int8(server->serverid)}) == 0)
        return;
    ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                    errmsg("the token is of another workspace than the links of server \"%s\" know",
                           server->servername),
                    errdetail("It is of \"%s\"; the links are of \"%s\".", workspace_name,
                              worker::column_text(0, 1)),
                    errhint("A server is one workspace: make another server for it, or unlink the "
                            "tables of this one first.")));
}

void need_mapping(const ForeignServer* server, const Holder& holder) {
    const char* who = OidIsValid(holder.oid) ? quote_identifier(holder.name) : "PUBLIC";
    const char* statement = psprintf("CREATE USER MAPPING IF NOT EXISTS FOR %s SERVER %s", who,
                                     quote_identifier(server->servername));
    if (SearchSysCacheExists2(USERMAPPINGUSERSERVER, ObjectIdGetDatum(holder.oid),
                              ObjectIdGetDatum(server->serverid)))
        return;
    if (SPI_execute(statement, false, 0) < 0)
        elog(ERROR, "could not make a user mapping");
}

const char* give_token(const Given& given) {
    const Oid asker = invoker();
    const ForeignServer* server = notion_server(given.server);
    const Holder holder = holder_of(server, given.role, asker);
    if (!bridge::is_token(given.token))
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("this is no token"),
                        errdetail("A token is one word of printable ASCII."),
                        errhint("COPY notion.token_in (server, token) FROM STDIN takes the "
                                "server's name, a tab, and the token.")));
    bridge::Identity identity = {};
    if (given.verify)
        ask_who(server, given.token, &identity);
    worker::connect_spi();
    keep(server, holder, given, identity);
    SPI_finish();
    worker::wake_net_at_commit();
    if (!given.verify)
        return "not verified";
    return psprintf("bot \"%s\" of workspace \"%s\"", identity.bot_name, identity.workspace_name);
}

} // namespace notion::pg
