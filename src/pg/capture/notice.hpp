// Notice: tells whoever commits a bulk change how many rows are queued and how long they take.
// scope: call.
#pragma once

namespace notion::pg::capture {

/// A NOTICE for each link that the transaction changed in bulk. requires: the buffer, before it is
/// shut; called at pre-commit.
void tell_of_bulk();

} // namespace notion::pg::capture
