// Buffer: the keys that the current transaction changed, until its commit writes them.
// In the transaction's memory; over the limit in a temporary file that belongs to the transaction's
// resource owner, never in the outbox: a ROLLBACK TO would take keys of the outer level with it
// (postgres.md 5). Keys of a subtransaction that rolled back stay: over-reporting is harmless.
// scope: transaction.
#pragma once

#include "pg/postgres.hpp"

namespace notion::pg::capture {

enum class Evidence : char { changed = 'c', deleted = 'd', truncated = 't' };

/// One captured key, as handed to a visitor; `key` is valid during the call only.
struct Captured {
    int32 link;
    Evidence evidence;
    std::string_view key;
};

/// Adds a key. A repetition of the last one is dropped. May raise (out of memory, disk full).
void add(int32 link, Evidence evidence, std::string_view key);

int64 captured_count();
/// Hands every key to `visit`, in order, then empties the buffer.
void drain(void (*visit)(void* context, const Captured& captured), void* context);
/// Forgets everything. Allocates nothing, raises nothing: called at commit and abort.
void forget();

} // namespace notion::pg::capture
