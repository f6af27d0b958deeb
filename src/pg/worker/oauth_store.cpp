// What an answer about a token changes: see the header. scope: transaction.
#include "pg/postgres.hpp"

#include "bridge/account.hpp"
#include "pg/own.hpp"
#include "pg/sql/oauth.hpp"
#include "pg/sql/token.hpp"
#include "pg/worker/attempt.hpp"
#include "pg/worker/oauth_store.hpp"
#include "pg/worker/query.hpp"

namespace notion::pg::worker {
namespace {

// A code lives for minutes; a token that cannot be revoked for so long is left to people.
constexpr int attempts_max = 10;
constexpr int64_t client_pause_ms = 300'000;
constexpr const char* worker_name = "pg_notion";

constinit Query forget_task = {"DELETE FROM notion.oauth_tasks WHERE id = $1"};
constinit Query put_off = {"UPDATE notion.oauth_tasks SET due = $2 WHERE id = $1"};
constinit Query add_task = {
    "INSERT INTO notion.oauth_tasks (server, role, task) VALUES ($1::uuid, $2::name, $3)"
    " RETURNING id"};

constinit Query keep_account = {
    "INSERT INTO notion.accounts AS a (server, role, given, state, bot_id, workspace_id,"
    "       workspace_name, workspace_icon, owner, connected_at, checked_at, renewed_at)"
    " VALUES ($1::uuid, $2::name, 'oauth', 'connected', $3, $4, $5, $6, $7, clock_timestamp(),"
    "         clock_timestamp(), clock_timestamp())"
    " ON CONFLICT (server, role) DO UPDATE SET given = 'oauth', state = 'connected',"
    "       reason = NULL, bot_id = excluded.bot_id, bot_name = NULL,"
    "       workspace_id = excluded.workspace_id, workspace_name = excluded.workspace_name,"
    "       workspace_icon = excluded.workspace_icon, owner = excluded.owner, scope = NULL,"
    "       connected_at = CASE WHEN $8 THEN excluded.connected_at ELSE a.connected_at END,"
    "       checked_at = excluded.checked_at, renewed_at = excluded.renewed_at"};
constinit Query set_state = {"UPDATE notion.accounts SET state = $3, reason = $4"
                             " WHERE server = $1::uuid AND role = $2::name"};
constinit Query set_reason = {"UPDATE notion.accounts SET reason = $3"
                              " WHERE server = $1::uuid AND role = $2::name"};
// What is revoked may be a token that was never kept: then nobody disconnects.
constinit Query end_disconnecting = {
    "UPDATE notion.accounts SET state = 'disconnected', reason = $3"
    " WHERE server = $1::uuid AND role = $2::name AND state = 'disconnecting'"};
// An earlier connection goes on being good.
constinit Query refuse_connection = {
    "UPDATE notion.accounts a SET reason = $3, state = CASE WHEN a.state = 'connected' AND EXISTS ("
    "       SELECT FROM notion.tokens t WHERE t.server = a.server AND t.role = a.role"
    "          AND t.kind = 'token') THEN a.state ELSE 'refused' END"
    " WHERE a.server = $1::uuid AND a.role = $2::name"};
constinit Query not_renewable = {"UPDATE notion.tokens SET renewable = false"
                                 " WHERE server = $1::uuid AND role = $2::name AND kind = 'token'"};
constinit Query keep_scope = {
    "UPDATE notion.accounts SET scope = $3, checked_at = clock_timestamp(), reason = NULL"
    " WHERE server = $1::uuid AND role = $2::name"};
constinit Query keep_identity = {
    "UPDATE notion.accounts SET bot_id = $3, bot_name = $4, workspace_id = $5,"
    "       workspace_name = $6, checked_at = clock_timestamp(), reason = NULL"
    " WHERE server = $1::uuid AND role = $2::name"};

void set_account(const TokenErrand& errand, const char* state, const char* reason) {
    run(set_state,
        {as_text(errand.server_id), as_text(errand.role), as_text(state), as_text_or_null(reason)});
}

/// The task is at its end; what was sealed for it alone goes with it.
void end_task(const TokenErrand& errand) {
    run(forget_task, {as_int8(errand.id)});
    if (errand.task == TokenTask::exchange || errand.task == TokenTask::revoke)
        forget_secret({errand.server_id, errand.role, kind_of_task(errand)});
}

void note(const TokenErrand& errand, const char* action) {
    note_connection(action, errand.server_name, errand.role, worker_name);
}

/// Why, in one line without a secret: Notion's words, or the transport's.
const char* reason_of(const TokenErrand& errand) {
    bridge::Fault fault;
    bridge::call_fault(errand.call, fault);
    return words_of(fault);
}

void end_disconnected(const TokenErrand& errand, const char* reason) {
    run(end_disconnecting,
        {as_text(errand.server_id), as_text(errand.role), as_text_or_null(reason)});
}

void try_later(const TokenErrand& errand, const char* reason, int64_t pause_ms) {
    run(put_off, {as_int8(errand.id), as_time_ms(net.now_ms + pause_ms)});
    run(set_reason, {as_text(errand.server_id), as_text(errand.role),
                     as_text(psprintf("tried again after %s", reason))});
    due_in(pause_ms);
}

void refuse(const TokenErrand& errand, const char* reason) {
    run(refuse_connection, {as_text(errand.server_id), as_text(errand.role), as_text(reason)});
    end_task(errand);
    note(errand, "connect_refused");
}

void expire(const TokenErrand& errand, const char* reason) {
    forget_secret({errand.server_id, errand.role, "refresh"});
    run(not_renewable, {as_text(errand.server_id), as_text(errand.role)});
    const bool cut = errand.task == TokenTask::refresh && errand.attempts > 1;
    set_account(
        errand, "expired",
        psprintf("%s%s", reason,
                 cut ? " (an earlier attempt got no answer, which may have held the token)" : ""));
    end_task(errand);
    note(errand, "expired");
}

/// What we do not keep is not left lying about in Notion.
void revoke(const TokenErrand& errand, std::string_view token) {
    run(add_task, {as_text(errand.server_id), as_text(errand.role), as_text("revoke")});
    const int64_t task = column_int8(0, 1);
    store_secret(
        {errand.server_id, errand.role, psprintf("revoke %lld", static_cast<long long>(task))},
        errand.role_oid, token);
    net.plan_now = true;
}

/// Null where links of the server know no other workspace.
const char* stranger(const TokenErrand& errand, const bridge::Identity& identity) {
    const char* reason = nullptr;
    const TokenErrand* it = &errand;
    const bridge::Identity* who = &identity;
    attempt(
        CurrentMemoryContext,
        [=] {
            check_workspace(GetForeignServer(it->server), it->server_id, who->workspace_id,
                            who->workspace_name);
        },
        &reason);
    return reason;
}

void keep_grant(const TokenErrand& errand, const bridge::Grant& grant) {
    const bool connects = errand.task == TokenTask::exchange;
    if (connects)
        need_mapping(GetForeignServer(errand.server), {errand.role_oid, errand.role});
    const Place token = {errand.server_id, errand.role, "token"};
    const Place refresh = {errand.server_id, errand.role, "refresh"};
    store_secret(token, errand.role_oid, grant.access_token,
                 {!grant.refresh_token.empty(), grant.identity.bot_id});
    if (grant.refresh_token.empty())
        forget_secret(refresh);
    else
        store_secret(refresh, errand.role_oid, grant.refresh_token);
    run(keep_account,
        {as_text(errand.server_id), as_text(errand.role), as_uuid(grant.identity.bot_id),
         as_uuid(grant.identity.workspace_id), as_text(grant.identity.workspace_name),
         as_text(grant.workspace_icon), as_jsonb(grant.owner), as_bool(connects)});
    end_task(errand);
    ask_links_again(errand.server);
    note(errand, connects ? "connect" : "renew");
    net.plan_now = true;
}

void settle_granted(const TokenErrand& errand) {
    const bridge::Reply reply = bridge::call_reply(errand.call);
    auto* body = own<bridge::GrantBody, bridge::grant_close>(
        CurrentMemoryContext,
        [&](bridge::Fault& fault) { return bridge::grant_open(reply.body, fault); });
    const bridge::Grant grant = bridge::grant_view(body);
    const char* reason =
        errand.task == TokenTask::exchange ? stranger(errand, grant.identity) : nullptr;
    if (reason == nullptr)
        return keep_grant(errand, grant);
    revoke(errand, grant.access_token);
    refuse(errand, reason);
}

void settle_grant(const TokenErrand& errand) {
    const bridge::Reply reply = bridge::call_reply(errand.call);
    const bool connects = errand.task == TokenTask::exchange;
    switch (bridge::grant_outcome(reply.status, reply.body)) {
    case bridge::GrantOutcome::granted:
        return settle_granted(errand);
    case bridge::GrantOutcome::refused:
        return connects ? refuse(errand, reason_of(errand)) : expire(errand, reason_of(errand));
    case bridge::GrantOutcome::client:
        if (connects)
            return refuse(errand, reason_of(errand));
        return try_later(errand, reason_of(errand), client_pause_ms);
    case bridge::GrantOutcome::later:
        if (connects && errand.attempts >= attempts_max)
            return refuse(errand, reason_of(errand));
        return try_later(errand, reason_of(errand), bridge::grant_pause_ms(errand.attempts));
    }
}

void settle_revoke(const TokenErrand& errand) {
    const bridge::Reply reply = bridge::call_reply(errand.call);
    const bool done = reply.status == 200 || reply.status == 400; // 400: it is none any more
    if (!done && errand.attempts < attempts_max)
        return try_later(errand, reason_of(errand), bridge::grant_pause_ms(errand.attempts));
    const char* reason =
        done ? nullptr
             : psprintf("not revoked (%s): remove the connection in Notion", reason_of(errand));
    end_disconnected(errand, reason);
    end_task(errand);
    note(errand, done ? "revoke" : "revoke_failed");
}

void settle_introspect(const TokenErrand& errand) {
    const bridge::Reply reply = bridge::call_reply(errand.call);
    bridge::Introspection found;
    bridge::Fault fault;
    if (reply.status != 200 || !bridge::introspection_of(reply.body, found, fault)) {
        if (errand.attempts < attempts_max)
            return try_later(errand, reason_of(errand), bridge::grant_pause_ms(errand.attempts));
        return end_task(errand);
    }
    end_task(errand);
    run(keep_scope, {as_text(errand.server_id), as_text(errand.role), as_text(found.scope)});
    if (found.active)
        return;
    run(add_task, {as_text(errand.server_id), as_text(errand.role), as_text("refresh")});
    net.plan_now = true;
}

void settle_identity(const TokenErrand& errand) {
    const bridge::Reply reply = bridge::call_reply(errand.call);
    bridge::Identity identity;
    bridge::Fault fault;
    const bool known = reply.status == 200 && bridge::identity_of(reply.body, identity, fault);
    const char* reason = known ? stranger(errand, identity) : nullptr;
    if (!known && reply.status != 401)
        return try_later(errand, reason_of(errand), bridge::grant_pause_ms(errand.attempts));
    end_task(errand);
    if (known && reason == nullptr) {
        run(keep_identity, {as_text(errand.server_id), as_text(errand.role),
                            as_uuid(identity.bot_id), as_text(identity.bot_name),
                            as_uuid(identity.workspace_id), as_text(identity.workspace_name)});
        return;
    }
    if (known) // of another workspace: what it would read and write is not what was linked
        forget_secret({errand.server_id, errand.role, "token"});
    set_account(errand, "refused", known ? reason : reason_of(errand));
}

} // namespace

const char* kind_of_task(const TokenErrand& errand) {
    switch (errand.task) {
    case TokenTask::exchange:
        return psprintf("code %lld", static_cast<long long>(errand.id));
    case TokenTask::revoke:
        return psprintf("revoke %lld", static_cast<long long>(errand.id));
    case TokenTask::refresh:
        return "refresh";
    case TokenTask::introspect:
    case TokenTask::identify:
        break;
    }
    return "token";
}

void settle_token_errand(TokenErrand& errand) {
    switch (errand.task) {
    case TokenTask::exchange:
    case TokenTask::refresh:
        return settle_grant(errand);
    case TokenTask::introspect:
        return settle_introspect(errand);
    case TokenTask::revoke:
        return settle_revoke(errand);
    case TokenTask::identify:
        return settle_identity(errand);
    }
}

void give_up(TokenErrand& errand, const char* reason) {
    if (errand.task == TokenTask::refresh) // the key, the client or the role may come back
        return try_later(errand, reason, client_pause_ms);
    if (errand.task == TokenTask::exchange)
        return refuse(errand, reason);
    if (errand.task == TokenTask::revoke)
        end_disconnected(errand,
                         psprintf("not revoked (%s): remove the connection in Notion", reason));
    end_task(errand);
}

} // namespace notion::pg::worker
