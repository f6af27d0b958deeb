// The listener for webhooks and the callback of OAuth, for the worker: requests come whole, answers
// are given when they are known. Its descriptor is in the process's mux: who waits for that one
// need not know this one. scope: worker.
#pragma once

#include <cstdint>
#include <string_view>

#include "bridge/fault.hpp"

namespace notion::bridge {

struct Listener;

/// `where`: "host:port", "[v6]:port" or "port"; numeric. Null, with the reason, if it cannot be
/// had.
Listener* listener_open(std::string_view where, Fault& fault) noexcept;
/// Answers 503 to whoever still waits.
void listener_close(Listener* listener) noexcept;
uint16_t listener_port(const Listener* listener) noexcept;

/// Accepts, reads, writes; never blocks.
bool listener_step(Listener* listener, Fault& fault) noexcept;

/// Views stay valid until the next listener_take.
struct Delivery {
    uint64_t id;
    std::string_view method;
    std::string_view path; ///< without the query
    std::string_view body;
    std::string_view signature; ///< "" where there is none
    std::string_view state;     ///< of the query, as code and error: "" where there is none
    std::string_view code;
    std::string_view error;
};
/// False where no whole request waits. requires: each is answered once.
bool listener_take(Listener* listener, Delivery& delivery, Fault& fault) noexcept;
/// `text`: what a person sees.
void listener_answer(Listener* listener, uint64_t id, int32_t status,
                     std::string_view text) noexcept;

} // namespace notion::bridge
