// Key: a row's key as canonical text, the same in every session whatever its settings.
// Only types whose equality is byte equality can be keys (notion.link refuses the others), so that
// equal keys are equal texts (postgres.md 11).
// scope: call.
#pragma once

#include "pg/postgres.hpp"

namespace notion::pg::capture {

/// Columns of a key; as many as an index may have.
inline constexpr int key_columns_max = INDEX_MAX_KEYS;

/// Where the texts of keys are made: a palloc for each row of a bulk statement is felt.
struct KeyRoom {
    Size used;
    char bytes[120];
};

/// The text of a key of `count` columns (core/sync/key.hpp): in the value itself, in `room` where
/// there is one and it fits, or in the current context.
std::string_view key_text(const Datum* values, const Oid* types, int count,
                          KeyRoom* room = nullptr);

} // namespace notion::pg::capture
