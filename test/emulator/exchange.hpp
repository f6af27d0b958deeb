// One HTTP request on its way through the server, and its answer in libmicrohttpd's terms.
// scope: exchange.
#pragma once

#include "gate.hpp"

#include <functional>
#include <microhttpd.h>

namespace emulator {

struct Exchange {
    MHD_Connection* connection = nullptr;
    Request request;
    FaultRule fault;
    Served served;
    bool executed = false; // the reply exists
    bool dropping = false; // close without an answer
    bool hanging = false;
    int64_t resume_at = -1; // elapsed ms; -1: not by time
};

void read_head(Exchange& exchange, const char* uri, const char* method);
/// Suspends an exchange for so many ms: how a trickle makes its pauses.
using Pause = std::function<void(Exchange&, int64_t)>;
/// Hands the reply to libmicrohttpd, with whatever the fault does to its bytes.
MHD_Result send_reply(World& world, Exchange& exchange, const Pause& pause);

} // namespace emulator
