// Outbox: writes the transaction's keys into notion.outbox, once, just before it commits.
// By direct heap insertion (postgres.md 7): no SPI, no planner, no rights, no snapshot of the
// user's, so that it works in a read-only transaction and under a role that may not see schema
// notion. scope: transaction.
#pragma once

#include "pg/postgres.hpp"

namespace notion::pg::capture {

/// Called by the trigger, before the first key of a transaction is added: takes the outbox's lock
/// where timeouts and cancelling work, and arranges for the keys to be written. May raise.
void open_outbox();

/// How many applies led to the changes that this transaction makes (protocol.md 1.9): 0 in a
/// user's session; the apply process sets it around each row. Ends with the transaction.
void set_hops(int32 hops);

} // namespace notion::pg::capture
