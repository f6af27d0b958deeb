// What an answer about a token changes in notion.tokens, notion.accounts and notion.oauth_tasks.
// Assumes a transaction with SPI; leaves no half of it. scope: transaction.
#pragma once

#include "pg/sealed.hpp"
#include "pg/worker/net.hpp"

namespace notion::pg::worker {

enum class TokenTask : uint8_t { exchange, refresh, introspect, revoke, identify };

/// One request about a token, from the row of notion.oauth_tasks to its answer.
struct TokenErrand {
    MemoryContext context; ///< null: free
    bridge::Call* call;    ///< null: not sent yet
    int64_t id;
    TokenTask task;
    char server_id[40];
    char role[NAMEDATALEN];
    Oid role_oid; ///< InvalidOid: everybody
    Oid server;
    const char* server_name;
    int32_t attempts; ///< this one included
    Connection* connection;
    const char* client_id;
    const char* redirect_uri;
    Secret client_secret;
    Secret secret;       ///< code, refresh token or token
    int64_t store_at_ms; ///< answered, and could not be stored: not before
};

/// The kind under which its secret is sealed.
const char* kind_of_task(const TokenErrand& errand);
/// Does what the answer says; may raise, and is then undone and called again.
void settle_token_errand(TokenErrand& errand);
/// The request could not be made at all.
void give_up(TokenErrand& errand, const char* reason);

} // namespace notion::pg::worker
