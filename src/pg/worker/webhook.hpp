// Webhook deliveries, from the listener or from SQL: handshake, signature, deduplication.
// scope: call.
#pragma once

#include "pg/postgres.hpp"

namespace notion::pg::worker {

struct Arrival {
    std::string_view server;
    std::string_view body;
    std::string_view signature;
    int status; ///< out: the HTTP status to answer
};

/// Keeps at most `room` events, and answers 429 to those beyond. Returns how many it kept.
/// Nothing is written before a signature was checked over the raw bytes; what is to be answered 200
/// has to be committed first. What is kept of many is one statement: a round of deliveries costs
/// one commit. requires: SPI connected.
int receive_webhooks(std::span<Arrival> arrivals, int64_t room);

} // namespace notion::pg::worker
