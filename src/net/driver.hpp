// What Mux and Exchange share: the multi handle, its epoll set, and silence of signals.
// scope: process.
#pragma once

#include "net/mux.hpp"

#include <csignal>
#include <curl/curl.h>
#include <sys/types.h>

namespace notion::net {

struct Mux::Driver {
    CURLM* multi = nullptr;
    int epoll = -1;
    int timer = -1;
    std::size_t in_flight = 0;
    pid_t owner = 0; // a child's copy must not speak on its parent's connections

    Driver() = default;
    ~Driver();
    Driver(const Driver&) = delete;
    Driver& operator=(const Driver&) = delete;

    bool is_ours() const;
    void close_descriptors();
};

// libcurl's resolver thread inherits the mask of who starts it: with everything blocked no signal
// handler of the process ever runs on it (postgres.md: handlers set a latch of the main thread).
class SignalsBlocked {
  public:
    SignalsBlocked() {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
    }
    ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before, nullptr); }
    SignalsBlocked(const SignalsBlocked&) = delete;
    SignalsBlocked& operator=(const SignalsBlocked&) = delete;

  private:
    sigset_t before;
};

} // namespace notion::net
