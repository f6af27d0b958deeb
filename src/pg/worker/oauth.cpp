// Tokens, as net asks Notion about them: codes are exchanged, expired tokens renewed, withdrawn
// ones revoked. One request at a time for each connection, recorded before it leaves, its answer
// stored in a transaction of its own; a refresh token is given up only together with the next one's
// arrival in notion.tokens. Secrets stay in the errand's memory. scope: worker.
#include "pg/postgres.hpp"

#include "bridge/account.hpp"
#include "pg/key.hpp"
#include "pg/own.hpp"
#include "pg/renewal.hpp"
#include "pg/sealed.hpp"
#include "pg/worker/attempt.hpp"
#include "pg/worker/oauth.hpp"
#include "pg/worker/oauth_store.hpp"
#include "pg/worker/process.hpp"
#include "pg/worker/query.hpp"

namespace notion::pg::worker {
namespace {

constexpr int errands_max = 8;
TokenErrand errands[errands_max];

constexpr int64_t store_again_ms = 1'000;

// Asked for since the token that Notion refused was given, and not asked for yet.
constinit Query want_refresh = {
    "INSERT INTO notion.oauth_tasks (server, role, task)"
    " SELECT s.id, $2::name, 'refresh' FROM notion.server_ids() s"
    "  WHERE s.oid = $1::oid"
    "    AND EXISTS (SELECT FROM notion.tokens t WHERE t.server = s.id AND t.role = $2::name"
    "                   AND t.kind = 'refresh')"
    "    AND NOT EXISTS (SELECT FROM notion.oauth_tasks o WHERE o.server = s.id"
    "                       AND o.role = $2::name AND o.task IN ('refresh', 'exchange'))"
    "    AND NOT EXISTS (SELECT FROM notion.accounts a WHERE a.server = s.id"
    "                       AND a.role = $2::name AND a.renewed_at >= $3)"};

constinit Query read_tasks = {
    "SELECT t.id, t.task, t.server::text, t.role::text, s.oid, s.name::text, t.attempts,"
    "       c.client_id, coalesce(c.redirect_uri, ''),"
    "       (extract(epoch FROM t.due - clock_timestamp()) * 1000)::bigint"
    "  FROM notion.oauth_tasks t LEFT JOIN notion.server_ids() s ON s.id = t.server"
    "  LEFT JOIN notion.oauth_clients c ON c.server = t.server"
    " ORDER BY t.due, t.id LIMIT 64"};

constinit Query begin_attempt = {"UPDATE notion.oauth_tasks SET attempts = attempts + 1,"
                                 "       begun_at = clock_timestamp() WHERE id = $1"};

TokenTask task_named(const char* name) {
    if (strcmp(name, "exchange") == 0)
        return TokenTask::exchange;
    if (strcmp(name, "refresh") == 0)
        return TokenTask::refresh;
    if (strcmp(name, "introspect") == 0)
        return TokenTask::introspect;
    return strcmp(name, "revoke") == 0 ? TokenTask::revoke : TokenTask::identify;
}

bridge::OAuthErrand call_of(TokenTask task) {
    switch (task) {
    case TokenTask::exchange:
        return bridge::OAuthErrand::exchange;
    case TokenTask::refresh:
        return bridge::OAuthErrand::refresh;
    case TokenTask::introspect:
    case TokenTask::identify: // asks as the token itself, not as the client
        break;
    case TokenTask::revoke:
        return bridge::OAuthErrand::revoke;
    }
    return bridge::OAuthErrand::introspect;
}

TokenErrand* free_errand() {
    for (TokenErrand& errand : errands)
        if (errand.context == nullptr)
            return &errand;
    return nullptr;
}

bool is_busy(const char* server, const char* role) {
    for (const TokenErrand& errand : errands)
        if (errand.context != nullptr && strcmp(errand.server_id, server) == 0 &&
            strcmp(errand.role, role) == 0)
            return true;
    return false;
}

void release(TokenErrand& errand) {
    MemoryContextDelete(errand.context); // closes the call, wipes secrets
    memset(&errand, 0, sizeof errand);
}

/// What the request needs, opened; raises where one of it is not to be had.
void prepare(TokenErrand& errand) {
    const Oid role =
        strcmp(errand.role, for_everybody) == 0 ? InvalidOid : get_role_oid(errand.role, false);
    errand.role_oid = role;
    if (errand.task == TokenTask::identify) {
        errand.connection = connect(errand.server, role);
        return;
    }
    errand.connection = connect_without_token(errand.server);
    (void)seal_keys(); // what comes must be sealed: better known before it is asked for
    const char* kind = kind_of_task(errand);
    errand.secret =
        open_secret({errand.server_id, errand.role, kind},
                    errand.task == TokenTask::exchange ? InvalidOid : role, errand.server_name);
    errand.client_secret =
        open_secret({errand.server_id, "", "client"}, InvalidOid, errand.server_name);
    if (errand.secret == nullptr || errand.client_secret == nullptr || errand.client_id == nullptr)
        ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                        errmsg("%s", errand.secret == nullptr ? "what was to be sent is gone"
                                                              : "the server has no OAuth client")));
}

/// The errand of a row of read_tasks; its secrets are opened.
void take_task(uint64 row) {
    const char* server = column_text(row, 3);
    const char* role = column_text(row, 4);
    const int64_t wait_ms = column_int8(row, 10);
    if (wait_ms > 0) {
        due_in(wait_ms);
        return;
    }
    TokenErrand* errand = free_errand();
    if (errand == nullptr || is_busy(server, role))
        return;
    errand->context =
        AllocSetContextCreate(TopMemoryContext, "pg_notion token", ALLOCSET_SMALL_SIZES);
    errand->id = column_int8(row, 1);
    errand->task = task_named(column_text(row, 2));
    strlcpy(errand->server_id, server, sizeof errand->server_id);
    strlcpy(errand->role, role, sizeof errand->role);
    errand->server = static_cast<Oid>(column_int8(row, 5));
    errand->attempts = static_cast<int32_t>(column_int8(row, 7)) + 1;
    MemoryContext before = MemoryContextSwitchTo(errand->context);
    errand->server_name = column_null(row, 6) ? "" : column_text(row, 6);
    errand->client_id = column_null(row, 8) ? nullptr : column_text(row, 8);
    errand->redirect_uri = column_text(row, 9);
    MemoryContextSwitchTo(before);
}

void begin_errand(TokenErrand& errand) {
    const char* reason = "the server is gone";
    TokenErrand* it = &errand;
    const bool ready =
        OidIsValid(errand.server) && attempt(
                                         errand.context, [it] { prepare(*it); }, &reason);
    if (!ready) {
        give_up(errand, reason);
        return release(errand);
    }
    if (errand.task == TokenTask::identify) {
        const int64_t wait_ms =
            take_request(errand.connection->allowance, sync::Priority::interactive);
        if (wait_ms > 0) {
            due_in(wait_ms);
            return release(errand);
        }
    }
    run(begin_attempt, {as_int8(errand.id)});
}

void open_call(TokenErrand& errand) {
    const TokenErrand* it = &errand;
    errand.call = own<bridge::Call, bridge::call_close>(errand.context, [it](bridge::Fault& fault) {
        const bridge::Endpoint& endpoint = it->connection->endpoint;
        if (it->task == TokenTask::identify)
            return bridge::call_me(endpoint, fault);
        return bridge::call_oauth(endpoint, {it->client_id, it->client_secret}, call_of(it->task),
                                  it->secret, it->redirect_uri, fault);
    });
}

} // namespace

void plan_tokens() {
    for (Refused refused; take_refused(&refused); waiting.tokens = true) {
        const char* holder =
            OidIsValid(refused.holder) ? GetUserNameFromId(refused.holder, true) : for_everybody;
        if (holder != nullptr)
            run(want_refresh,
                {as_int8(refused.server), as_text(holder), as_time_ms(refused.asked_ms)});
    }
    if (!waiting.tokens)
        return;
    const uint64 count = run(read_tasks);
    TokenErrand* const end = errands + errands_max;
    bool fresh[errands_max];
    for (TokenErrand* it = errands; it != end; it++)
        fresh[it - errands] = it->context == nullptr;
    for (uint64 row = 0; row < count; row++)
        take_task(row);
    for (TokenErrand* it = errands; it != end; it++)
        if (fresh[it - errands] && it->context != nullptr)
            begin_errand(*it);
}

bool any_token_errands() {
    for (const TokenErrand& errand : errands)
        if (errand.context != nullptr && errand.call == nullptr)
            return true;
    return false;
}

void send_token_errands() {
    for (TokenErrand& errand : errands)
        if (errand.context != nullptr && errand.call == nullptr)
            open_call(errand);
}

bool collect_token_answers() {
    bool any = false;
    for (TokenErrand& errand : errands) {
        if (errand.context == nullptr || errand.call == nullptr ||
            !bridge::call_is_done(errand.call))
            continue;
        if (errand.store_at_ms > net.now_ms) {
            due_in(errand.store_at_ms - net.now_ms);
            continue;
        }
        begin("keeping a token");
        const char* reason = nullptr;
        TokenErrand* it = &errand;
        // What Notion gave is not given up because it cannot be stored just now.
        const bool stored = attempt(
            CurrentMemoryContext, [it] { settle_token_errand(*it); }, &reason);
        commit();
        if (!stored) {
            ereport(WARNING, (errmsg("pg_notion could not keep what Notion answered about the "
                                     "token of role \"%s\" for server \"%s\"",
                                     errand.role, errand.server_name),
                              errdetail("%s", reason), errhint("It is tried again.")));
            errand.store_at_ms = net.now_ms + store_again_ms;
            due_in(store_again_ms);
            continue;
        }
        release(errand);
        any = true;
    }
    return any;
}

void hear_refusal(const Source& source, int64_t asked_ms) {
    const Connection* connection = source.connection;
    if (connection == nullptr || !connection->token.renewable)
        return;
    note_refused({connection->server, connection->holder, asked_ms});
    net.plan_now = true;
}

} // namespace notion::pg::worker
