// Sealed secrets in notion.tokens: bound to the server's own id, a role's name and their kind, so
// that a row says nothing elsewhere; opened by the keys of key.hpp.
// Assumes the caller has checked who asks. No secret is ever a parameter of SQL, or in a message.
// scope: backend (the cache of opened tokens).
#pragma once

#include "pg/postgres.hpp"

namespace notion::pg {

/// What a secret is bound to. requires: names shorter than NAMEDATALEN.
struct Place {
    const char* server; ///< the server's id, a uuid
    const char* role;   ///< "" where it belongs to the server itself; "public" for everybody
    const char* kind;   ///< token, refresh, client, code N, revoke N, webhook N
};

inline constexpr const char* for_everybody = "public";

/// The id of a server, as its option `id` says: a uuid, or null where it has none yet.
const char* server_id(const ForeignServer* server);
/// The same, given to it where it has none. requires: superuser's rights, SPI connected.
const char* need_server_id(const char* server_name);

/// A secret in the clear, palloc'd; wiped when its memory is freed or reset.
using Secret = const char*;
Secret keep_secret(std::string_view text);

/// Null where there is none. Raises where it cannot be opened, with what is to be done.
/// `role_oid`: who the role is today, InvalidOid where the place has none.
Secret open_secret(const Place& place, Oid role_oid, const char* server_name);
/// The same in a subtransaction: null with the reason where it cannot be opened. For workers, which
/// such an error must not end.
Secret try_open_secret(const Place& place, Oid role_oid, const char* server_name,
                       const char** reason);

/// What is known of a token beside its text.
struct Nature {
    bool renewable = false; ///< there is a refresh token for it
    std::string_view bot =
        ""; ///< of OAuth: whose it is, whatever the token of the day; "": unknown
};
struct OpenedToken {
    Secret text; ///< null: there is none
    bool renewable;
    const char* bot; ///< "" where not known
};
/// A role's token, remembered: opened once in this process, until something changes. `role`:
/// InvalidOid is everybody. Raises as open_secret does.
OpenedToken open_token(Oid server, const char* id, Oid role, const char* server_name);
/// Counts what may have changed a token, a mapping, a role or a server, as far as this process has
/// heard: what was read before it moved is stale.
uint64 secret_changes();

/// Seals and stores; replaces what was there. requires: superuser's rights, SPI connected.
void store_secret(const Place& place, Oid role_oid, std::string_view secret,
                  const Nature& nature = {});
/// Whether there was one. requires: the same.
bool forget_secret(const Place& place);
/// Opens what is at `from` and seals it for `to` with the first key, for `role_oid` where it is
/// given, and else for whom it was. requires: the same.
void reseal(const Place& from, const Place& to, Oid role_oid, const char* server_name);

} // namespace notion::pg
