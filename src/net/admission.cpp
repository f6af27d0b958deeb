// Which requests may leave the process: https anywhere, http to loopback or where allowed.
// Assumes that libcurl parses the URL the same way again. Refuses logins inside URLs, line breaks
// in headers, missing deadlines and limits. scope: call.
#include "net/flight.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <netinet/in.h>

namespace notion::net {

namespace {

using Url = std::unique_ptr<CURLU, FreeUrl>;

std::string part(const Url& url, CURLUPart which) {
    char* text = nullptr;
    if (curl_url_get(url.get(), which, &text, 0) != CURLUE_OK || !text)
        return {};
    std::string copy(text);
    curl_free(text);
    return copy;
}

bool is_header(std::string_view line) {
    std::size_t colon = line.find(':');
    bool breaks = std::ranges::any_of(line, [](char c) { return !c || c == '\r' || c == '\n'; });
    return colon != line.npos && colon > 0 && !breaks;
}

// "localhost" is no name to libcurl (7.78 and later) but these addresses, as RFC 6761 section 6.3
// wants; every other name may resolve to anything.
bool is_loopback(std::string host) {
    if (host.size() > 2 && host.front() == '[')
        host = host.substr(1, host.size() - 2);
    in_addr v4;
    if (inet_pton(AF_INET, host.c_str(), &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    in6_addr v6;
    if (inet_pton(AF_INET6, host.c_str(), &v6) == 1)
        return IN6_IS_ADDR_LOOPBACK(&v6);
    return equal_ignoring_case(host, "localhost");
}

// Checked here because libcurl quotes a proxy that it cannot use, with its password.
bool is_proxy(const std::string& text) {
    constexpr std::array<std::string_view, 6> schemes = {"http",    "https",  "socks4",
                                                         "socks4a", "socks5", "socks5h"};
    Url url(curl_url());
    if (!url || curl_url_set(url.get(), CURLUPART_URL, text.c_str(),
                             CURLU_DEFAULT_SCHEME | CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
        return false;
    bool scheme = text.find("://") == text.npos ||
                  std::ranges::find(schemes, part(url, CURLUPART_SCHEME)) != schemes.end();
    return scheme && !part(url, CURLUPART_HOST).empty();
}

} // namespace

std::string_view reason_to_refuse(const Request& request) {
    if (request.connect_timeout_ms <= 0 || request.total_timeout_ms <= 0)
        return "a request needs a connect deadline and a total deadline";
    if (request.body_bytes_max == 0)
        return "a request needs a limit for the body of its response";
    if (request.method == Method::get && !request.body.empty())
        return "a GET request has no body";
    if (!std::ranges::all_of(request.headers, is_header))
        return "malformed request header";
    if (!request.proxy.empty() && !is_proxy(request.proxy))
        return "malformed proxy";

    Url url(curl_url());
    if (!url || curl_url_set(url.get(), CURLUPART_URL, request.url.c_str(), 0) != CURLUE_OK)
        return "malformed URL";
    if (!part(url, CURLUPART_USER).empty() || !part(url, CURLUPART_PASSWORD).empty())
        return "a URL must not contain a login";
    std::string scheme = part(url, CURLUPART_SCHEME);
    if (scheme != "https" && scheme != "http")
        return "only https URLs are allowed";
    bool plain = scheme == "http" && !request.allow_plain_http;
    bool loopback = is_loopback(part(url, CURLUPART_HOST));
    if (plain && !loopback)
        return "plain http is only allowed to the loopback address";
    if (request.loopback_only && !loopback)
        return "only connections to the loopback address are allowed";
    return {};
}

} // namespace notion::net
