// OAuth: consent page, codes, tokens; see oauth.hpp. scope: emulator.
#include "oauth.hpp"

#include "router.hpp"
#include "world.hpp"

#include <algorithm>

namespace emulator {

namespace {

constexpr int64_t code_lives_ms = 10 * 60'000;

using Fields = std::vector<std::pair<std::string, std::string>>;

std::string field(const Fields& fields, std::string_view name) {
    for (const auto& [key, value] : fields)
        if (key == name)
            return value;
    return {};
}

[[noreturn]] void refuse_oauth(int status, const char* code, const char* message) {
    throw Refusal{.status = status, .code = code, .message = message};
}

std::string base64_decoded(std::string_view text) {
    static constexpr std::string_view letters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    unsigned bits = 0;
    int count = 0;
    for (const char c : text) {
        const size_t value = letters.find(c);
        if (value == letters.npos)
            break;
        bits = bits << 6 | static_cast<unsigned>(value);
        count += 6;
        if (count >= 8) {
            count -= 8;
            out += static_cast<char>(bits >> count & 255);
        }
    }
    return out;
}

const OAuthClient& client_of(const World& world, const std::string& authorization) {
    constexpr std::string_view basic = "Basic ";
    if (authorization.starts_with(basic)) {
        const std::string pair = base64_decoded(std::string_view(authorization).substr(6));
        const auto colon = pair.find(':');
        const auto found = world.oauth.clients.find(pair.substr(0, colon));
        if (colon != pair.npos && found != world.oauth.clients.end() &&
            found->second.secret == pair.substr(colon + 1))
            return found->second;
    }
    refuse_oauth(401, "invalid_client", "Client authentication failed.");
}

std::string html_text(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '&' || c == '<' || c == '>' || c == '"')
            out += "&#" + std::to_string(static_cast<int>(c)) + ";";
        else
            out += c;
    }
    return out;
}

std::string url_text(std::string_view text) {
    static constexpr char hex[] = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        if (std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.') {
            out += c;
        } else {
            const auto byte = static_cast<unsigned char>(c);
            out += {'%', hex[byte >> 4], hex[byte & 15]};
        }
    }
    return out;
}

Reply html(int status, std::string body) {
    Reply reply;
    reply.status = status;
    reply.body = std::move(body);
    reply.content_type = "text/html; charset=utf-8";
    reply.add_request_id = false;
    return reply;
}

std::string hidden(const char* name, const std::string& value) {
    return std::string(R"(<input type="hidden" name=")") + name + "\" value=\"" + html_text(value) +
           "\">";
}

/// Where the answer goes, if the client may have it there.
std::string redirect_of(const OAuthClient& client, const std::string& wanted) {
    if (client.redirect_uris.empty())
        return {};
    if (wanted.empty())
        return client.redirect_uris.front();
    const auto& known = client.redirect_uris;
    return std::ranges::find(known, wanted) == known.end() ? std::string() : wanted;
}

// A person sees it; nothing is given yet.
Reply consent_page(const World& world, const Fields& query) {
    const auto client = world.oauth.clients.find(field(query, "client_id"));
    if (client == world.oauth.clients.end() || field(query, "response_type") != "code" ||
        field(query, "owner") != "user")
        return html(400, "<h1>Missing or invalid client_id, response_type or owner</h1>");
    const std::string wanted = field(query, "redirect_uri");
    if (redirect_of(client->second, wanted).empty())
        return html(400, "<h1>Missing or invalid redirect_uri</h1>");
    return html(200, "<!doctype html><title>Connect</title><h1>" + html_text(client->second.name) +
                         " would like to access " + html_text(world.store.workspace_name) +
                         R"(</h1><form method="post" action="/v1/oauth/authorize">)" +
                         hidden("client_id", client->first) + hidden("redirect_uri", wanted) +
                         hidden("state", field(query, "state")) +
                         R"(<button id="allow" name="decision" value="allow">Allow access</button>)"
                         R"(<button id="cancel" name="decision" value="cancel">Cancel</button>)"
                         "</form>");
}

Uuid consenting_person(World& world) {
    for (const auto& [id, user] : world.store.users)
        if (!user.is_bot)
            return id;
    User user;
    user.id = named_uuid("person", "owner");
    user.name = "owner";
    user.email = "owner@example.com";
    return world.store.add(std::move(user)).id;
}

Reply decide(World& world, const Fields& form) {
    const auto client = world.oauth.clients.find(field(form, "client_id"));
    const std::string wanted = field(form, "redirect_uri");
    std::string target =
        client == world.oauth.clients.end() ? "" : redirect_of(client->second, wanted);
    if (target.empty())
        return html(400, "<h1>Missing or invalid redirect_uri</h1>");
    target += target.find('?') == target.npos ? '?' : '&';
    if (field(form, "decision") == "allow") {
        const std::string code = "code-" + dashed(world.store.new_id(4));
        world.oauth.codes[code] = {.client = client->first,
                                   .redirect_uri = wanted,
                                   .person = consenting_person(world),
                                   .expires_at = world.clock.elapsed() + code_lives_ms};
        target += "code=" + url_text(code);
    } else {
        target += "error=access_denied";
    }
    target += "&state=" + url_text(field(form, "state"));
    Reply reply = html(302, "");
    reply.location = target;
    return reply;
}

/// The integration's bot in this workspace: one, however often people connect it.
Uuid bot_of(World& world, const OAuthClient& client) {
    const Uuid id = named_uuid("bot", "oauth " + client.id);
    if (!world.store.user(id)) {
        User user;
        user.id = id;
        user.name = client.name;
        user.is_bot = true;
        world.store.add(std::move(user));
    }
    return id;
}

void give_tokens(World& world, OAuthGrant& grant) {
    grant.old_access = grant.access;
    grant.spent_refresh = grant.refresh;
    const std::string number = std::to_string(++world.oauth.issued);
    grant.access = std::string(oauth_token_prefix) + number + "_" + dashed(world.store.new_id(4));
    grant.refresh = "nrt_" + number + "_" + dashed(world.store.new_id(4));
    grant.used = grant.expired = false;
    grant.issued_at = world.clock.now();
}

Reply token_reply(World& world, const OAuthGrant& grant) {
    Reply reply;
    Out out(reply.body);
    const User& person = *world.store.user(grant.person);
    out.open().key("access_token").text(grant.access).key("token_type").text("bearer");
    out.key("refresh_token").text(grant.refresh).key("bot_id").text(dashed(grant.bot));
    out.key("workspace_icon").null().key("workspace_name").text(world.store.workspace_name);
    out.key("workspace_id").text(dashed(world.store.workspace_id));
    out.key("owner").open().key("type").text("user").key("user").open();
    out.key("object").text("user").key("id").text(dashed(person.id)).key("name").text(person.name);
    out.key("avatar_url").text_or_null(person.avatar_url).key("type").text("person");
    out.key("person").open().key("email").text(person.email).close().close().close();
    out.key("duplicated_template_id").null().close();
    return reply;
}

Reply exchange(World& world, const OAuthClient& client, const Json& body) {
    const auto code = world.oauth.codes.find(std::string(text_member(body, "code").value_or("")));
    if (code == world.oauth.codes.end() || code->second.client != client.id || code->second.spent ||
        code->second.expires_at < world.clock.elapsed())
        refuse_oauth(400, "invalid_grant", "Invalid code.");
    if (text_member(body, "redirect_uri").value_or("") != code->second.redirect_uri)
        refuse_oauth(400, "invalid_grant", "Mismatched redirect_uri.");
    code->second.spent = true;
    OAuthGrant grant;
    grant.client = client.id;
    grant.bot = bot_of(world, client);
    grant.person = code->second.person;
    give_tokens(world, grant);
    world.oauth.grants.push_back(grant);
    return token_reply(world, grant);
}

Reply refresh(World& world, const OAuthClient& client, const Json& body) {
    const std::string_view sent = text_member(body, "refresh_token").value_or("");
    for (OAuthGrant& grant : world.oauth.grants) {
        const bool again = world.semantics.spent_refresh_accepted && !grant.used &&
                           !grant.spent_refresh.empty() && grant.spent_refresh == sent;
        if (grant.client != client.id || grant.revoked || (grant.refresh != sent && !again))
            continue;
        if (!again)
            give_tokens(world, grant);
        return token_reply(world, grant); // asked again: the same pair
    }
    refuse_oauth(400, "invalid_grant", "Invalid refresh_token.");
}

Reply token(World& world, const OAuthClient& client, const Json& body) {
    const std::string_view type = text_member(body, "grant_type").value_or("");
    if (type == "authorization_code")
        return exchange(world, client, body);
    if (type == "refresh_token")
        return refresh(world, client, body);
    refuse_oauth(400, "unsupported_grant_type", "Unsupported grant_type.");
}

OAuthGrant* grant_of_client(World& world, const OAuthClient& client, std::string_view token) {
    for (OAuthGrant& grant : world.oauth.grants)
        if (grant.client == client.id && (grant.access == token || grant.refresh == token))
            return &grant;
    return nullptr;
}

Reply introspect(World& world, const OAuthClient& client, const Json& body) {
    const std::string_view sent = text_member(body, "token").value_or("");
    const OAuthGrant* grant = grant_of_client(world, client, sent);
    const bool active =
        grant != nullptr && !grant->revoked && (grant->refresh == sent || !grant->expired);
    Reply reply;
    Out out(reply.body);
    out.open().key("active").boolean(active);
    if (active)
        out.key("scope")
            .text("read_content update_content insert_content")
            .key("iat")
            .integer(grant->issued_at / 1000);
    out.close();
    return reply;
}

Reply revoke(World& world, const OAuthClient& client, const Json& body) {
    if (OAuthGrant* grant = grant_of_client(world, client, text_member(body, "token").value_or("")))
        grant->revoked = true;
    Reply reply;
    reply.request_id = dashed(world.store.new_id(4));
    reply.add_request_id = false;
    reply.body = "{\"request_id\":\"" + reply.request_id + "\"}";
    return reply;
}

} // namespace

OAuthGrant* OAuth::grant_of(const World& world, std::string_view access) {
    for (OAuthGrant& grant : grants) {
        if (grant.revoked)
            continue;
        if (grant.access == access && !grant.expired) {
            grant.used = true;
            return &grant;
        }
        if (world.semantics.replaced_access_lives && grant.old_access == access)
            return &grant;
    }
    return nullptr;
}

bool is_oauth(const Request& request) {
    return request.path.starts_with("/v1/oauth/");
}

Reply serve_oauth(World& world, const Request& request, std::string& route) {
    const std::string what = request.path.substr(std::string_view("/v1/oauth/").size());
    route = request.method + " " + request.path;
    if (request.method == "GET" && what == "authorize")
        return consent_page(world, read_query(request.query));
    if (request.method == "POST" && what == "authorize")
        return decide(world, read_query(request.body));
    if (request.method != "POST" || (what != "token" && what != "introspect" && what != "revoke")) {
        route = request.method + " (unknown)";
        throw Refusal{.code = "invalid_request_url", .message = "Invalid request URL."};
    }
    const OAuthClient& client = client_of(world, request.authorization);
    Document body;
    if (!parse(request.body, body) || !body.IsObject())
        refuse_oauth(400, "invalid_request", "The body is no JSON object.");
    if (what == "token")
        return token(world, client, body);
    return what == "introspect" ? introspect(world, client, body) : revoke(world, client, body);
}

} // namespace emulator
