// OAuth as Notion's OpenAPI document has it: a consent page, codes, grants that rotate.
// Assumes that the clients were made by the control plane. A code is good once and for ten minutes;
// a refresh gives two new tokens and ends the two old ones (but see Semantics).
// scope: emulator.
#pragma once

#include "clock.hpp"
#include "errors.hpp"
#include "http.hpp"
#include "uuid.hpp"

#include <map>
#include <string>
#include <vector>

namespace emulator {

struct World;

/// An integration that people may connect to their workspace.
struct OAuthClient {
    std::string id;
    std::string secret;
    std::string name;
    std::vector<std::string> redirect_uris; ///< the first is the one where none is sent
};

struct OAuthCode {
    std::string client;
    std::string redirect_uri; ///< as sent to the consent page; "" where it was not
    Uuid person;
    int64_t expires_at = 0;
    bool spent = false;
};

/// What an installation holds now, and what it held before.
struct OAuthGrant {
    std::string client;
    Uuid bot;
    Uuid person;
    std::string access;
    std::string refresh;
    std::string spent_refresh; ///< the one before
    std::string old_access;
    bool used = false;    ///< the access token was, since it was given
    bool expired = false; ///< the access token is good no more, the refresh token is
    bool revoked = false;
    int64_t issued_at = 0;
};

struct OAuth {
    std::map<std::string, OAuthClient> clients;
    std::map<std::string, OAuthCode> codes;
    std::vector<OAuthGrant> grants;
    uint64_t issued = 0;

    /// The grant whose access token this is, if it is good.
    OAuthGrant* grant_of(const World& world, std::string_view access);
};

inline constexpr std::string_view oauth_token_prefix = "ntn_oauth_";

bool is_oauth(const Request& request);
/// Throws Refusals. `route` is set for statistics.
Reply serve_oauth(World& world, const Request& request, std::string& route);

} // namespace emulator
