// Owner: runs a piece of work on a user's table as the table's owner, and nothing more (law 12).
// A worker is a superuser, and triggers, policies, defaults and domains are the owner's code: the
// recipe of protocol.md 1.11 is the only one known to hand out nothing (postgres.md 1).
// scope: call.
#pragma once

#include "pg/postgres.hpp"

namespace notion::pg::apply {

/// Longest wait for a lock that a user holds; then the row goes to the back of the queue.
inline constexpr int lock_timeout_ms = 500;
/// notion.apply_timeout, for one row.
inline constexpr int row_timeout = 0;
/// The same for reading a whole table, at a first sync.
inline constexpr int table_timeout_ms = 30 * 60 * 1000;

/// Why a user's table did not take what we did. Words live in the context of the caller.
struct Refusal {
    int sqlstate;
    const char* message;
    const char* detail;     ///< "" where there is none
    const char* schema;     ///< of a constraint that was violated, else ""
    const char* constraint; ///< its name, or that of a unique index; else ""
    bool is_late() const;   ///< its code took longer than it may
    bool is_busy() const;   ///< locked, timed out, deadlocked, short of room: try again soon
    bool is_misfit() const; ///< the value is none of the column's type
    bool is_taken() const;  ///< another row holds a value that only one may hold
};

/// Runs body(state) as `owner`, in a subtransaction of its own. True if it went well. False if the
/// user's table, or code of its owner, refused: then all that body did is undone and `refusal` says
/// why. Nothing is raised on: every SQLSTATE, "out of memory" too, may be an owner's RAISE, and one
/// owner must not be able to end the process for all links.
/// requires: a transaction; body connects to SPI by itself.
bool as_owner(Oid owner, void (*body)(void* state), void* state, Refusal* refusal,
              int timeout_ms = row_timeout);

} // namespace notion::pg::apply
