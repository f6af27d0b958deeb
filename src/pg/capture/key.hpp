// Key: a row's key as canonical text, the same in every session whatever its settings.
// Only types whose equality is byte equality can be keys (notion.link refuses the others), so that
// equal keys are equal texts (postgres.md 11).
// scope: call.
#pragma once

#include "pg/postgres.hpp"

namespace notion::pg::capture {

/// The text of `value`, allocated in the current context.
std::string_view key_text(Datum value, Oid type);

} // namespace notion::pg::capture
