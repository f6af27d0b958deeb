// Raises a Fault as a PostgreSQL error: the one place where an ErrorKind becomes an SQLSTATE.
// Assumes: the bridge has returned. Refuses: being called inside a catch (architecture.md 1.3).
// scope: none.
#pragma once

#include "bridge/fault.hpp"

namespace notion::pg {

/// ereport(ERROR) with the fault's words; never returns. requires: fault.set.
[[noreturn]] void raise(const bridge::Fault& fault);

/// The same words at a level below ERROR (WARNING, NOTICE, LOG …). requires: level < ERROR.
void report(int level, const bridge::Fault& fault);

/// What MAKE_SQLSTATE gives for this kind; docs/errors.md is the table for people.
int sqlstate_of(ErrorKind kind);

} // namespace notion::pg
