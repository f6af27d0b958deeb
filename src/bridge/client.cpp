// One HTTP call of the worker: see the header. scope: worker.
#include "bridge/call.hpp"

#include <optional>
#include <string>

#include "core/notion/answer.hpp"
#include "core/notion/endpoint.hpp"
#include "core/notion/json.hpp"
#include "net/exchange.hpp"

namespace notion::bridge {

struct Call {
    net::Exchange exchange;
    std::string url;
    std::string user;
    std::string list;
    std::string cursor;
};

namespace {

net::Method method_of(std::string_view name) {
    if (name == "POST")
        return net::Method::post;
    if (name == "PATCH")
        return net::Method::patch;
    return net::Method::get;
}

Call* open(const Endpoint& endpoint, const std::string& authorization, net::Method method,
           std::string_view path, std::string body) {
    net::Request request;
    request.method = method;
    request.url = std::string(endpoint.api_url) + std::string(path);
    request.headers = {"Authorization: " + authorization,
                       "Notion-Version: " + std::string(endpoint.api_version),
                       "User-Agent: pg_notion"};
    if (method != net::Method::get)
        request.headers.push_back("Content-Type: application/json");
    request.body = std::move(body);
    request.connect_timeout_ms = endpoint.connect_timeout_ms;
    request.total_timeout_ms = endpoint.request_timeout_ms;
    request.body_bytes_max = body_bytes_max;
    request.proxy = endpoint.proxy;
    request.ca_file = endpoint.ca_file;
    request.loopback_only = endpoint.loopback_only;
    return new Call{net::Exchange::open(net::Mux::of_process(), std::move(request)),
                    std::string(endpoint.api_url),
                    {},
                    {},
                    {}};
}

std::string bearer(const Endpoint& endpoint) {
    return "Bearer " + std::string(endpoint.token);
}

Call* open(const Endpoint& endpoint, notion::Call call) {
    return open_call(endpoint, bearer(endpoint), std::move(call));
}

} // namespace

Call* open_call(const Endpoint& endpoint, const std::string& authorization, notion::Call call) {
    net::Method method = call.method == Method::get     ? net::Method::get
                         : call.method == Method::patch ? net::Method::patch
                                                        : net::Method::post;
    return open(endpoint, authorization, method, call.path, std::move(call.body));
}

Call* call_open(const Endpoint& endpoint, std::string_view request, Fault& fault) noexcept {
    Call* call = nullptr;
    guarded(fault, [&] {
        Result<json::Document> parsed = json::parse(request);
        if (!parsed.ok())
            return fill(fault, parsed.error());
        call = open(endpoint, bearer(endpoint), method_of(json::text(*parsed, "method")),
                    json::text(*parsed, "path"), std::string(json::text(*parsed, "body")));
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
        ErrorKind kind = reply.failure == net::Failure::deadline  ? ErrorKind::timeout
                         : reply.failure == net::Failure::refused ? ErrorKind::forbidden
                                                                  : ErrorKind::connection;
        fill(fault, fail(kind, "no answer from \"" + call->url + "\"", reply.error));
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
