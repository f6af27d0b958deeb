// What begins and ends a connection by OAuth in a transaction of somebody's own: states given out,
// codes taken in. The requests themselves are the worker's (worker/oauth.cpp).
// Assumes superuser's rights and SPI connected. scope: call.
#pragma once

#include "pg/postgres.hpp"

namespace notion::pg {

enum class Finish : uint8_t {
    taken,   ///< the worker exchanges the code after the commit
    refused, ///< the person gave no access
    unknown, ///< no such state was given out
    used,    ///< it was, and taken before
    late,    ///< it has expired
    foreign, ///< it belongs to another role
};
/// What came to the redirect URI. `asker`: who brings it, InvalidOid where the listener does.
/// `code`: "" where the person refused. `server_name`: set where the state is known.
Finish finish_oauth(std::string_view state, std::string_view code, Oid asker,
                    const char** server_name);

/// The links of the server are asked for at once. requires: as above.
void ask_links_again(Oid server);

/// A line of notion.log about a connection.
void note_connection(const char* action, const char* server_name, const char* role,
                     const char* actor);

} // namespace notion::pg
