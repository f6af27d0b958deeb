// One easy handle: its options, its callbacks, and what is concluded from its end.
// Assumes protocol.md 1.7: libcurl re-sends a request on a reused connection that died, unless its
// body cannot be rewound; ours never can. Callbacks are noexcept. scope: exchange.
#include "net/flight.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <new>
#include <sys/socket.h>

namespace notion::net {

namespace {

using Flight = Exchange::Flight;

// After this long without an acknowledgement the kernel gives the connection up; part of the
// patience with unknown outcomes (protocol.md 1.6).
constexpr unsigned unacknowledged_ms_max = 30'000;
// Real answers of Notion have about 2 KB of headers.
constexpr std::size_t header_bytes_max = 64 * 1024;
constexpr long receive_buffer_bytes = 64 * 1024;

std::size_t on_body(char* bytes, std::size_t, std::size_t count, void* user) noexcept {
    auto& flight = *static_cast<Flight*>(user);
    std::string& body = flight.reply.body;
    flight.body_over_limit = count > flight.request.body_bytes_max - body.size();
    if (flight.body_over_limit)
        return 0;
    try {
        if (body.empty())
            body.reserve(std::min(flight.request.body_bytes_likely, flight.request.body_bytes_max));
        body.append(bytes, count);
    } catch (const std::bad_alloc&) {
        return 0;
    }
    return count;
}

std::size_t on_header(char* bytes, std::size_t, std::size_t count, void* user) noexcept {
    auto& flight = *static_cast<Flight*>(user);
    auto& fields = flight.reply.headers.fields;
    flight.header_bytes += count;
    if (flight.header_bytes > header_bytes_max)
        return 0;
    std::string_view line(bytes, count);
    if (line.starts_with("HTTP/")) {
        fields.clear(); // what came before was an interim (1xx) response
        return count;
    }
    std::size_t colon = line.find(':');
    if (colon == line.npos || line[0] == ' ' || line[0] == '\t')
        return count;
    std::string_view value = line.substr(colon + 1);
    constexpr std::string_view blanks = " \t\r\n";
    value.remove_prefix(std::min(value.find_first_not_of(blanks), value.size()));
    value = value.substr(0, value.find_last_not_of(blanks) + 1);
    try {
        fields.emplace_back(line.substr(0, colon), value);
    } catch (const std::bad_alloc&) {
        return 0;
    }
    return count;
}

std::size_t on_read(char* to, std::size_t, std::size_t room, void* user) noexcept {
    auto& flight = *static_cast<Flight*>(user);
    std::size_t count = std::min(room, flight.request.body.size() - flight.body_offset);
    std::memcpy(to, flight.request.body.data() + flight.body_offset, count);
    flight.body_offset += count;
    flight.body_handed |= count > 0;
    return count;
}

// libcurl rewinds in order to send again: not once a byte of the body was handed over.
int on_seek(void* user, curl_off_t offset, int origin) noexcept {
    auto& flight = *static_cast<Flight*>(user);
    bool start = offset == 0 && origin == SEEK_SET;
    flight.resend_stopped = !start || !flight.may_send_again();
    if (flight.resend_stopped)
        return CURL_SEEKFUNC_FAIL;
    flight.body_offset = 0;
    return CURL_SEEKFUNC_OK;
}

int on_socket_options(void*, curl_socket_t fd, curlsocktype) noexcept {
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacknowledged_ms_max,
               sizeof unacknowledged_ms_max);
    return CURL_SOCKOPT_OK;
}

// Connected, new or reused: the last moment before bytes of the request leave. libcurl comes here
// again when the connection died and it would like to try another one; a rewind would follow, but
// not for a write without a body, nor where HTTP/2 falls back to 1.1.
int on_connected(void* user, char*, char*, int, int) noexcept {
    auto& flight = *static_cast<Flight*>(user);
    flight.resend_stopped = !flight.may_send_again();
    if (flight.resend_stopped)
        return CURL_PREREQFUNC_ABORT;
    flight.about_to_send = true;
    long opened = 1;
    curl_easy_getinfo(flight.easy.get(), CURLINFO_NUM_CONNECTS, &opened);
    flight.reply.reused_connection = opened == 0;
    return CURL_PREREQFUNC_OK;
}

Failure failure_of(CURLcode code) {
    switch (code) {
    case CURLE_OK:
        return Failure::none;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return Failure::refused;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return Failure::resolve;
    case CURLE_COULDNT_CONNECT:
    case CURLE_PROXY:
        return Failure::connect;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
        return Failure::tls;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
        return Failure::untrusted;
    case CURLE_OPERATION_TIMEDOUT:
        return Failure::deadline;
    case CURLE_FILESIZE_EXCEEDED:
        return Failure::body_too_large;
    case CURLE_OUT_OF_MEMORY:
    case CURLE_FAILED_INIT:
    case CURLE_NOT_BUILT_IN:
    case CURLE_UNKNOWN_OPTION:
    case CURLE_BAD_FUNCTION_ARGUMENT:
        return Failure::internal;
    default:
        return Failure::broken;
    }
}

std::int64_t number(CURL* easy, CURLINFO which) {
    curl_off_t value = 0;
    curl_easy_getinfo(easy, which, &value);
    return value;
}

long small_number(CURL* easy, CURLINFO which) {
    long value = 0;
    curl_easy_getinfo(easy, which, &value);
    return value;
}

} // namespace

Exchange::Flight::Flight(Mux& mux, Request wanted)
    : driver(mux.inside()), request(std::move(wanted)) {}

Exchange::Flight::~Flight() {
    if (driver.is_ours())
        leave_multi();
    else
        static_cast<void>(easy.release()); // the connection is the parent process's
}

void Exchange::Flight::start() {
    if (std::string_view why = reason_to_refuse(request); !why.empty())
        return fail(Failure::refused, why);
    easy.reset(curl_easy_init());
    if (!easy || !list_headers())
        return fail(Failure::internal, "out of memory");
    if (CURLcode code = configure(); code != CURLE_OK)
        return fail(Failure::internal, curl_easy_strerror(code));
    SignalsBlocked quiet;
    if (CURLMcode code = curl_multi_add_handle(driver.multi, easy.get()); code != CURLM_OK)
        return fail(Failure::internal, curl_multi_strerror(code));
    in_multi = true;
    driver.in_flight++;
}

bool Exchange::Flight::list_headers() {
    auto add = [&](const char* line) {
        curl_slist* longer = curl_slist_append(headers.get(), line);
        if (longer && !headers)
            headers.reset(longer);
        return longer != nullptr;
    };
    auto is_content_type = [](std::string_view line) {
        return equal_ignoring_case(line.substr(0, line.find(':')), "content-type");
    };
    // No waiting for "100 Continue"; and no type of a web form where the caller gives none.
    bool added = add("Expect:");
    if (std::ranges::none_of(request.headers, is_content_type))
        added = added && add("Content-Type:");
    for (const std::string& line : request.headers)
        added = added && add(line.c_str());
    return added;
}

CURLcode Exchange::Flight::configure() {
    CURLcode code = configure_method();
    auto set = [&](CURLoption option, auto value) {
        if (code == CURLE_OK)
            code = curl_easy_setopt(easy.get(), option, value);
    };
    set(CURLOPT_URL, request.url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "https,http"); // which of them: reason_to_refuse()
    set(CURLOPT_HTTP_VERSION, long(CURL_HTTP_VERSION_2TLS));
    set(CURLOPT_HTTPHEADER, headers.get());
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_ACCEPT_ENCODING, "");
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.connect_timeout_ms));
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(request.total_timeout_ms));
    set(CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(request.body_bytes_max));
    set(CURLOPT_BUFFERSIZE, receive_buffer_bytes);
    set(CURLOPT_PROXY, request.proxy.c_str()); // "" also overrules the environment
    set(CURLOPT_NOPROXY, "localhost,127.0.0.0/8,::1");
    set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    set(CURLOPT_SSL_VERIFYPEER, 1L);
    set(CURLOPT_SSL_VERIFYHOST, 2L);
    set(CURLOPT_SSLVERSION, long(CURL_SSLVERSION_TLSv1_2));
    if (!request.ca_file.empty())
        set(CURLOPT_CAINFO, request.ca_file.c_str());
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_QUICK_EXIT, 1L); // a cancel does not wait for the resolver's thread
    set(CURLOPT_ERRORBUFFER, &error[0]);
    set(CURLOPT_PRIVATE, this);
    set(CURLOPT_WRITEFUNCTION, on_body);
    set(CURLOPT_WRITEDATA, this);
    set(CURLOPT_HEADERFUNCTION, on_header);
    set(CURLOPT_HEADERDATA, this);
    set(CURLOPT_READFUNCTION, on_read);
    set(CURLOPT_READDATA, this);
    set(CURLOPT_SEEKFUNCTION, on_seek);
    set(CURLOPT_SEEKDATA, this);
    set(CURLOPT_SOCKOPTFUNCTION, on_socket_options);
    set(CURLOPT_PREREQFUNCTION, on_connected);
    set(CURLOPT_PREREQDATA, this);
    return code;
}

CURLcode Exchange::Flight::configure_method() {
    CURLcode code = CURLE_OK;
    auto set = [&](CURLoption option, auto value) {
        if (code == CURLE_OK)
            code = curl_easy_setopt(easy.get(), option, value);
    };
    if (request.method == Method::get) {
        set(CURLOPT_HTTPGET, 1L);
        return code;
    }
    if (request.method == Method::del && request.body.empty()) {
        set(CURLOPT_HTTPGET, 1L);
    } else {
        set(CURLOPT_POST, 1L);
        set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
        if (request.body.empty())
            set(CURLOPT_POSTFIELDS, "");
    }
    if (request.method != Method::post)
        set(CURLOPT_CUSTOMREQUEST, request.method == Method::patch ? "PATCH" : "DELETE");
    return code;
}

bool Exchange::Flight::handed_over() const {
    return request.body.empty() ? about_to_send : body_handed;
}

bool Exchange::Flight::may_send_again() const {
    return request.method == Method::get || request.repeatable || !handed_over();
}

void Exchange::Flight::leave_multi() {
    if (!in_multi)
        return;
    SignalsBlocked quiet;
    curl_multi_remove_handle(driver.multi, easy.get());
    driver.in_flight--;
    in_multi = false;
}

void Exchange::Flight::conclude(Failure failure) {
    state = State::done;
    reply.failure = failure;
    const bool certain_no = failure == Failure::proxy_login || !handed_over();
    reply.outcome = failure == Failure::none ? Outcome::ok
                    : certain_no             ? Outcome::certain_no
                                             : Outcome::unknown;
}

void Exchange::Flight::fail(Failure failure, std::string_view why) {
    conclude(failure);
    reply.error = why;
}

void Exchange::Flight::finish(CURLcode code) {
    leave_multi();
    conclude(explain(code)); // before anything that may run out of memory
    read_facts();
    if (reply.failure != Failure::none) {
        reply.body.clear(); // a part of an answer is no answer
        reply.error = error[0]           ? error
                      : code == CURLE_OK ? "the proxy answered 407"
                                         : curl_easy_strerror(code);
    }
    if (reply.failure == Failure::body_too_large)
        reply.error = "the body of the response is larger than allowed";
    if (resend_stopped)
        reply.error = "the connection ended before an answer came; the request is not sent again";
    easy.reset();
    headers.reset();
}

Failure Exchange::Flight::explain(CURLcode code) const {
    // Only a proxy says 407 (RFC 9110, 15.5.8): to CONNECT, or to a plain request that it carries.
    constexpr long wants_login = 407;
    if (small_number(easy.get(), CURLINFO_HTTP_CONNECTCODE) == wants_login ||
        (code == CURLE_OK && small_number(easy.get(), CURLINFO_RESPONSE_CODE) == wants_login))
        return Failure::proxy_login;
    Failure failure = failure_of(code);
    if (failure == Failure::none)
        return Failure::none;
    if (body_over_limit)
        return Failure::body_too_large;
    if (code == CURLE_WRITE_ERROR && header_bytes <= header_bytes_max)
        return Failure::internal; // a callback of ours was out of memory
    bool unconnected = failure == Failure::refused || failure == Failure::resolve ||
                       failure == Failure::connect || failure == Failure::tls ||
                       failure == Failure::untrusted;
    if (resend_stopped || (unconnected && handed_over()))
        return Failure::broken; // the second connection does not matter
    if (failure == Failure::broken && !about_to_send)
        return Failure::connect; // the proxy refused to connect us
    bool in_time = number(easy.get(), CURLINFO_TOTAL_TIME_T) / 1000 < request.total_timeout_ms;
    if (failure == Failure::deadline && !about_to_send && in_time)
        return Failure::connect;
    return failure;
}

void Exchange::Flight::read_facts() {
    CURL* from = easy.get();
    reply.status = small_number(from, CURLINFO_RESPONSE_CODE);
    reply.http2 = small_number(from, CURLINFO_HTTP_VERSION) == CURL_HTTP_VERSION_2_0;
    reply.total_us = number(from, CURLINFO_TOTAL_TIME_T);
    reply.bytes_sent =
        small_number(from, CURLINFO_REQUEST_SIZE) + number(from, CURLINFO_SIZE_UPLOAD_T);
    reply.bytes_received =
        small_number(from, CURLINFO_HEADER_SIZE) + number(from, CURLINFO_SIZE_DOWNLOAD_T);
    if (!reply.headers.find("retry-after").empty())
        reply.retry_after_ms = std::max<std::int64_t>(number(from, CURLINFO_RETRY_AFTER), 0) * 1000;
    if (std::string date(reply.headers.find("date")); !date.empty())
        reply.date_s = curl_getdate(date.c_str(), nullptr);
    reply.request_id = reply.headers.find("x-notion-request-id");
}

Exchange::Exchange(std::unique_ptr<Flight> owned) : flight(std::move(owned)) {}
Exchange::~Exchange() = default;
Exchange::Exchange(Exchange&&) noexcept = default;
Exchange& Exchange::operator=(Exchange&&) noexcept = default;

Exchange Exchange::open(Mux& mux, Request request) {
    auto flight = std::make_unique<Flight>(mux, std::move(request));
    flight->start();
    return Exchange(std::move(flight));
}

State Exchange::state() const {
    return flight->state;
}

bool Exchange::handed_over() const {
    return flight->handed_over();
}

const Reply& Exchange::reply() const {
    assert(state() == State::done);
    return flight->reply;
}

Reply Exchange::take_reply() {
    assert(state() == State::done);
    return std::move(flight->reply);
}

} // namespace notion::net
