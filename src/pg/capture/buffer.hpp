// Buffer: the keys that the current transaction changed, until its commit writes them.
// In the transaction's memory; over the limit in a temporary file that belongs to the transaction's
// resource owner, never in the outbox: a ROLLBACK TO would take keys of the outer level with it
// (postgres.md 5). Keys of a subtransaction that rolled back stay: over-reporting is harmless.
// scope: transaction.
#pragma once

#include "pg/postgres.hpp"

namespace notion::pg::capture {

enum class Evidence : char { changed = 'c', deleted = 'd', truncated = 't', renamed = 'r' };

/// One captured key, as handed to a visitor; `key` is valid during the call only.
struct Captured {
    int32 link;
    Evidence evidence;
    std::string_view key;
    bool is_rename() const { return evidence == Evidence::renamed; }
};

/// Adds a key. A repetition of the last one is dropped. May raise (out of memory, disk full).
void add(int32 link, Evidence evidence, std::string_view key);

/// A row's other key. Renames of one command happened at once. Unlike a key that changed, one that
/// was rolled back must not be reported: `writer` is the subtransaction that wrote the row.
struct Rename {
    TransactionId writer;
    CommandId command;
    std::string_view was;
    std::string_view is;
};
void add_rename(int32 link, const Rename& rename);
/// requires: captured.is_rename().
Rename rename_of(const Captured& captured);

int64 captured_count();
bool has_renames();
/// Hands every key to `visit`, in order. The buffer stays as it is.
void walk(void (*visit)(void* context, const Captured& captured), void* context);
/// Closes the temporary file, if there is one, and forgets everything.
void shut();
/// Forgets everything. Allocates nothing, raises nothing: called at commit and abort.
void forget();

} // namespace notion::pg::capture
