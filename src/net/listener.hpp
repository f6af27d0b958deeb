// An HTTP endpoint for few, small, signed messages: hands out whole requests, takes answers later.
// Assumes a TLS-terminating proxy in front of it, and one thread that calls step().
// Refuses: bodies and headers over their limits, slow clients, a second request on a connection.
// scope: worker.
#pragma once

#include "net/headers.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace notion::net {

struct ListenLimits {
    // Notion's events are under 10 KB: ids, no values.
    std::size_t body_bytes_max = 256 * 1024;
    std::size_t header_bytes_max = 16 * 1024;
    // Memory of the whole listener stays below connections_max * (body + headers).
    unsigned connections_max = 64;
    // Behind a proxy every client has the proxy's address.
    unsigned connections_per_ip_max = 32;
    // From accept to the last byte of the body, however busily a client trickles.
    std::int64_t request_timeout_ms = 10'000;
};

struct Delivery {
    std::uint64_t id = 0;
    std::string method;
    std::string path; // percent-decoded, without the query
    Headers query;    // its arguments, percent-decoded
    Headers headers;
    std::string body;
};

class Listener {
  public:
    // `where`: "host:port", "[v6]:port" or "port"; numeric only; no host means 127.0.0.1; port 0
    // means any free one. Null, with the reason in `error`, if it cannot be had.
    static std::unique_ptr<Listener> open(std::string_view where, const ListenLimits& limits,
                                          std::string& error);
    // Answers 503 to whoever still waits.
    ~Listener();
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    // Readable whenever step() has something to do, or take() to give, after a step: for
    // Mux::watch().
    int fd() const;
    std::uint16_t port() const;

    // Accepts, reads, writes, cuts off; never blocks.
    void step();

    // The next whole request, in order of completion. Its client waits until answer() is called;
    // requires: it is called once for each.
    std::optional<Delivery> take();

    // `body` is plain text. False if `id` is not waiting (never given out, or answered already).
    bool answer(std::uint64_t id, int status, std::string_view body);

    std::size_t connections() const;

    struct Daemon; // what libmicrohttpd's callbacks see

  private:
    explicit Listener(std::unique_ptr<Daemon> daemon);
    std::unique_ptr<Daemon> daemon;
};

} // namespace notion::net
