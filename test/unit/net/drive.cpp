// See drive.hpp. scope: test.
#include "net/drive.hpp"

#include <gtest/gtest.h>
#include <poll.h>

namespace notion::net::test {

std::int64_t since_ms(std::chrono::steady_clock::time_point start) {
    using namespace std::chrono;
    return duration_cast<milliseconds>(steady_clock::now() - start).count();
}

bool drive(Mux& mux, const std::function<bool()>& done) {
    auto start = std::chrono::steady_clock::now();
    while (!done()) {
        if (since_ms(start) > 10'000)
            return false;
        // The short wait is for what `done` sees elsewhere; step() follows readiness alone.
        pollfd ready{mux.fd(), POLLIN, 0};
        if (poll(&ready, 1, 5) > 0)
            mux.step();
    }
    return true;
}

Reply run(Mux& mux, Request request) {
    Exchange exchange = Exchange::open(mux, std::move(request));
    if (!drive(mux, [&] { return exchange.state() == State::done; })) {
        ADD_FAILURE() << "the exchange does not end";
        return {};
    }
    return exchange.take_reply();
}

Request get(std::string url) {
    Request request;
    request.url = std::move(url);
    request.connect_timeout_ms = 5'000;
    request.total_timeout_ms = 8'000;
    request.body_bytes_max = 1 << 20;
    return request;
}

Request post(std::string url, std::string body) {
    Request request = get(std::move(url));
    request.method = Method::post;
    request.headers = {"Content-Type: application/json"};
    request.body = std::move(body);
    return request;
}

} // namespace notion::net::test
