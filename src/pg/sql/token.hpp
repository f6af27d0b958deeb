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

/// Raises where links of the server know another workspace. requires: SPI connected.
void check_workspace(const ForeignServer* server, const char* id, const char* workspace_id,
                     const char* workspace_name);
/// The role's user mapping, made where there is none. requires: SPI connected.
void need_mapping(const ForeignServer* server, const Holder& holder);

} // namespace notion::pg
