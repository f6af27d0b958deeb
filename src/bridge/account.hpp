// Who a token is and how OAuth gives one, for src/pg: answers read, requests of OAuth made.
// Assumes a Call that is done where one is taken. Views stay valid until the next call here.
// scope: call (Grant), worker (the calls).
#pragma once

#include <cstdint>
#include <string_view>

#include "bridge/client.hpp"

namespace notion::bridge {

struct Identity {
    char bot_id[40];
    char bot_name[256];
    char workspace_id[40]; ///< "": not said
    char workspace_name[256];
};
/// What an answer to call_me says. Errors: malformed.
bool identity_of(std::string_view body, Identity& identity, Fault& fault) noexcept;

/// A token that may stand in a header.
bool is_token(std::string_view text) noexcept;

/// The page where a person gives access, as a text of at most `max` bytes with its NUL.
bool authorize_url(std::string_view api_url, std::string_view client_id,
                   std::string_view redirect_uri, std::string_view state, char* out, size_t max,
                   Fault& fault) noexcept;

struct Client {
    std::string_view id;
    std::string_view secret;
};
/// requires: the endpoint's token is not used. Null where the request could not be made.
Call* call_exchange(const Endpoint& endpoint, const Client& client, std::string_view code,
                    std::string_view redirect_uri, Fault& fault) noexcept;
Call* call_refresh(const Endpoint& endpoint, const Client& client, std::string_view refresh_token,
                   Fault& fault) noexcept;
Call* call_introspect(const Endpoint& endpoint, const Client& client, std::string_view token,
                      Fault& fault) noexcept;
Call* call_revoke(const Endpoint& endpoint, const Client& client, std::string_view token,
                  Fault& fault) noexcept;

enum class GrantOutcome : uint8_t { granted, refused, client, later };
GrantOutcome grant_outcome(int32_t status, std::string_view body) noexcept;
int64_t grant_pause_ms(int attempts) noexcept;

struct Grant {
    std::string_view access_token;
    std::string_view refresh_token; ///< "": none
    std::string_view owner;         ///< JSON, or ""
    std::string_view workspace_icon;
    Identity identity;
};
struct GrantBody;
GrantBody* grant_open(std::string_view body, Fault& fault) noexcept;
/// Wipes the tokens.
void grant_close(GrantBody* body) noexcept;
Grant grant_view(const GrantBody* body) noexcept;

/// Errors: malformed. `issued_at_s` < 0: not said.
bool introspection_of(std::string_view body, bool& active, int64_t& issued_at_s,
                      Fault& fault) noexcept;

} // namespace notion::bridge
