// Waiter: see the header. scope: query.
#include "bridge/waiter.hpp"

#include <cerrno>
#include <cstdint>
#include <memory>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <system_error>
#include <unistd.h>

#include "net/mux.hpp"

namespace notion::bridge {

struct Waiter {
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    int event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    Waiter() = default;
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;
    ~Waiter() {
        for (int fd : {epoll, event})
            if (fd >= 0)
                close(fd);
    }
    bool watch(int fd) const {
        epoll_event wanted{};
        wanted.events = EPOLLIN;
        return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &wanted) == 0;
    }
};

Waiter* waiter_open(Fault& fault) noexcept {
    Waiter* waiter = nullptr;
    guarded(fault, [&] {
        auto made = std::make_unique<Waiter>();
        if (!made->watch(net::Mux::of_process().fd()) || !made->watch(made->event))
            throw std::system_error(errno, std::generic_category(),
                                    "could not create an epoll set");
        waiter = made.release();
    });
    return waiter;
}

void waiter_shut(Waiter* waiter) noexcept {
    delete waiter;
}

int waiter_fd(const Waiter* waiter) noexcept {
    return waiter->epoll;
}

void waiter_rouse(Waiter* waiter, bool roused) noexcept {
    uint64_t count = 1;
    // A counter that is full, or empty, is as it should be.
    [[maybe_unused]] ssize_t done = roused ? write(waiter->event, &count, sizeof count)
                                           : read(waiter->event, &count, sizeof count);
}

} // namespace notion::bridge
