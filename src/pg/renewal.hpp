// Renewal of expired tokens of OAuth: only the net process renews (a user's transaction could lose
// what Notion gave), so a session asks it through shared memory, which works in read-only
// transactions too, and waits for the new token to stand in notion.tokens.
// scope: cluster (what was asked), call.
#pragma once

#include "pg/connection.hpp"

namespace notion::pg {

/// Notion took the connection's token no more: waits until another is stored, and puts it into the
/// connection. Can be cancelled. Raises 28P01 where a person has to connect again, and where no
/// worker is there to renew.
void renew_token(Connection* connection);

/// Whose token Notion refused, and when the refused request was made.
struct Refused {
    Oid server;
    Oid holder; ///< the role of the user mapping; InvalidOid: PUBLIC's
    int64_t asked_ms;
};
void note_refused(const Refused& refused);
/// Takes out the next one of this database; false where there is none.
bool take_refused(Refused* refused);

} // namespace notion::pg
