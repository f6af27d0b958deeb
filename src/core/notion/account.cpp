// Account: see the header. scope: none.
#include "core/notion/account.hpp"

#include <algorithm>

#include "core/notion/json.hpp"

namespace notion {
namespace {

constexpr size_t token_bytes_max = 4096;

/// application/x-www-form-urlencoded would do, but %20 is read alike everywhere.
std::string encoded(std::string_view text) {
    static constexpr char hex[] = "0123456789ABCDEF";
    static constexpr std::string_view plain =
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-._~";
    std::string out;
    for (const char c : text) {
        if (plain.find(c) != plain.npos) {
            out += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        out += {'%', hex[byte >> 4], hex[byte & 15]};
    }
    return out;
}

std::string base64(std::string_view bytes) {
    static constexpr char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (size_t at = 0; at < bytes.size(); at += 3) {
        unsigned triple = 0;
        for (size_t i = 0; i < 3; i++)
            triple = triple << 8 |
                     (at + i < bytes.size() ? static_cast<unsigned char>(bytes[at + i]) : 0U);
        for (size_t i = 0; i < 4; i++)
            out += at + i <= bytes.size() ? letters[triple >> (18 - 6 * i) & 63] : '=';
    }
    return out;
}

Error no_account(std::string_view what) {
    return fail(ErrorKind::malformed, "Notion's answer is no " + std::string(what));
}

std::string member(std::string_view name, std::string_view value) {
    return json::quote(name) + ":" + json::quote(value);
}

Call oauth(std::string_view path, std::string body) {
    return {Method::post, "/v1/oauth/" + std::string(path), std::move(body)};
}

} // namespace

Result<Identity> identity_of(std::string_view body) {
    Result<json::Document> parsed = json::parse(body);
    if (!parsed.ok() || json::text(*parsed, "object") != "user" ||
        json::text(*parsed, "id").empty())
        return no_account("user");
    Identity identity;
    identity.bot_id = json::text(*parsed, "id");
    identity.bot_name = json::text(*parsed, "name");
    if (const json::Value* bot = json::find(*parsed, "bot")) {
        identity.workspace_id = json::text(*bot, "workspace_id");
        identity.workspace_name = json::text(*bot, "workspace_name");
    }
    return identity;
}

std::string authorize_url(std::string_view api_url, std::string_view client_id,
                          std::string_view redirect_uri, std::string_view state) {
    std::string url = std::string(api_url) + "/v1/oauth/authorize?client_id=" + encoded(client_id) +
                      "&response_type=code&owner=user&state=" + encoded(state);
    if (!redirect_uri.empty())
        url += "&redirect_uri=" + encoded(redirect_uri);
    return url;
}

std::string basic_authorization(std::string_view client_id, std::string_view client_secret) {
    return "Basic " + base64(std::string(client_id) + ":" + std::string(client_secret));
}

Call exchange_code(std::string_view code, std::string_view redirect_uri) {
    std::string body =
        "{" + member("grant_type", "authorization_code") + "," + member("code", code);
    if (!redirect_uri.empty())
        body += "," + member("redirect_uri", redirect_uri);
    return oauth("token", body + "}");
}

Call refresh_grant(std::string_view refresh_token) {
    return oauth("token", "{" + member("grant_type", "refresh_token") + "," +
                              member("refresh_token", refresh_token) + "}");
}

Call introspect_token(std::string_view token) {
    return oauth("introspect", "{" + member("token", token) + "}");
}

Call revoke_token(std::string_view token) {
    return oauth("revoke", "{" + member("token", token) + "}");
}

Result<Grant> grant_of(std::string_view body) {
    Result<json::Document> parsed = json::parse(body);
    if (!parsed.ok() || !is_token(json::text(*parsed, "access_token")))
        return no_account("token");
    std::string_view refresh = json::text(*parsed, "refresh_token");
    if (!refresh.empty() && !is_token(refresh))
        return no_account("token");
    Grant grant;
    grant.access_token = json::text(*parsed, "access_token");
    grant.refresh_token = refresh;
    grant.workspace_icon = json::text(*parsed, "workspace_icon");
    if (const json::Value* owner = json::find(*parsed, "owner"); owner && owner->IsObject())
        grant.owner = json::write(*owner);
    grant.identity.bot_id = json::text(*parsed, "bot_id");
    grant.identity.workspace_id = json::text(*parsed, "workspace_id");
    grant.identity.workspace_name = json::text(*parsed, "workspace_name");
    return grant;
}

Result<Introspection> introspection_of(std::string_view body) {
    Result<json::Document> parsed = json::parse(body);
    const json::Value* active = parsed.ok() ? json::find(*parsed, "active") : nullptr;
    if (active == nullptr || !active->IsBool())
        return no_account("introspection");
    Introspection found;
    found.active = active->GetBool();
    found.scope = json::text(*parsed, "scope");
    return found;
}

GrantOutcome grant_outcome(int status, std::string_view body) {
    if (status == 200)
        return grant_of(body).ok() ? GrantOutcome::granted : GrantOutcome::later;
    if (status == 401 || status == 403)
        return GrantOutcome::client;
    if (status != 400)
        return GrantOutcome::later;
    Result<json::Document> parsed = json::parse(body);
    std::string_view code = parsed.ok() ? json::text(*parsed, "code") : std::string_view();
    // RFC 6749 section 5.2 has it in "error"; Notion's own errors have "code".
    if (parsed.ok() && (code.empty() || code == "error"))
        code = json::text(*parsed, "error");
    return code == "unauthorized_client" ? GrantOutcome::client : GrantOutcome::refused;
}

int64_t grant_pause_ms(int attempts) {
    constexpr int64_t longest_ms = 300'000;
    return std::min(longest_ms, int64_t{1000} << std::clamp(attempts - 1, 0, 12));
}

bool is_token(std::string_view text) {
    return !text.empty() && text.size() <= token_bytes_max &&
           std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

} // namespace notion
