// Account: who a token is, and the requests of OAuth that give, renew, look at and revoke one
// (api.md section 6). Assumes nothing of an answer: what is missing is "", never a guess.
// Secrets pass through; none is ever put into an Error. scope: none.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/notion/endpoint.hpp"
#include "core/result.hpp"

namespace notion {

/// What GET /v1/users/me says. Errors: malformed.
struct Identity {
    std::string bot_id;
    std::string bot_name;
    std::string workspace_id; ///< "": Notion does not say (a personal access token)
    std::string workspace_name;
};
Result<Identity> identity_of(std::string_view body);

/// The page where a person gives access. `redirect_uri` "": the one that the integration has.
std::string authorize_url(std::string_view api_url, std::string_view client_id,
                          std::string_view redirect_uri, std::string_view state);

/// The value of the header Authorization for the calls below: "Basic …".
std::string basic_authorization(std::string_view client_id, std::string_view client_secret);

Call exchange_code(std::string_view code, std::string_view redirect_uri);
Call refresh_grant(std::string_view refresh_token);
Call introspect_token(std::string_view token);
Call revoke_token(std::string_view token);

/// What POST /v1/oauth/token gives. Errors: malformed where it has no token.
struct Grant {
    std::string access_token;
    std::string refresh_token; ///< "": it never has to be renewed
    std::string owner;         ///< JSON
    std::string workspace_icon;
    Identity identity;
};
Result<Grant> grant_of(std::string_view body);

/// What POST /v1/oauth/introspect says. Errors: malformed.
struct Introspection {
    bool active = false;
    std::string scope;
};
Result<Introspection> introspection_of(std::string_view body);

/// What is to be done after an answer of the token endpoint.
enum class GrantOutcome : uint8_t {
    granted,
    refused, ///< the code or the refresh token is not accepted: a person has to connect again
    client,  ///< the client id or secret is not accepted: a person has to configure it
    later,   ///< Notion's trouble: the same again, after a pause
};
/// `status` 0: no answer. A code can be spent only once: its lost answer is asked for again, and
/// Notion's refusal then says that it was spent.
GrantOutcome grant_outcome(int status, std::string_view body);

/// The pause before the next attempt at a refresh: one second, doubling, at most five minutes.
int64_t grant_pause_ms(int attempts);

/// A token that may stand in a header: no blanks, nothing but printable ASCII, 1 to 4096 bytes.
bool is_token(std::string_view text);

} // namespace notion
