// A connection: server options, a role's user mapping and the settings, put together for the
// bridge, with the rules about who may point where checked at use (law 12).
// Assumes the caller checked that the role may use the server. The token is in memory only.
// scope: query.
#pragma once

#include "pg/postgres.hpp"

#include "bridge/endpoint.hpp"
#include "pg/budget.hpp"
#include "pg/options.hpp"

namespace notion::pg {

struct Connection {
    bridge::Endpoint endpoint;
    Allowance allowance;
    const char* server_name;
    ServerOptions options;
};

/// Allocates in the current context; the token file is read now. Raises where there is no user
/// mapping, no token, or the server may not point where it does.
Connection* connect(Oid server, Oid role);

/// The same with a token that is stored nowhere yet; the connection points to it.
Connection* connect_with(Oid server, const char* token);

/// The one word that a file of the server holds. Raises where it holds anything else.
const char* read_token_file(const char* path);

/// The same checks of the server alone, no token read: for EXPLAIN, which makes no request.
Connection* connect_without_token(Oid server);

/// Whether this is Notion itself: what any owner of a server may point at.
bool is_notion_url(const char* api_url);

} // namespace notion::pg
