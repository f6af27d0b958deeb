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

/// What changes when a file is replaced or written.
struct FileStamp {
    uint64 inode;
    int64_t size;
    int64_t modified_ns;
};

struct Connection {
    bridge::Endpoint endpoint;
    Allowance allowance;
    const char* server_name;
    ServerOptions options;
    Oid server;
    Oid holder; ///< the role of the user mapping that was used; InvalidOid: PUBLIC's
    bridge::Token token;
    const char* token_file; ///< null: the token came from elsewhere
    FileStamp stamp;        ///< of the token file, when it was read
    uint64 changes;         ///< secret_changes() when it was made
};

/// Whether the token may be another by now, as far as can be told without reading it.
bool is_stale(const Connection* connection);

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
