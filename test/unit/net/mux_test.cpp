// The wait: one descriptor, cancels that are immediate, signals, forks. scope: test.
#include "net/drive.hpp"
#include "net/resolver.hpp"
#include "net/server.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <optional>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

namespace notion::net::test {

namespace {

// A cancel that waited for its peer or for the resolver would take for ever here; idle machines
// need under one millisecond, loaded ones get room.
constexpr int cancel_ms_max = 250;

void answer_all_but_hang(Peer& peer) {
    while (auto seen = peer.read_request()) {
        if (seen->line().find("/hang") != std::string::npos) {
            peer.wait_for_end();
            return;
        }
        peer.reply("{}");
    }
}

bool readable(int fd) {
    pollfd ready{fd, POLLIN, 0};
    return poll(&ready, 1, 0) == 1;
}

} // namespace

TEST(Mux, CancelsAHangingExchangeAtOnceAndKeepsTheOtherConnections) {
    Server server(answer_all_but_hang);
    Mux mux;
    run(mux, get(server.url("/")));
    std::optional<Exchange> hanging;
    hanging.emplace(Exchange::open(mux, post(server.url("/hang"), "{}")));
    ASSERT_TRUE(drive(mux, [&] { return hanging->handed_over(); }));
    run(mux, get(server.url("/"))); // needs a second connection
    ASSERT_EQ(server.connections(), 2);

    auto start = std::chrono::steady_clock::now();
    hanging.reset();
    EXPECT_LT(since_ms(start), cancel_ms_max);
    EXPECT_EQ(mux.in_flight(), 0u);
    // The cancelled connection is closed, the other one still serves.
    EXPECT_TRUE(drive(mux, [&] { return server.open_connections() == 1; }));
    EXPECT_TRUE(run(mux, get(server.url("/"))).reused_connection);
    EXPECT_EQ(server.connections(), 2);
}

TEST(Mux, CancelsWhileTheResolverHangs) {
    Server server(answer_all_but_hang);
    HangingResolver resolver;
    Mux mux;
    std::optional<Exchange> hanging;
    hanging.emplace(Exchange::open(mux, post("https://api.hang.test/", "{}")));
    ASSERT_TRUE(drive(mux, [&] { return resolver.entered(); }));
    EXPECT_EQ(run(mux, get(server.url("/"))).status, 200); // others are not held up

    auto start = std::chrono::steady_clock::now();
    EXPECT_FALSE(hanging->handed_over());
    hanging.reset();
    EXPECT_LT(since_ms(start), cancel_ms_max);
    EXPECT_EQ(run(mux, get(server.url("/"))).status, 200);
}

TEST(Mux, EndsAHangingLookUpAtItsDeadline) {
    HangingResolver resolver;
    Mux mux;
    Request request = post("https://api.hang.test/", "{}");
    request.connect_timeout_ms = 50;
    auto start = std::chrono::steady_clock::now();
    Reply reply = run(mux, request);
    EXPECT_LT(since_ms(start), 2000);
    EXPECT_EQ(reply.outcome, Outcome::certain_no);
    EXPECT_EQ(reply.failure, Failure::connect) << reply.error;
}

TEST(Mux, RunsTheResolverWithEverySignalBlocked) {
    sigset_t before, after;
    pthread_sigmask(SIG_SETMASK, nullptr, &before);
    HangingResolver resolver;
    Mux mux;
    Exchange exchange = Exchange::open(mux, get("https://api.hang.test/"));
    ASSERT_TRUE(drive(mux, [&] { return resolver.entered(); }));
    sigset_t inside = resolver.mask_inside();
    pthread_sigmask(SIG_SETMASK, nullptr, &after);
    for (int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGALRM, SIGURG, SIGCHLD}) {
        EXPECT_TRUE(sigismember(&inside, signal)) << signal;
        EXPECT_EQ(sigismember(&after, signal), sigismember(&before, signal)) << signal;
    }
}

TEST(Mux, SaysWhenAWatchedDescriptorIsReady) {
    Mux mux;
    int other = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    mux.watch(other);
    EXPECT_FALSE(readable(mux.fd()));
    eventfd_write(other, 1);
    EXPECT_TRUE(readable(mux.fd()));
    mux.step();
    EXPECT_TRUE(readable(mux.fd())); // until its owner has read it
    eventfd_t value;
    eventfd_read(other, &value);
    EXPECT_FALSE(readable(mux.fd()));
    mux.unwatch(other);
    eventfd_write(other, 1);
    EXPECT_FALSE(readable(mux.fd()));
    EXPECT_THROW(mux.watch(-1), std::exception);
    close(other);
}

TEST(Mux, SocketsEndWithTheProcessImageAndGiveUpOnSilentPeers) {
    Server server(answer_all_but_hang);
    Mux mux;
    Exchange exchange = Exchange::open(mux, get(server.url("/hang")));
    ASSERT_TRUE(drive(mux, [&] { return exchange.handed_over(); }));
    int found = 0;
    for (int fd = 0; fd < 1024; fd++) {
        unsigned wait_ms = 0;
        socklen_t bytes = sizeof wait_ms;
        if (getsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &wait_ms, &bytes) == 0 && wait_ms > 0) {
            found++;
            EXPECT_EQ(wait_ms, 30'000u);
            EXPECT_TRUE(fcntl(fd, F_GETFD) & FD_CLOEXEC);
        }
    }
    EXPECT_EQ(found, 1);
}

TEST(Mux, StepWithoutAnythingReadyIsHarmless) {
    Server server(answer_all_but_hang);
    Mux mux;
    mux.step();
    Exchange exchange = Exchange::open(mux, get(server.url("/hang")));
    for (int i = 0; i < 1000; i++)
        mux.step();
    EXPECT_EQ(exchange.state(), State::waiting);
}

TEST(Mux, LeavesNothingBehind) {
    Server server(answer_all_but_hang);
    auto once = [&] {
        {
            Mux mux;
            run(mux, get(server.url("/")));
            Exchange hanging = Exchange::open(mux, get(server.url("/hang")));
            drive(mux, [&] { return hanging.handed_over(); });
        }
        Mux other;
        drive(other, [&] { return server.open_connections() == 0; });
        return open_descriptors();
    };
    int before = once();
    for (int i = 0; i < 10; i++)
        EXPECT_EQ(once(), before);
}

TEST(Mux, OfAChildProcessIsItsOwn) {
    Server server(answer_all_but_hang);
    Mux& mine = Mux::of_process();
    EXPECT_EQ(&mine, &Mux::of_process());
    auto waiting = std::make_unique<Exchange>(Exchange::open(mine, get(server.url("/hang"))));
    ASSERT_TRUE(drive(mine, [&] { return waiting->handed_over(); }));
    run(mine, get(server.url("/"))); // leaves a second connection idle

    pid_t child = fork();
    if (child == 0) {
        waiting.reset(); // must not disturb the parent's connection
        Mux& own = Mux::of_process();
        Reply reply = run(own, get(server.url("/")));
        _exit(&own != &mine && reply.status == 200 && !reply.reused_connection ? 0 : 1);
    }
    int status = -1;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
    EXPECT_EQ(waiting->state(), State::waiting);
    EXPECT_EQ(mine.in_flight(), 1u);
    waiting.reset();
    EXPECT_TRUE(run(mine, get(server.url("/"))).reused_connection);
}

} // namespace notion::net::test
