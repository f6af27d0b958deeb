// The process's one epoll set for everything that goes over the network, for the wait loop.
// scope: backend.
#pragma once

#include "bridge/fault.hpp"

namespace notion::bridge {

/// Readable whenever mux_step has something to do; the same for the life of the process. Made on
/// first use. -1 where that failed.
int mux_fd(Fault& fault) noexcept;
/// Drives what is ready; never blocks.
bool mux_step(Fault& fault) noexcept;

} // namespace notion::bridge
