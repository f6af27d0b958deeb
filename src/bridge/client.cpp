// One HTTP call of the worker: see the header. scope: worker.
#include "bridge/client.hpp"

#include <string>

#include "bridge/reader.hpp"
#include "bridge/request.hpp"
#include "core/notion/account.hpp"
#include "core/notion/answer.hpp"
#include "core/notion/json.hpp"

namespace notion::bridge {

struct Call {
    net::Exchange exchange;
    std::string url;
    std::string user;
    std::string list;
    std::string cursor;
};

namespace {

Method method_of(std::string_view name) {
    if (name == "POST")
        return Method::post;
    if (name == "PATCH")
        return Method::patch;
    return Method::get;
}

Call* start(const Endpoint& endpoint, net::Request request) {
    return new Call{net::Exchange::open(net::Mux::of_process(), std::move(request)),
                    std::string(endpoint.api_url),
                    {},
                    {},
                    {}};
}

Call* open(const Endpoint& endpoint, notion::Call call) {
    return start(endpoint, request_to(endpoint, std::move(call)));
}

Call* open_oauth(const Endpoint& endpoint, const OAuthClient& client, notion::Call call) {
    return start(endpoint, request_to(endpoint, std::move(call),
                                      notion::basic_authorization(client.id, client.secret)));
}

} // namespace

Call* call_open(const Endpoint& endpoint, std::string_view request, Fault& fault) noexcept {
    Call* call = nullptr;
    guarded(fault, [&] {
        Result<json::Document> parsed = json::parse(request);
        if (!parsed.ok())
            return fill(fault, parsed.error());
        call = open(endpoint, {method_of(json::text(*parsed, "method")),
                               std::string(json::text(*parsed, "path")),
                               std::string(json::text(*parsed, "body"))});
    });
    return call;
}

Call* call_page(const Endpoint& endpoint, std::string_view page, Fault& fault) noexcept {
    Call* call = nullptr;
    guarded(fault, [&] { call = open(endpoint, get_page(page)); });
    return call;
}

Call* call_items(const Endpoint& endpoint, std::string_view page, std::string_view property,
                 std::string_view cursor, Fault& fault) noexcept {
    Call* call = nullptr;
    guarded(fault, [&] { call = open(endpoint, get_property_items(page, property, cursor)); });
    return call;
}

Call* call_me(const Endpoint& endpoint, Fault& fault) noexcept {
    Call* call = nullptr;
    guarded(fault, [&] { call = open(endpoint, get_me()); });
    return call;
}

Call* call_oauth(const Endpoint& endpoint, const OAuthClient& client, OAuthErrand errand,
                 std::string_view secret, std::string_view redirect_uri, Fault& fault) noexcept {
    Call* call = nullptr;
    guarded(fault, [&] {
        switch (errand) {
        case OAuthErrand::exchange:
            call = open_oauth(endpoint, client, notion::exchange_code(secret, redirect_uri));
            return;
        case OAuthErrand::refresh:
            call = open_oauth(endpoint, client, notion::refresh_grant(secret));
            return;
        case OAuthErrand::introspect:
            call = open_oauth(endpoint, client, notion::introspect_token(secret));
            return;
        case OAuthErrand::revoke:
            call = open_oauth(endpoint, client, notion::revoke_token(secret));
            return;
        }
    });
    return call;
}

void call_close(Call* call) noexcept {
    delete call;
}

bool call_is_done(const Call* call) noexcept {
    return call->exchange.state() == net::State::done;
}

Reply call_reply(const Call* call) noexcept {
    const net::Reply& reply = call->exchange.reply();
    bool whole = reply.outcome == net::Outcome::ok;
    return {.status = whole ? static_cast<int32_t>(reply.status) : 0,
            .handed_over = reply.outcome != net::Outcome::certain_no,
            .body = reply.body,
            .retry_after_ms = reply.retry_after_ms,
            .date_ms = reply.date_s < 0 ? -1 : reply.date_s * 1000,
            .request_id = reply.request_id};
}

void call_fault(const Call* call, Fault& fault) noexcept {
    guarded(fault, [&] {
        const net::Reply& reply = call->exchange.reply();
        if (reply.outcome == net::Outcome::ok)
            return fill(fault, error_of(static_cast<int>(reply.status), reply.body,
                                        reply.retry_after_ms, reply.request_id));
        Error error = transport_error(reply, call->url);
        error.message = "no answer from \"" + call->url + "\"";
        fill(fault, error);
    });
}

std::string_view call_list(Call* call, std::string_view before, std::string_view& cursor) noexcept {
    Fault fault;
    bool good = guarded(fault, [&] {
        Result<json::Document> parsed = json::parse(call->exchange.reply().body);
        const json::Value* results = parsed.ok() ? json::find(*parsed, "results") : nullptr;
        if (results == nullptr || !results->IsArray())
            return fill(fault, ErrorKind::malformed, "no list");
        call->list = before.substr(0, before.size() - 1);
        for (const json::Value& item : results->GetArray()) {
            call->list += call->list.size() > 1 ? "," : "";
            call->list += json::write(item);
        }
        call->list += "]";
        call->cursor = json::text(*parsed, "next_cursor");
    });
    cursor = call->cursor;
    return good ? std::string_view(call->list) : std::string_view();
}

std::string_view call_user(Call* call) noexcept {
    Fault fault;
    guarded(fault, [&] {
        Result<json::Document> parsed = json::parse(call->exchange.reply().body);
        if (parsed.ok())
            call->user = json::text(*parsed, "id");
    });
    return call->user;
}

} // namespace notion::bridge
