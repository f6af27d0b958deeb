// Waits for a Mux the way that a backend does, and the requests that most tests start from.
// scope: test.
#pragma once

#include "net/exchange.hpp"

#include <chrono>
#include <functional>
#include <string>

namespace notion::net::test {

// Polls mux.fd() and steps until `done` says so; false after ten seconds.
bool drive(Mux& mux, const std::function<bool()>& done);

// Runs an exchange to its end.
Reply run(Mux& mux, Request request);

Request get(std::string url);
Request post(std::string url, std::string body);

std::int64_t since_ms(std::chrono::steady_clock::time_point start);

} // namespace notion::net::test
