// The sockets; see server.hpp. libmicrohttpd calls back only from within `run`.
// scope: emulator.
#include "server.hpp"

#include "courier.hpp"
#include "exchange.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <atomic>
#include <list>
#include <stdexcept>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace emulator {

namespace {

constexpr size_t largest_upload = size_t{1} << 30;
constexpr int64_t look_for_gone_ms = 20; // how often held requests look for a client that left

bool client_gone(MHD_Connection* connection) {
    const auto* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    char byte;
    return info && ::recv(info->connect_fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

} // namespace

struct Server::State {
    State(World& its_world) : world(its_world), gate(its_world), courier(its_world.webhooks) {}

    World& world;
    Gate gate;
    Courier courier;
    MHD_Daemon* daemon = nullptr;
    int epoll_fd = -1;
    int stop_fd = -1;
    std::atomic<bool> stopping = false;
    std::list<Exchange*> held; // suspended, in order of arrival
    uint64_t released = 0;     // Faults::releases that were carried out

    void hold(Exchange& exchange) {
        held.push_back(&exchange);
        MHD_suspend_connection(exchange.connection);
    }

    void let_go(Exchange& exchange) { MHD_resume_connection(exchange.connection); }

    MHD_Result answer(Exchange& exchange) {
        return send_reply(world, exchange, [this](Exchange& tired, int64_t pause_ms) {
            tired.resume_at = world.clock.elapsed() + pause_ms;
            hold(tired);
        });
    }

    void perform(Exchange& exchange) {
        exchange.served = gate.serve(exchange.request, exchange.fault);
        exchange.executed = true;
    }

    MHD_Result complete(Exchange& exchange);
    MHD_Result execute(Exchange& exchange);
    bool is_over(Exchange& exchange, bool release_hanging);
    bool release_held();
    int64_t wait_ms() const;
};

// The whole request is there, or it is taken up again after it was held.
MHD_Result Server::State::complete(Exchange& exchange) {
    if (exchange.dropping)
        return MHD_NO;
    if (exchange.executed)
        return answer(exchange);
    if (!Gate::is_control(exchange.request))
        exchange.fault = world.faults.choose(exchange.request);
    switch (exchange.fault.kind) {
    case FaultKind::drop_before:
        gate.note_unserved(exchange.request, exchange.fault);
        return MHD_NO;
    case FaultKind::hang:
        exchange.hanging = true;
        break;
    case FaultKind::delay:
        exchange.resume_at = world.clock.elapsed() + exchange.fault.ms;
        break;
    default:
        return execute(exchange);
    }
    hold(exchange);
    return MHD_YES;
}

MHD_Result Server::State::execute(Exchange& exchange) {
    perform(exchange);
    if (exchange.fault.kind == FaultKind::drop_after_commit)
        return MHD_NO;
    const bool control = Gate::is_control(exchange.request);
    const int64_t wait_ms = exchange.fault.kind == FaultKind::delay_after ? exchange.fault.ms
                            : control                                     ? 0
                                                                          : world.limits.latency_ms;
    if (wait_ms == 0 && !exchange.served.drain)
        return answer(exchange);
    exchange.resume_at = wait_ms > 0 ? world.clock.elapsed() + wait_ms : -1;
    hold(exchange);
    return MHD_YES;
}

// Whether what an exchange was held for has come to pass.
bool Server::State::is_over(Exchange& exchange, bool release_hanging) {
    if (exchange.served.drain) {
        if (!world.webhooks.idle() && !client_gone(exchange.connection))
            return false;
        exchange.served.drain = false;
        exchange.served.reply.body.clear();
        Out out(exchange.served.reply.body);
        world.webhooks.write(out);
        return true;
    }
    if (!exchange.hanging)
        return exchange.resume_at <= world.clock.elapsed();
    exchange.dropping = client_gone(exchange.connection);
    if (!release_hanging && !exchange.dropping)
        return false;
    exchange.hanging = false;
    if (exchange.dropping)
        gate.note_unserved(exchange.request, exchange.fault);
    return true;
}

bool Server::State::release_held() {
    const bool release_hanging = released != world.faults.releases();
    released = world.faults.releases();
    const auto lets_go = [&](Exchange* exchange) {
        if (!is_over(*exchange, release_hanging))
            return false;
        // Here and not when it is resumed: a client that has gone would never be.
        if (!exchange->executed && !exchange->dropping)
            perform(*exchange);
        let_go(*exchange);
        return true;
    };
    return std::erase_if(held, lets_go) > 0;
}

int64_t Server::State::wait_ms() const {
    MHD_UNSIGNED_LONG_LONG pending = 0;
    int64_t wait =
        MHD_get_timeout(daemon, &pending) == MHD_YES ? static_cast<int64_t>(pending) : 60'000;
    if (const int64_t webhooks = world.webhooks.wait_ms(); webhooks >= 0)
        wait = std::min(wait, webhooks);
    const int64_t now = world.clock.elapsed();
    for (const auto* exchange : held)
        wait = std::min(wait, exchange->hanging || exchange->resume_at < 0
                                  ? look_for_gone_ms
                                  : std::max<int64_t>(0, exchange->resume_at - now));
    return wait;
}

namespace {

void* begin(void*, const char* uri, MHD_Connection* connection) {
    auto* exchange = new Exchange;
    exchange->connection = connection;
    exchange->request.path = uri;
    return exchange;
}

} // namespace

Server::Server(World& world, int port) : state_(std::make_unique<State>(world)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const auto handle = [](void* context, MHD_Connection*, const char*, const char* method,
                           const char*, const char* upload, size_t* upload_size,
                           void** memory) -> MHD_Result {
        auto& exchange = *static_cast<Exchange*>(*memory);
        if (exchange.request.method.empty()) {
            const std::string uri = std::move(exchange.request.path);
            read_head(exchange, uri.c_str(), method);
            return MHD_YES;
        }
        if (*upload_size > 0) {
            if (exchange.request.body.size() + *upload_size > largest_upload)
                return MHD_NO;
            exchange.request.body.append(upload, *upload_size);
            *upload_size = 0;
            return MHD_YES;
        }
        return static_cast<State*>(context)->complete(exchange);
    };
    const auto finish = [](void* context, MHD_Connection*, void** memory,
                           MHD_RequestTerminationCode) {
        auto* exchange = static_cast<Exchange*>(*memory);
        static_cast<State*>(context)->held.remove(exchange);
        delete exchange;
        *memory = nullptr;
    };
    using Handle = MHD_Result (*)(void*, MHD_Connection*, const char*, const char*, const char*,
                                  const char*, size_t*, void**);
    using Finish = void (*)(void*, MHD_Connection*, void**, MHD_RequestTerminationCode);
    using Unescape = size_t (*)(void*, MHD_Connection*, char*);
    const auto keep = [](void*, MHD_Connection*, char* text) {
        return std::string_view(text).size();
    };
    state_->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, static_cast<uint16_t>(port), nullptr, nullptr,
        static_cast<Handle>(handle), state_.get(), MHD_OPTION_SOCK_ADDR, &address,
        MHD_OPTION_URI_LOG_CALLBACK, begin, nullptr, MHD_OPTION_NOTIFY_COMPLETED,
        static_cast<Finish>(finish), state_.get(), MHD_OPTION_UNESCAPE_CALLBACK,
        static_cast<Unescape>(keep), nullptr, MHD_OPTION_CONNECTION_LIMIT, 4096u,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, size_t{128 * 1024}, MHD_OPTION_END);
    if (!state_->daemon)
        throw std::runtime_error("cannot listen on port " + std::to_string(port));
    state_->epoll_fd = MHD_get_daemon_info(state_->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    state_->stop_fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

Server::~Server() {
    for (auto* exchange : state_->held) {
        exchange->dropping = true;
        state_->let_go(*exchange);
    }
    state_->held.clear();
    MHD_run(state_->daemon);
    MHD_stop_daemon(state_->daemon);
    ::close(state_->stop_fd);
}

int Server::port() const {
    return MHD_get_daemon_info(state_->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
}

void Server::run() {
    while (!state_->stopping) {
        state_->courier.wait(state_->epoll_fd, state_->stop_fd, state_->wait_ms());
        MHD_run(state_->daemon);
        state_->courier.step();
        // A resumed connection does not wake epoll: without this its answer waits for other news.
        if (state_->release_held())
            MHD_run(state_->daemon);
    }
}

void Server::stop() {
    state_->stopping = true;
    const uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(state_->stop_fd, &one, sizeof one);
}

} // namespace emulator
