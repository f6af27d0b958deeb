// Giving a token to a role, from wherever it came: rights, verification, sealing.
// Assumes superuser's rights (SECURITY DEFINER); SPI not connected. scope: call.
#pragma once

#include "pg/postgres.hpp"

#include "bridge/account.hpp"
#include "pg/connection.hpp"

namespace notion::pg {

struct Given {
    const char* server;
    const char* role; ///< null: the invoker; "public": everybody
    const char* token;
    const char* how; ///< literal, file or copy
    bool verify;     ///< ask Notion who it is, at once
};
/// Who it is, in words.
const char* give_token(const Given& given);

/// The role meant by a name, with the right of `asker` to speak for it: its own, or the server's
/// owner. InvalidOid: everybody. Null name: the asker.
struct Holder {
    Oid oid;
    const char* name;
};
Holder holder_of(const ForeignServer* server, const char* role, Oid asker);

/// A secret in a file of the server: the asker needs pg_read_server_files.
const char* read_secret_file(Oid asker, const char* path);
/// WARNING: a secret stood in clear in a statement. `what`: "token".
void warn_of_literal(const char* what);

/// A row that is being copied into a view that takes secrets. The line that COPY is at is part of
/// the context of every message, DEBUG included: there is no context between begin and end.
struct CopiedRow {
    TriggerData* trigger;
    ErrorContextCallback* context;
};
CopiedRow begin_copied_row(FunctionCallInfo fcinfo, const char* view);
/// Null where NULL; wiped with the memory.
const char* copied_field(const CopiedRow& row, const char* name);
Datum end_copied_row(const CopiedRow& row);

/// Raises where links of the server know another workspace. requires: SPI connected.
void check_workspace(const ForeignServer* server, const char* id, const char* workspace_id,
                     const char* workspace_name);
/// The role's user mapping, made where there is none. requires: SPI connected.
void need_mapping(const ForeignServer* server, const Holder& holder);

} // namespace notion::pg
