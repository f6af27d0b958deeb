// Who a token is, and what the answers of OAuth say, for src/pg (client.hpp makes the calls).
// scope: call.
#pragma once

#include <cstdint>
#include <string_view>

#include "bridge/fault.hpp"

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

struct Introspection {
    bool active;
    char scope[256]; ///< "": not said
};
/// Errors: malformed.
bool introspection_of(std::string_view body, Introspection& found, Fault& fault) noexcept;

} // namespace notion::bridge
