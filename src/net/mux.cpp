// libcurl's socket and timer callbacks turned into one epoll descriptor, as oauth-curl.c of
// PostgreSQL 18 does. Assumes level-triggered epoll. The callbacks only do epoll_ctl and
// timerfd_settime: they cannot throw and call nothing of ours. scope: process.
#include "net/mux.hpp"

#include "net/driver.hpp"
#include "net/flight.hpp"

#include <cerrno>
#include <cstdint>
#include <stdexcept>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <system_error>
#include <unistd.h>

namespace notion::net {

namespace {

// Connections kept for reuse: enough for one token's parallel requests.
constexpr long idle_connections_max = 64;
// One step() does at most this many rounds, so that the caller gets to check for interrupts
// however fast the other end delivers.
constexpr int rounds_max = 16;
constexpr int events_max = 64;

enum class Source : std::uint32_t { curl, timer, watched };

epoll_event event_of(Source source, int fd, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.u64 = static_cast<std::uint64_t>(source) << 32 | static_cast<std::uint32_t>(fd);
    return event;
}

// A socket that cannot be put into the set stays silent until its exchange's deadline; to return
// an error here would kill the multi handle for good.
int on_socket(CURL*, curl_socket_t fd, int what, void* user, void*) noexcept {
    int epoll = static_cast<Mux::Driver*>(user)->epoll;
    if (what == CURL_POLL_REMOVE) {
        epoll_ctl(epoll, EPOLL_CTL_DEL, fd, nullptr);
        return 0;
    }
    std::uint32_t events = 0;
    if (what & CURL_POLL_IN)
        events |= EPOLLIN;
    if (what & CURL_POLL_OUT)
        events |= EPOLLOUT;
    epoll_event event = event_of(Source::curl, fd, events);
    if (epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event) != 0 && errno == ENOENT)
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    return 0;
}

int on_timer(CURLM*, long wait_ms, void* user) noexcept {
    itimerspec when{}; // all zero: disarmed
    if (wait_ms == 0)
        when.it_value.tv_nsec = 1;
    if (wait_ms > 0) {
        when.it_value.tv_sec = wait_ms / 1000;
        when.it_value.tv_nsec = wait_ms % 1000 * 1'000'000;
    }
    timerfd_settime(static_cast<Mux::Driver*>(user)->timer, 0, &when, nullptr);
    return 0;
}

void collect_done(Mux::Driver& driver) {
    int left = 0;
    while (CURLMsg* message = curl_multi_info_read(driver.multi, &left)) {
        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode code = message->data.result; // `message` dies with the removal
        char* flight = nullptr;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &flight);
        reinterpret_cast<Exchange::Flight*>(flight)->finish(code);
    }
}

} // namespace

Mux::Driver::~Driver() {
    if (multi && is_ours()) {
        SignalsBlocked quiet;
        curl_multi_cleanup(multi);
        curl_global_cleanup();
    }
    close_descriptors();
}

bool Mux::Driver::is_ours() const {
    return owner == getpid();
}

void Mux::Driver::close_descriptors() {
    for (int* fd : {&timer, &epoll}) {
        if (*fd >= 0)
            close(*fd);
        *fd = -1;
    }
}

Mux& Mux::of_process() {
    static Mux* mux = nullptr;
    if (mux && !mux->driver->is_ours()) {
        mux->driver->close_descriptors(); // the rest is the parent's: dropped, not cleaned up
        mux = nullptr;
    }
    if (!mux)
        mux = new Mux();
    return *mux;
}

Mux::Mux() : driver(std::make_unique<Driver>()) {
    SignalsBlocked quiet;
    driver->owner = getpid();
    driver->epoll = epoll_create1(EPOLL_CLOEXEC);
    driver->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    epoll_event event = event_of(Source::timer, driver->timer, EPOLLIN);
    if (driver->epoll < 0 || driver->timer < 0 ||
        epoll_ctl(driver->epoll, EPOLL_CTL_ADD, driver->timer, &event) != 0)
        throw std::system_error(errno, std::generic_category(), "could not create an epoll set");
    if (curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK)
        driver->multi = curl_multi_init();
    if (!driver->multi)
        throw std::runtime_error("could not initialize libcurl");
    curl_multi_setopt(driver->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(driver->multi, CURLMOPT_SOCKETDATA, driver.get());
    curl_multi_setopt(driver->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(driver->multi, CURLMOPT_TIMERDATA, driver.get());
    curl_multi_setopt(driver->multi, CURLMOPT_MAXCONNECTS, idle_connections_max);
}

Mux::~Mux() = default;

int Mux::fd() const {
    return driver->epoll;
}

void Mux::step() {
    SignalsBlocked quiet;
    bool progress = true;
    for (int round = 0; progress && round < rounds_max; round++) {
        progress = false;
        epoll_event ready[events_max];
        int count = epoll_wait(driver->epoll, ready, events_max, 0);
        for (int i = 0; i < count; i++) {
            auto source = static_cast<Source>(ready[i].data.u64 >> 32);
            int fd = static_cast<int>(ready[i].data.u64 & 0xffffffff);
            if (source == Source::watched)
                continue;
            progress = true;
            int flags = 0;
            if (source == Source::timer) {
                std::uint64_t expirations;
                if (read(fd, &expirations, sizeof expirations) < 0)
                    continue; // disarmed by what ran before it in this round
                fd = CURL_SOCKET_TIMEOUT;
            } else {
                flags = (ready[i].events & EPOLLIN ? CURL_CSELECT_IN : 0) |
                        (ready[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                        (ready[i].events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
            }
            int running = 0;
            curl_multi_socket_action(driver->multi, fd, flags, &running);
        }
    }
    collect_done(*driver);
}

void Mux::watch(int fd) {
    epoll_event event = event_of(Source::watched, fd, EPOLLIN);
    if (epoll_ctl(driver->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        throw std::system_error(errno, std::generic_category(), "could not watch a descriptor");
}

void Mux::unwatch(int fd) {
    epoll_ctl(driver->epoll, EPOLL_CTL_DEL, fd, nullptr);
}

std::size_t Mux::in_flight() const {
    return driver->in_flight;
}

} // namespace notion::net
