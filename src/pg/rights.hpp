// Who asks, for C functions that run with the extension owner's rights (SECURITY DEFINER).
// scope: call.
#pragma once

#include "pg/postgres.hpp"

namespace notion::pg {

/// The role of SET ROLE, or the session's; raises 42501 in code that somebody else's statement
/// runs (a trigger that apply fires, an index expression): see rights.cpp.
Oid invoker();

/// Raises 42501 unless `asker` owns the server (or is a member of the role that does).
void require_server_owner(const ForeignServer* server, Oid asker);
/// Raises 42501 unless `asker` may use the server.
void require_server_usage(const ForeignServer* server, Oid asker);
bool is_notion_server(const ForeignServer* server);
/// The server of notion_fdw with that name. Raises 42704 or 42809.
ForeignServer* notion_server(const char* name);

} // namespace notion::pg
