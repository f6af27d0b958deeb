// libmicrohttpd driven from outside: its epoll descriptor and a timer in one set, no threads.
// Assumes that a suspended connection costs nothing but its place. Every client that is not
// waiting for our answer has a deadline, however busily it trickles. scope: worker.
#include "net/listener.hpp"

#include "net/address.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <ctime>
#include <deque>
#include <map>
#include <microhttpd.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <system_error>
#include <unistd.h>

namespace notion::net {

namespace {

// One step() does at most this many rounds before its caller gets to look at other things.
constexpr int rounds_max = 16;

std::int64_t now_ms() {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

enum class Phase {
    reading,  // until the last byte of the request
    waiting,  // suspended: handed out, or about to be
    answering // until the client has taken the answer
};

struct Client {
    Phase phase = Phase::reading;
    int fd = -1;
    std::int64_t deadline_ms = 0;
    bool begun = false; // its headers are here
    bool cut = false;   // shut down by us, not yet noticed by libmicrohttpd
    Delivery delivery;  // until it is complete
    std::uint64_t id = 0;
    int status = 0;
    std::string answer;
};

MHD_Result respond(MHD_Connection* connection, int status, std::string_view body) {
    MHD_Response* response = MHD_create_response_from_buffer(
        body.size(), const_cast<char*>(body.data()), MHD_RESPMEM_MUST_COPY);
    if (!response)
        return MHD_NO;
    // A browser may show it: as text, kept nowhere, and its address told to nobody.
    for (auto [name, value] : {std::pair{"Connection", "close"},
                               {"Content-Type", "text/plain; charset=utf-8"},
                               {"X-Content-Type-Options", "nosniff"},
                               {"Cache-Control", "no-store"},
                               {"Referrer-Policy", "no-referrer"}})
        MHD_add_response_header(response, name, value);
    if (status == MHD_HTTP_TOO_MANY_REQUESTS)
        MHD_add_response_header(response, "Retry-After", "60"); // a rate is one of a minute
    MHD_Result result = MHD_queue_response(connection, static_cast<unsigned>(status), response);
    MHD_destroy_response(response);
    return result;
}

MHD_Result on_header(void* user, MHD_ValueKind, const char* name, const char* value) noexcept {
    try {
        static_cast<Headers*>(user)->fields.emplace_back(name, value ? value : "");
        return MHD_YES;
    } catch (...) {
        return MHD_NO;
    }
}

} // namespace

struct Listener::Daemon {
    ListenLimits limits;
    MHD_Daemon* mhd = nullptr;
    int epoll = -1;
    int timer = -1;
    std::uint16_t port = 0;
    std::uint64_t last_id = 0;
    bool due = false; // the timer is set for now
    std::map<MHD_Connection*, Client> clients;
    std::deque<Delivery> complete;

    ~Daemon();
    bool start(int listening, std::string& error);
    bool watch(int fd);
    void run();
    void cut_off_late();
    void arm(std::int64_t wait_ms);
    std::int64_t next_deadline_ms() const;
    void answer(MHD_Connection* connection, Client& client, int status, std::string_view body);
    MHD_Result begin(MHD_Connection* connection, Client& client, const char* url,
                     const char* method);
    MHD_Result on_request(MHD_Connection* connection, const char* url, const char* method,
                          const char* data, std::size_t* count);
};

namespace {

MHD_Result request_callback(void* user, MHD_Connection* connection, const char* url,
                            const char* method, const char*, const char* data, std::size_t* count,
                            void**) noexcept {
    try {
        auto& daemon = *static_cast<Listener::Daemon*>(user);
        return daemon.on_request(connection, url, method, data, count);
    } catch (...) {
        return MHD_NO; // closes the connection
    }
}

void connection_callback(void* user, MHD_Connection* connection, void**,
                         MHD_ConnectionNotificationCode what) noexcept {
    auto& daemon = *static_cast<Listener::Daemon*>(user);
    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        daemon.clients.erase(connection);
        return;
    }
    const MHD_ConnectionInfo* info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    try {
        Client& client = daemon.clients[connection];
        client.fd = info ? info->connect_fd : -1;
        client.deadline_ms = now_ms() + daemon.limits.request_timeout_ms;
    } catch (...) {
        // Unknown to us, and so refused with its first request.
    }
}

} // namespace

bool Listener::Daemon::watch(int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

bool Listener::Daemon::start(int listening, std::string& error) {
    mhd = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, port, nullptr, nullptr, request_callback, this,
        MHD_OPTION_LISTEN_SOCKET, listening, MHD_OPTION_NOTIFY_CONNECTION, connection_callback,
        this, MHD_OPTION_CONNECTION_LIMIT, limits.connections_max,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, limits.connections_per_ip_max,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, limits.header_bytes_max, MHD_OPTION_END);
    if (!mhd) {
        close(listening);
        error = "could not start the HTTP listener";
        return false;
    }
    const MHD_DaemonInfo* info = MHD_get_daemon_info(mhd, MHD_DAEMON_INFO_EPOLL_FD);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (!info || epoll < 0 || timer < 0 || !watch(info->epoll_fd) || !watch(timer)) {
        error = "could not create an epoll set: " + std::generic_category().message(errno);
        return false;
    }
    return true;
}

Listener::Daemon::~Daemon() {
    if (mhd) {
        for (auto& [connection, client] : clients)
            if (client.phase == Phase::waiting)
                answer(connection, client, MHD_HTTP_SERVICE_UNAVAILABLE, "");
        run(); // libmicrohttpd must not be stopped while a connection is suspended
        MHD_stop_daemon(mhd);
    }
    for (int fd : {timer, epoll})
        if (fd >= 0)
            close(fd);
}

MHD_Result Listener::Daemon::begin(MHD_Connection* connection, Client& client, const char* url,
                                   const char* method) {
    client.begun = true;
    client.delivery.method = method;
    client.delivery.path = url;
    Headers& headers = client.delivery.headers;
    MHD_get_connection_values(connection, MHD_HEADER_KIND, on_header, &headers);
    MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, on_header, &client.delivery.query);
    std::string_view declared = headers.find("content-length");
    std::uint64_t bytes = 0;
    auto [stop, problem] = std::from_chars(declared.begin(), declared.end(), bytes);
    if (!declared.empty() && (problem != std::errc() || bytes > limits.body_bytes_max)) {
        client.phase = Phase::answering;
        client.status = MHD_HTTP_CONTENT_TOO_LARGE;
        return respond(connection, client.status, "");
    }
    return MHD_YES;
}

// libmicrohttpd calls this with the headers, with each piece of the body, at the end of the body,
// and again after a resume.
MHD_Result Listener::Daemon::on_request(MHD_Connection* connection, const char* url,
                                        const char* method, const char* data, std::size_t* count) {
    auto found = clients.find(connection);
    if (found == clients.end())
        return MHD_NO;
    Client& client = found->second;
    if (client.phase == Phase::answering)
        return respond(connection, client.status, client.answer);
    if (!client.begun)
        return begin(connection, client, url, method);
    std::string& body = client.delivery.body;
    if (*count > 0) {
        if (*count > limits.body_bytes_max - body.size())
            return MHD_NO; // length not declared: no answer is possible before the end
        body.append(data, *count);
        *count = 0;
        return MHD_YES;
    }
    client.id = client.delivery.id = ++last_id;
    complete.push_back(std::move(client.delivery));
    client.phase = Phase::waiting;
    MHD_suspend_connection(connection);
    return MHD_YES;
}

void Listener::Daemon::answer(MHD_Connection* connection, Client& client, int status,
                              std::string_view body) {
    client.answer = body;
    client.status = status;
    client.phase = Phase::answering;
    client.deadline_ms = now_ms() + limits.request_timeout_ms;
    MHD_resume_connection(connection);
}

void Listener::Daemon::cut_off_late() {
    std::int64_t now = now_ms();
    for (auto& [connection, client] : clients) {
        if (client.phase == Phase::waiting || client.cut || now < client.deadline_ms)
            continue;
        shutdown(client.fd, SHUT_RDWR); // libmicrohttpd then sees the end and closes
        client.cut = true;
    }
}

std::int64_t Listener::Daemon::next_deadline_ms() const {
    std::int64_t next = -1;
    for (const auto& [connection, client] : clients)
        if (client.phase != Phase::waiting && !client.cut)
            next = next < 0 ? client.deadline_ms : std::min(next, client.deadline_ms);
    return next;
}

void Listener::Daemon::arm(std::int64_t wait_ms) {
    if (wait_ms == 0 && due)
        return; // many answers, one step
    due = wait_ms == 0;
    itimerspec when{}; // all zero: disarmed
    if (wait_ms == 0)
        when.it_value.tv_nsec = 1;
    if (wait_ms > 0) {
        when.it_value.tv_sec = wait_ms / 1000;
        when.it_value.tv_nsec = wait_ms % 1000 * 1'000'000;
    }
    timerfd_settime(timer, 0, &when, nullptr);
}

void Listener::Daemon::run() {
    due = false;
    MHD_UNSIGNED_LONG_LONG more_ms = 0;
    bool limited = true;
    for (int round = 0; limited && more_ms == 0 && round < rounds_max; round++) {
        cut_off_late();
        MHD_run(mhd);
        limited = MHD_get_timeout(mhd, &more_ms) == MHD_YES;
    }
    std::int64_t deadline = next_deadline_ms();
    std::int64_t wait_ms = deadline < 0 ? -1 : std::max<std::int64_t>(deadline - now_ms(), 0);
    if (limited)
        wait_ms = wait_ms < 0 ? static_cast<std::int64_t>(more_ms)
                              : std::min(wait_ms, static_cast<std::int64_t>(more_ms));
    if (!complete.empty()) // nothing else may happen that would bring somebody to take it
        wait_ms = 0;
    arm(wait_ms); // also forgets the expiration that brought us here
}

Listener::Listener(std::unique_ptr<Daemon> started) : daemon(std::move(started)) {}
Listener::~Listener() = default;

std::unique_ptr<Listener> Listener::open(std::string_view where, const ListenLimits& limits,
                                         std::string& error) {
    auto daemon = std::make_unique<Daemon>();
    daemon->limits = limits;
    int listening = listen_at(where, daemon->port, error);
    if (listening < 0 || !daemon->start(listening, error))
        return nullptr;
    return std::unique_ptr<Listener>(new Listener(std::move(daemon)));
}

int Listener::fd() const {
    return daemon->epoll;
}
std::uint16_t Listener::port() const {
    return daemon->port;
}
void Listener::step() {
    daemon->run();
}
std::size_t Listener::connections() const {
    return daemon->clients.size();
}

std::optional<Delivery> Listener::take() {
    if (daemon->complete.empty())
        return std::nullopt;
    Delivery next = std::move(daemon->complete.front());
    daemon->complete.pop_front();
    return next;
}

bool Listener::answer(std::uint64_t id, int status, std::string_view body) {
    for (auto& [connection, client] : daemon->clients) {
        if (client.phase != Phase::waiting || client.id != id)
            continue;
        daemon->answer(connection, client, status, body);
        daemon->arm(0);
        return true;
    }
    return false;
}

} // namespace notion::net
