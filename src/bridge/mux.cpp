// The process's one epoll set: see the header. scope: backend.
#include "bridge/mux.hpp"

#include "net/mux.hpp"

namespace notion::bridge {

int mux_fd(Fault& fault) noexcept {
    int fd = -1;
    guarded(fault, [&] { fd = net::Mux::of_process().fd(); });
    return fd;
}

bool mux_step(Fault& fault) noexcept {
    return guarded(fault, [&] { net::Mux::of_process().step(); });
}

} // namespace notion::bridge
