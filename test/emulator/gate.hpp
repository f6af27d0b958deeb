// From a request to its reply: route, token, version, budget, body, handler, journal.
// Knows nothing of sockets; what a fault does to one is told in Served.
// scope: emulator.
#pragma once

#include "world.hpp"

namespace emulator {

/// A reply, and whether a journal or a wait is still to come.
struct Served {
    Reply reply;
    bool drain = false; // answer once no webhook is pending
};

class Gate {
  public:
    explicit Gate(World& world) : world_(world) {}
    /// Serves a request; `fault` is what Faults::choose said about it.
    Served serve(const Request& request, const FaultRule& fault);
    /// Counts and records a request that a fault kept from being served: status 0.
    void note_unserved(const Request& request, const FaultRule& fault);
    static bool is_control(const Request& request) {
        return request.path.starts_with("/_emulator");
    }

  private:
    Reply serve_api(const Request& request, std::string& route);
    void record(const Request& request, const Reply& reply, const std::string& route,
                const FaultRule& fault, int64_t started_at);
    World& world_;
};

Caller caller_of(World& world, std::string_view authorization);
/// `fault` applied to an answer that was given: 503 after commit, garbage, missing properties.
void spoil(Reply& reply, const FaultRule& fault, const std::string& method);

} // namespace emulator
