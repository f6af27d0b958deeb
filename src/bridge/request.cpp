// Calls as HTTP requests: see the header. scope: none.
#include "bridge/request.hpp"

#include "core/notion/upload.hpp"

namespace notion::bridge {
namespace {

net::Method method_of(Method method) {
    switch (method) {
    case Method::get:
        return net::Method::get;
    case Method::post:
        return net::Method::post;
    case Method::patch:
        return net::Method::patch;
    case Method::del:
        return net::Method::del;
    }
    return net::Method::get;
}

} // namespace

KeptEndpoint::KeptEndpoint(const Endpoint& from)
    : api_url_(from.api_url), api_version_(from.api_version), proxy_(from.proxy),
      ca_file_(from.ca_file), rest_(from) {}

Endpoint KeptEndpoint::view() const {
    Endpoint endpoint = rest_;
    endpoint.api_url = api_url_;
    endpoint.api_version = api_version_;
    endpoint.proxy = proxy_;
    endpoint.ca_file = ca_file_;
    return endpoint;
}

net::Request request_to(const Endpoint& endpoint, notion::Call call) {
    return request_to(endpoint, std::move(call), "Bearer " + std::string(endpoint.token->text));
}

net::Request request_to(const Endpoint& endpoint, notion::Call call,
                        const std::string& authorization) {
    net::Request request;
    request.method = method_of(call.method);
    request.url = std::string(endpoint.api_url) + call.path;
    request.headers = {"Authorization: " + authorization,
                       "Notion-Version: " + std::string(endpoint.api_version),
                       "User-Agent: pg_notion"};
    if (!call.body.empty())
        request.headers.push_back("Content-Type: " + content_type_of(call));
    request.body = std::move(call.body);
    request.connect_timeout_ms = endpoint.connect_timeout_ms;
    request.total_timeout_ms = endpoint.request_timeout_ms;
    request.body_bytes_max = body_bytes_max;
    request.proxy = endpoint.proxy;
    request.ca_file = endpoint.ca_file;
    request.loopback_only = endpoint.loopback_only;
    return request;
}

} // namespace notion::bridge
