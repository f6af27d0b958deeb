// The keys that seal secrets in this database, from notion.key_file or notion.key_command: read on
// first need in this process, again after a reload and where the file was replaced.
// Refuses keys that others can read. No key is ever in shared memory, a table or a message.
// scope: backend.
#pragma once

#include "pg/postgres.hpp"

#include "bridge/seal.hpp"

namespace notion::pg {

/// The first seals; the others open what was sealed before a change of keys.
std::span<const bridge::SealKey> seal_keys();
/// The key with that id, or null; reads the keys again before it says null.
const bridge::SealKey* find_key(std::string_view id);
/// Whether a key is configured at all.
bool has_key_setting();

/// Runs `command` by the shell and gives at most `max` bytes of what it writes, for key.cpp.
/// Raises where it fails, is cancelled, or takes longer than ten seconds.
size_t run_key_command(const char* command, char* out, size_t max);

} // namespace notion::pg
