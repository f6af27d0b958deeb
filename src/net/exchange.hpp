// One HTTP request and its reply, as an object: open, wait for mux.fd(), mux.step(), until done.
// Assumes nothing about who is at the other end. Never follows a redirect; never re-sends a write,
// and never lets libcurl do so (protocol.md 1.7). Retrying is for who knows what a request means.
// scope: call or query; no longer than its Mux.
#pragma once

#include "net/headers.hpp"
#include "net/mux.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace notion::net {

enum class Method { get, post, patch, del };

// Nothing here is defaulted to something permissive; what is left out is refused or off.
struct Request {
    Method method = Method::get;
    std::string url;
    std::vector<std::string> headers;    // "Name: value"; a line break in one is refused
    std::string body;                    // refused with get
    std::int64_t connect_timeout_ms = 0; // requires: > 0
    std::int64_t total_timeout_ms = 0;   // requires: > 0
    std::size_t body_bytes_max = 0;      // requires: > 0; counted after decompression
    std::size_t body_bytes_likely = 0;   // room for so many is made at once, when the body begins
    std::string proxy;                   // empty: none, whatever the environment says
    std::string ca_file;                 // empty: the system's
    bool allow_plain_http = false;       // else http only to loopback
    bool repeatable = false;    // it only reads (a query by POST): libcurl may send it again
    bool loopback_only = false; // refuse every other address, whatever a name resolves to
};

// What is known of a request that may have had an effect.
enum class Outcome {
    ok,         // a complete HTTP response, of any status
    certain_no, // no byte of the body (of the request, if it has no body) was handed over, or the
                // proxy kept it to itself
    unknown,    // something was handed over, and no complete response came back
};

enum class Failure {
    none,
    refused,        // by us: bad URL, scheme, header, missing deadline, address beyond loopback
    resolve,        // the name has no address
    connect,        // no connection, or not within the connect deadline
    tls,            // the handshake
    untrusted,      // a certificate of another name, or of none of the authorities that we know
    proxy_login,    // the proxy answered 407: it wants another login
    deadline,       // total_timeout_ms passed
    body_too_large, // more than body_bytes_max
    broken,         // the connection ended in mid-exchange, or what came was not HTTP
    internal,       // out of memory, or libcurl cannot do what we ask
};

// What does not pass by itself: trying again would fail alike.
inline bool is_permanent(Failure failure) {
    return failure == Failure::untrusted || failure == Failure::proxy_login;
}

struct Reply {
    Outcome outcome = Outcome::unknown;
    Failure failure = Failure::none;
    long status = 0; // also set where the response broke off later
    std::string body;
    Headers headers;
    std::string error; // for people; never contains headers or bodies

    std::int64_t retry_after_ms = -1; // from Retry-After, seconds or date; -1: absent
    std::int64_t date_s = -1;         // from Date, seconds since 1970; -1: absent
    std::string request_id;           // x-notion-request-id

    bool reused_connection = false;
    bool http2 = false;
    std::int64_t total_us = 0;   // from open to done
    std::int64_t bytes_sent = 0; // on the wire, without TLS
    std::int64_t bytes_received = 0;
};

enum class State { waiting, done };

class Exchange {
  public:
    // Starts the request. What cannot be started is done at once, with outcome certain_no.
    // Throws std::bad_alloc only.
    static Exchange open(Mux& mux, Request request);

    // Cancels what is still waiting: immediate; a connection in mid-flight is closed, others stay.
    ~Exchange();
    Exchange(Exchange&&) noexcept;
    Exchange& operator=(Exchange&&) noexcept;

    State state() const;

    // Whether the peer may have seen the request: says of a cancelled write what is known of it.
    bool handed_over() const;

    // requires: state() == State::done
    const Reply& reply() const;
    Reply take_reply();

    struct Flight; // what libcurl's callbacks see
  private:
    explicit Exchange(std::unique_ptr<Flight> flight);
    std::unique_ptr<Flight> flight;
};

} // namespace notion::net
