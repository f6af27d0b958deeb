// Who a token is, and OAuth: see the header. scope: call.
#include "bridge/account.hpp"

#include <algorithm>
#include <cstring>
#include <string>

#include "core/notion/account.hpp"
#include "net/seal.hpp"

namespace notion::bridge {

struct GrantBody {
    notion::Grant grant;
};

namespace {

/// At a character boundary, as a name of a person or workspace may be long.
template <size_t size>
void copy(const std::string& from, char (&to)[size]) {
    size_t bytes = std::min(from.size(), size - 1);
    while (bytes > 0 && bytes < from.size() &&
           (static_cast<unsigned char>(from[bytes]) & 0xC0) == 0x80)
        bytes--;
    std::memcpy(to, from.data(), bytes);
    to[bytes] = '\0';
}

void copy(const notion::Identity& from, Identity& to) {
    copy(from.bot_id, to.bot_id);
    copy(from.bot_name, to.bot_name);
    copy(from.workspace_id, to.workspace_id);
    copy(from.workspace_name, to.workspace_name);
}

} // namespace

bool identity_of(std::string_view body, Identity& identity, Fault& fault) noexcept {
    return guarded(fault, [&] {
        Result<notion::Identity> found = notion::identity_of(body);
        if (!found.ok())
            return fill(fault, found.error());
        copy(*found, identity);
    });
}

bool is_token(std::string_view text) noexcept {
    return notion::is_token(text);
}

bool authorize_url(std::string_view api_url, std::string_view client_id,
                   std::string_view redirect_uri, std::string_view state, char* out, size_t max,
                   Fault& fault) noexcept {
    return guarded(fault, [&] {
        std::string url = notion::authorize_url(api_url, client_id, redirect_uri, state);
        if (url.size() >= max)
            return fill(fault, fail(ErrorKind::invalid_argument, "the redirect URI is too long",
                                    "The whole URL may have " + std::to_string(max - 1) + " bytes.",
                                    "Configure a shorter one, in Notion and here."));
        std::memcpy(out, url.c_str(), url.size() + 1);
    });
}

GrantOutcome grant_outcome(int32_t status, std::string_view body) noexcept {
    Fault fault;
    GrantOutcome outcome = GrantOutcome::later;
    guarded(fault,
            [&] { outcome = static_cast<GrantOutcome>(notion::grant_outcome(status, body)); });
    return outcome;
}

int64_t grant_pause_ms(int attempts) noexcept {
    return notion::grant_pause_ms(attempts);
}

GrantBody* grant_open(std::string_view body, Fault& fault) noexcept {
    GrantBody* opened = nullptr;
    guarded(fault, [&] {
        Result<notion::Grant> grant = notion::grant_of(body);
        if (!grant.ok())
            return fill(fault, grant.error());
        opened = new GrantBody{std::move(*grant)};
    });
    return opened;
}

void grant_close(GrantBody* body) noexcept {
    net::wipe(body->grant.access_token);
    net::wipe(body->grant.refresh_token);
    delete body;
}

Grant grant_view(const GrantBody* body) noexcept {
    const notion::Grant& it = body->grant;
    Grant view = {it.access_token, it.refresh_token, it.owner, it.workspace_icon, {}};
    copy(it.identity, view.identity);
    return view;
}

bool introspection_of(std::string_view body, Introspection& found, Fault& fault) noexcept {
    return guarded(fault, [&] {
        Result<notion::Introspection> read = notion::introspection_of(body);
        if (!read.ok())
            return fill(fault, read.error());
        found.active = read->active;
        copy(read->scope, found.scope);
    });
}

} // namespace notion::bridge
