// Webhook deliveries, from the listener or from SQL: handshake, signature, deduplication.
// scope: call.
#pragma once

#include "pg/postgres.hpp"

namespace notion::pg::worker {

/// The HTTP status to answer. Nothing is written before the signature was checked over the raw
/// bytes; what is answered 200 has to be committed first. requires: SPI connected.
int receive_webhook(std::string_view server, std::string_view body, std::string_view signature);

} // namespace notion::pg::worker
