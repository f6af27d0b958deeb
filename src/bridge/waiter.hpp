// Waiter: a descriptor of one's own for what the process's mux says, since a set of events (an
// Append's) takes each descriptor once (postgres.md 36). scope: query.
#pragma once

#include "bridge/fault.hpp"

namespace notion::bridge {

struct Waiter;

Waiter* waiter_open(Fault& fault) noexcept;
void waiter_shut(Waiter* waiter) noexcept;
/// Readable whenever the mux is, and while roused.
int waiter_fd(const Waiter* waiter) noexcept;
/// For what the mux will not say any more, because somebody else has heard it.
void waiter_rouse(Waiter* waiter, bool roused) noexcept;

} // namespace notion::bridge
