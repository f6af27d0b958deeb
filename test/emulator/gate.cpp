// From a request to its reply; see gate.hpp. The only place that catches Refusals.
// scope: emulator.
#include "gate.hpp"

#include "control.hpp"
#include "router.hpp"

#include <algorithm>

namespace emulator {

namespace {

constexpr std::string_view bot_prefix = "Bearer ntn_bot_";
constexpr std::string_view person_prefix = "Bearer ntn_person_";

// A person is also meant by the address, or by what stands before its @.
bool answers_to(const User& user, const std::string& name) {
    return user.name == name ||
           (!user.is_bot && (user.email == name || user.email.starts_with(name + "@")));
}

User& known_user(World& world, const std::string& name, bool is_bot) {
    for (auto& [id, user] : world.store.users)
        if (user.is_bot == is_bot && answers_to(user, name))
            return user;
    User user;
    user.id = named_uuid(is_bot ? "bot" : "person", name);
    user.name = name;
    user.is_bot = is_bot;
    user.email = name + "@example.com";
    return world.store.add(std::move(user));
}

Version version_of(const Request& request) {
    if (request.version.empty())
        throw Refusal{.code = "missing_version",
                      .message = "Notion-Version header failed validation: Notion-Version header "
                                 "should be defined, instead was `undefined`."};
    if (request.version == "2026-03-11")
        return Version::v2026_03_11;
    if (request.version == "2025-09-03")
        return Version::v2025_09_03;
    refuse("Notion-Version header failed validation: Notion-Version header should be "
           "`\"2025-09-03\"` or `\"2026-03-11\"`, instead was `" +
           quoted(request.version) + "`.");
}

bool is_upload(const Request& request) {
    return request.path.starts_with("/v1/file_uploads/") && request.path.ends_with("/send");
}

void read_body(const World& world, const Request& request, Document& into) {
    if (static_cast<int64_t>(request.body.size()) > world.limits.body_bytes)
        refuse("body failed validation: body.length should be ≤ `" +
               std::to_string(world.limits.body_bytes) + "`, instead was `" +
               std::to_string(request.body.size()) + "`.");
    if (request.method == "GET" || request.body.empty()) {
        into.SetObject();
        return;
    }
    if (!parse(request.body, into))
        throw Refusal{.code = "invalid_json", .message = "Error parsing JSON body."};
    if (!into.IsObject())
        refuse("body failed validation: body should be an object, instead was `" + to_text(into) +
               "`.");
}

// Refusals raised where the caller is not known are completed here.
void name_integration(const World& world, const Call& call, Refusal& refusal) {
    if (refusal.code != "object_not_found" || refusal.additional.empty())
        return;
    auto& [name, value] = refusal.additional.front();
    if (name != "integration_id" || !(value == "\"\""))
        return;
    value = quoted(dashed(call.caller.user));
    const auto empty_name = refusal.message.rfind("\"\".");
    if (empty_name != std::string::npos)
        refusal.message.insert(empty_name + 1, world.store.users.at(call.caller.user).name);
}

Reply reply_of(const Refusal& refusal, const std::string& request_id) {
    Reply reply;
    reply.status = refusal.status;
    reply.body = error_body(refusal, request_id);
    reply.request_id = request_id;
    reply.retry_after_s = refusal.retry_after_s;
    reply.add_request_id = false;
    return reply;
}

// What is not JSON may not even be UTF-8; the journal must be.
std::string printable(std::string_view bytes) {
    std::string text(bytes);
    std::ranges::replace_if(
        text, [](unsigned char byte) { return byte >= 0x80; }, '?');
    return text;
}

bool is_json(std::string_view text) {
    return !text.empty() && (text.front() == '{' || text.front() == '[');
}

Reply faulty_status(const FaultRule& fault, const std::string& request_id) {
    Refusal refusal = fault.status == 429 ? rate_limited(std::max(fault.retry_after_s, 1),
                                                         "public_api_request_rate_limit")
                                          : standard(fault.status);
    refusal.retry_after_s = fault.retry_after_s > 0 ? fault.retry_after_s : refusal.retry_after_s;
    Reply reply = reply_of(refusal, request_id);
    if (!fault.body.empty()) {
        reply.body = fault.body;
        if (!is_json(fault.body))
            reply.content_type = "text/html";
    }
    return reply;
}

} // namespace

Caller caller_of(World& world, std::string_view authorization) {
    Caller caller;
    if (authorization.starts_with("Bearer " + std::string(oauth_token_prefix)))
        if (const OAuthGrant* grant = world.oauth.grant_of(world, authorization.substr(7))) {
            caller.token = "bot " + dashed(grant->bot);
            caller.name = world.store.user(grant->bot)->name;
            caller.user = grant->bot;
            return caller;
        }
    caller.person = authorization.starts_with(person_prefix);
    const auto prefix = caller.person ? person_prefix : bot_prefix;
    if (!authorization.starts_with(prefix) || authorization.size() == prefix.size())
        throw Refusal{.status = 401, .code = "unauthorized", .message = "API token is invalid."};
    caller.token = authorization.substr(std::string_view("Bearer ").size());
    caller.name = authorization.substr(prefix.size());
    caller.user = known_user(world, caller.name, !caller.person).id;
    return caller;
}

Reply Gate::serve_api(const Request& request, std::string& route_name) {
    Call call;
    try {
        if (is_oauth(request))
            return serve_oauth(world_, request, route_name);
        call.caller = caller_of(world_, request.authorization);
        world_.webhooks.act_as({call.caller.user, call.caller.person});
        const Route* route = find_route(request.method, request.path, call.arguments);
        if (route)
            route_name = std::string(route->method) + " " + std::string(route->pattern);
        if (!call.caller.person)
            if (const int wait_s = world_.limits.spend(call.caller.token, world_.clock.elapsed()))
                throw rate_limited(wait_s, "public_api_request_rate_limit");
        if (!route)
            throw Refusal{.code = "invalid_request_url", .message = "Invalid request URL."};
        call.version = version_of(request);
        call.query = read_query(request.query);
        if (is_upload(request))
            call.raw = request.body;
        else
            read_body(world_, request, call.body);
        return route->handler(world_, call);
    } catch (Refusal& refusal) {
        if (!call.caller.user.nil())
            name_integration(world_, call, refusal);
        return reply_of(refusal, dashed(world_.store.new_id(4)));
    }
}

Served Gate::serve(const Request& request, const FaultRule& fault) {
    if (is_control(request))
        return serve_control(world_, request);
    const int64_t started_at = world_.clock.now();
    std::string route = request.method + " (unknown)";
    Served served;
    if (fault.kind == FaultKind::status) {
        served.reply = faulty_status(fault, dashed(world_.store.new_id(4)));
        std::vector<std::string> arguments;
        if (const Route* found = find_route(request.method, request.path, arguments))
            route = request.method + " " + std::string(found->pattern);
    } else {
        served.reply = serve_api(request, route);
    }
    Reply& reply = served.reply;
    if (reply.request_id.empty())
        reply.request_id = dashed(world_.store.new_id(4));
    if (reply.add_request_id) {
        reply.body.pop_back();
        reply.body += R"(,"request_id":")" + reply.request_id + "\"}";
    }
    spoil(reply, fault, request.method);
    world_.stats.count(route, reply.status, reply.body.size());
    if (world_.journal.enabled)
        record(request, reply, route, fault, started_at);
    return served;
}

void Gate::note_unserved(const Request& request, const FaultRule& fault) {
    Reply nothing;
    nothing.status = 0;
    nothing.body = "null";
    std::vector<std::string> arguments;
    const Route* found = find_route(request.method, request.path, arguments);
    const std::string route =
        request.method + " " + std::string(found ? found->pattern : "(unknown)");
    world_.stats.count(route, 0, 0);
    if (world_.journal.enabled)
        record(request, nothing, route, fault, world_.clock.now());
}

void Gate::record(const Request& request, const Reply& reply, const std::string& route,
                  const FaultRule& fault, int64_t started_at) {
    std::string line;
    line.reserve(reply.body.size() + request.body.size() + 400);
    Out out(line);
    std::string_view token = request.authorization;
    if (token.starts_with("Bearer "))
        token.remove_prefix(7);
    out.open().key("at").text(instant_text(started_at)).key("token").text(token);
    out.key("method").text(request.method).key("path").text(request.path);
    out.key("query").text(request.query).key("version").text(request.version);
    out.key("route").text(route).key("request");
    Document checked;
    if (is_upload(request))
        out.open()
            .key("file")
            .open()
            .key("data")
            .text(std::to_string(request.body.size()) + " bytes")
            .close()
            .close();
    else if (request.body.empty())
        out.null();
    else if (parse(request.body, checked))
        out.json(checked); // on one line, whatever the client sent
    else
        out.text(printable(request.body));
    out.key("status").integer(reply.status).key("response");
    if (reply.content_type.starts_with("application/json") && fault.kind != FaultKind::garbage)
        out.raw(reply.body);
    else
        out.text(printable(reply.body));
    out.key("fault");
    if (fault.kind == FaultKind::none)
        out.null();
    else
        out.text(name_of(fault.kind));
    out.close();
    world_.journal.add(std::move(line));
}

} // namespace emulator
