// Something that may raise and must not end the process: run in a subtransaction, its error's
// message given back as a reason. Assumes a transaction is open; for workers, whose every other
// error ends them. scope: call.
#pragma once

#include "pg/postgres.hpp"

namespace notion::pg::worker {

/// Runs `body` with `context` as the current one. False, with the reason in the caller's context,
/// where it raised: then what it did in the database is undone.
template <class Body>
bool attempt(MemoryContext context, Body body, const char** reason) {
    MemoryContext before = CurrentMemoryContext;
    ResourceOwner owner = CurrentResourceOwner;
    volatile bool done = false;
    BeginInternalSubTransaction(nullptr);
    MemoryContextSwitchTo(context);
    PG_TRY();
    {
        body();
        ReleaseCurrentSubTransaction();
        done = true;
    }
    PG_CATCH();
    {
        MemoryContextSwitchTo(before);
        ErrorData* error = CopyErrorData();
        FlushErrorState();
        RollbackAndReleaseCurrentSubTransaction();
        *reason = error->message;
    }
    PG_END_TRY();
    MemoryContextSwitchTo(before);
    CurrentResourceOwner = owner;
    return done;
}

} // namespace notion::pg::worker
