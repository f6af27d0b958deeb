// The listener beside exchanges in one wait: whole requests, late answers, and clients that
// trickle, flood, lie or leave. scope: test.
#include "net/listener.hpp"

#include "net/drive.hpp"
#include "net/server.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace notion::net::test {

namespace {

// A worker's wait: an epoll set of its own (Postgres's), in it a Mux, in it a listener.
struct World {
    explicit World(const ListenLimits& limits = {}) {
        listener = Listener::open("0", limits, error);
        if (!listener)
            throw std::runtime_error(error);
        mux.watch(listener->fd());
        outer = epoll_create1(EPOLL_CLOEXEC);
        epoll_event event{};
        event.events = EPOLLIN;
        if (epoll_ctl(outer, EPOLL_CTL_ADD, mux.fd(), &event) != 0)
            throw std::runtime_error("nested too deeply");
    }
    ~World() {
        close(outer);
        mux.unwatch(listener->fd());
    }

    bool drive(const std::function<bool()>& done) {
        auto start = std::chrono::steady_clock::now();
        while (!done()) {
            if (since_ms(start) > 10'000)
                return false;
            epoll_event event;
            if (epoll_wait(outer, &event, 1, 5) > 0) {
                mux.step();
                listener->step();
            }
        }
        return true;
    }
    std::optional<Delivery> next() {
        std::optional<Delivery> delivery;
        drive([&] { return (delivery = listener->take()).has_value(); });
        return delivery;
    }
    std::string url(const std::string& path = "/") const {
        return "http://127.0.0.1:" + std::to_string(listener->port()) + path;
    }
    bool done(const Exchange& exchange) {
        return drive([&] { return exchange.state() == State::done; });
    }

    std::string error;
    Mux mux;
    std::unique_ptr<Listener> listener;
    int outer = -1;
};

// A client that sends what it likes.
class Raw {
  public:
    explicit Raw(const World& world) : fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(world.listener->port());
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
            throw std::runtime_error("connect");
    }
    ~Raw() { shut(); }
    Raw(const Raw&) = delete;

    void send(std::string_view bytes) { ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL); }
    // Everything until the listener closes; false while it does not.
    bool ended() {
        char bytes[4096];
        ssize_t count;
        while ((count = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
            received.append(bytes, static_cast<std::size_t>(count));
        return count == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
    }
    void shut() {
        if (fd >= 0)
            close(fd);
        fd = -1;
    }

    std::string received;

  private:
    int fd;
};

} // namespace

TEST(Listener, HandsOutAWholeRequestAndAnswersLater) {
    World world;
    Request request = post(world.url("/webhook/db/acme?x=1"), "{\"id\":\"1\"}");
    request.headers.push_back("X-Notion-Signature: sha256=abc");
    Exchange exchange = Exchange::open(world.mux, request);
    std::optional<Delivery> delivery = world.next();
    ASSERT_TRUE(delivery);
    EXPECT_EQ(delivery->method, "POST");
    EXPECT_EQ(delivery->path, "/webhook/db/acme");
    EXPECT_EQ(delivery->headers.find("x-notion-signature"), "sha256=abc");
    EXPECT_EQ(delivery->headers.find("content-type"), "application/json");
    EXPECT_EQ(delivery->body, "{\"id\":\"1\"}");
    EXPECT_FALSE(world.listener->take());

    // The client waits while other clients are served.
    Exchange other = Exchange::open(world.mux, post(world.url("/other"), "{}"));
    std::optional<Delivery> second = world.next();
    ASSERT_TRUE(second);
    EXPECT_TRUE(world.listener->answer(second->id, 401, "no"));
    ASSERT_TRUE(world.done(other));
    EXPECT_EQ(other.reply().status, 401);
    EXPECT_EQ(other.reply().body, "no");
    EXPECT_EQ(exchange.state(), State::waiting);

    EXPECT_TRUE(world.listener->answer(delivery->id, 200, ""));
    ASSERT_TRUE(world.done(exchange));
    EXPECT_EQ(exchange.reply().status, 200);
    EXPECT_EQ(exchange.reply().body, "");
    EXPECT_TRUE(world.drive([&] { return world.listener->connections() == 0; }));
}

TEST(Listener, TakesOneAnswerForARequest) {
    World world;
    Exchange exchange = Exchange::open(world.mux, post(world.url(), "{}"));
    std::optional<Delivery> delivery = world.next();
    ASSERT_TRUE(delivery);
    EXPECT_FALSE(world.listener->answer(delivery->id + 1, 200, ""));
    EXPECT_TRUE(world.listener->answer(delivery->id, 202, ""));
    EXPECT_FALSE(world.listener->answer(delivery->id, 500, ""));
    ASSERT_TRUE(world.done(exchange));
    EXPECT_EQ(exchange.reply().status, 202);
    EXPECT_FALSE(world.listener->answer(delivery->id, 500, ""));
}

TEST(Listener, ServesManyClientsAtOnce) {
    ListenLimits limits;
    limits.connections_max = 8; // the others wait in the backlog
    limits.connections_per_ip_max = 8;
    World world(limits);
    std::vector<Exchange> exchanges;
    for (int i = 0; i < 60; i++)
        exchanges.push_back(Exchange::open(world.mux, post(world.url(), std::to_string(i))));
    std::size_t most = 0;
    ASSERT_TRUE(world.drive([&] {
        most = std::max(most, world.listener->connections());
        while (auto delivery = world.listener->take())
            world.listener->answer(delivery->id, 200, "to " + delivery->body);
        return world.mux.in_flight() == 0;
    }));
    for (std::size_t i = 0; i < exchanges.size(); i++)
        EXPECT_EQ(exchanges[i].reply().body, "to " + std::to_string(i))
            << exchanges[i].reply().error;
    EXPECT_LE(most, 8u);
}

TEST(Listener, LimitsTheConnectionsOfOneAddress) {
    ListenLimits limits;
    limits.connections_per_ip_max = 2;
    World world(limits);
    Raw first(world), second(world), third(world);
    ASSERT_TRUE(world.drive([&] { return third.ended(); }));
    EXPECT_EQ(third.received, "");
    EXPECT_FALSE(first.ended());
    EXPECT_FALSE(second.ended());
    first.shut();
    ASSERT_TRUE(world.drive([&] { return world.listener->connections() == 1; }));
    Exchange exchange = Exchange::open(world.mux, post(world.url(), "{}"));
    EXPECT_TRUE(world.next());
}

TEST(Listener, RefusesADeclaredBodyOverTheLimitWithoutReadingIt) {
    ListenLimits limits;
    limits.body_bytes_max = 1000;
    World world(limits);
    Raw raw(world);
    raw.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n"); // and no byte of it
    ASSERT_TRUE(world.drive([&] { return raw.ended(); }));
    EXPECT_TRUE(raw.received.starts_with("HTTP/1.1 413 ")) << raw.received;
    EXPECT_FALSE(world.listener->take());
    Raw huge(world);
    huge.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n");
    ASSERT_TRUE(world.drive([&] { return huge.ended(); }));
    EXPECT_TRUE(huge.received.starts_with("HTTP/1.1 4")) << huge.received;
    EXPECT_FALSE(world.listener->take());

    Exchange fits = Exchange::open(world.mux, post(world.url(), std::string(1000, 'x')));
    std::optional<Delivery> delivery = world.next();
    ASSERT_TRUE(delivery);
    EXPECT_EQ(delivery->body.size(), 1000u);
}

TEST(Listener, CutsAnUndeclaredBodyOverTheLimit) {
    ListenLimits limits;
    limits.body_bytes_max = 1000;
    World world(limits);
    Raw raw(world);
    raw.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    raw.send("400\r\n" + std::string(1024, 'x') + "\r\n");
    ASSERT_TRUE(world.drive([&] { return raw.ended(); }));
    EXPECT_FALSE(world.listener->take());

    Raw chunks(world);
    chunks.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    std::optional<Delivery> delivery = world.next();
    ASSERT_TRUE(delivery);
    EXPECT_EQ(delivery->body, "abcde");
}

TEST(Listener, RefusesHeadersOverTheLimit) {
    ListenLimits limits;
    limits.header_bytes_max = 4096;
    World world(limits);
    Raw raw(world);
    raw.send("POST / HTTP/1.1\r\nHost: x\r\nX-Long: " + std::string(5000, 'x'));
    ASSERT_TRUE(world.drive([&] { return raw.ended(); }));
    EXPECT_TRUE(raw.received.starts_with("HTTP/1.1 431 ")) << raw.received;
    Raw path(world);
    path.send("POST /" + std::string(5000, 'x'));
    ASSERT_TRUE(world.drive([&] { return path.ended(); }));
    EXPECT_TRUE(path.received.starts_with("HTTP/1.1 414 ")) << path.received;
    EXPECT_FALSE(world.listener->take());
}

TEST(Listener, CutsOffWhoeverTricklesOrIsSilent) {
    ListenLimits limits;
    limits.request_timeout_ms = 150;
    World world(limits);
    Raw silent(world), head(world), body(world);
    head.send("POST / HTTP/1.1\r\n");
    body.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n");
    auto start = std::chrono::steady_clock::now();
    auto ended = [&](Raw& raw) {
        head.send("X"); // busy, and never done
        body.send("x");
        return raw.ended();
    };
    ASSERT_TRUE(world.drive([&] { return ended(silent) && ended(head) && ended(body); }));
    EXPECT_GE(since_ms(start), 100);
    EXPECT_LT(since_ms(start), 2000);
    EXPECT_TRUE(world.drive([&] { return world.listener->connections() == 0; }));
    EXPECT_FALSE(world.listener->take());
}

TEST(Listener, CutsOffWhoeverDoesNotReadItsAnswer) {
    ListenLimits limits;
    limits.request_timeout_ms = 150;
    World world(limits);
    Raw raw(world);
    raw.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
    std::optional<Delivery> delivery = world.next();
    ASSERT_TRUE(delivery);
    ASSERT_TRUE(world.listener->answer(delivery->id, 200, std::string(32 << 20, 'x')));
    EXPECT_TRUE(world.drive([&] { return world.listener->connections() == 0; }));
}

TEST(Listener, AWaitingClientHasNoDeadline) {
    ListenLimits limits;
    limits.request_timeout_ms = 50;
    World world(limits);
    Exchange exchange = Exchange::open(world.mux, post(world.url(), "{}"));
    std::optional<Delivery> delivery = world.next();
    ASSERT_TRUE(delivery);
    auto start = std::chrono::steady_clock::now();
    world.drive([&] { return since_ms(start) > 200; });
    ASSERT_TRUE(world.listener->answer(delivery->id, 200, "late"));
    ASSERT_TRUE(world.done(exchange));
    EXPECT_EQ(exchange.reply().body, "late");
}

TEST(Listener, SurvivesClientsThatLeave) {
    World world;
    for (int i = 0; i < 20; i++) {
        Raw early(world), later(world);
        early.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
        later.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
        std::optional<Delivery> delivery = world.next();
        ASSERT_TRUE(delivery);
        early.shut();
        later.shut();
        EXPECT_TRUE(world.listener->answer(delivery->id, 200, std::string(100'000, 'x')));
        EXPECT_TRUE(world.drive([&] { return world.listener->connections() == 0; }));
    }
}

TEST(Listener, RefusesASecondRequestOnAConnection) {
    World world;
    Raw raw(world);
    const std::string request = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
    raw.send(request + request);
    std::optional<Delivery> delivery = world.next();
    ASSERT_TRUE(delivery);
    world.listener->answer(delivery->id, 200, "");
    ASSERT_TRUE(world.drive([&] { return raw.ended(); }));
    EXPECT_FALSE(world.listener->take());
    EXPECT_EQ(raw.received.find("HTTP/1.1", 1), raw.received.npos);
    EXPECT_NE(raw.received.find("Connection: close"), raw.received.npos);
}

TEST(Listener, AnswersWhoWaitsWhenItEnds) {
    Mux mux;
    std::string error;
    std::unique_ptr<Listener> listener = Listener::open("127.0.0.1:0", {}, error);
    ASSERT_TRUE(listener) << error;
    std::string url = "http://127.0.0.1:" + std::to_string(listener->port());
    Exchange taken = Exchange::open(mux, post(url, "1"));
    std::optional<Delivery> delivery;
    ASSERT_TRUE(drive(mux, [&] {
        listener->step();
        return (delivery = listener->take()).has_value();
    }));
    listener.reset();
    ASSERT_TRUE(drive(mux, [&] { return taken.state() == State::done; }));
    EXPECT_EQ(taken.reply().status, 503);
}

// A step may complete a request after its caller has taken what was there: nothing else happens
// then that would bring the caller back.
TEST(Listener, AsksToBeTakenFromWhileARequestIsComplete) {
    World world;
    Raw client(world);
    client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi");
    for (int step = 0; step < 5; step++) // accepted, read, complete, and not taken
        world.listener->step();
    epoll_event event;
    EXPECT_EQ(epoll_wait(world.outer, &event, 1, 1'000), 1);
    EXPECT_TRUE(world.listener->take());
    world.listener->step();
    world.mux.step();
    EXPECT_EQ(epoll_wait(world.outer, &event, 1, 0), 0);
}

TEST(Listener, NeedsNoStepWhileNothingHappens) {
    World world;
    Raw raw(world);
    raw.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
    ASSERT_TRUE(world.next());
    Raw idle(world);
    ASSERT_TRUE(world.drive([&] { return world.listener->connections() == 2; }));
    epoll_event event;
    EXPECT_TRUE(world.drive([&] { return epoll_wait(world.outer, &event, 1, 0) == 0; }));
    EXPECT_EQ(epoll_wait(world.outer, &event, 1, 100), 0); // nothing spins
}

TEST(Listener, SaysWhyItCannotListen) {
    std::string error;
    for (const char* where : {"", "host:80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:99999",
                              "127.0.0.1:8x", "[::1]", "[::1:80", "1.2.3:80", ":80", "80 "}) {
        error.clear();
        EXPECT_FALSE(Listener::open(where, {}, error)) << where;
        EXPECT_NE(error.find("is not of the form \"address:port\""), error.npos) << error;
    }
    World world;
    std::string taken = "127.0.0.1:" + std::to_string(world.listener->port());
    EXPECT_FALSE(Listener::open(taken, {}, error));
    EXPECT_EQ(error, "could not listen on \"" + taken + "\": Address already in use");
}

TEST(Listener, LeavesNoDescriptorBehind) {
    int before = open_descriptors();
    for (int i = 0; i < 10; i++) {
        World world;
        Raw raw(world);
        raw.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
        EXPECT_TRUE(world.next());
    }
    EXPECT_EQ(open_descriptors(), before);
}

TEST(Listener, ListensOnIpv6WhereThereIsOne) {
    std::string error;
    std::unique_ptr<Listener> listener = Listener::open("[::1]:0", {}, error);
    if (!listener)
        GTEST_SKIP() << error;
    Mux mux;
    mux.watch(listener->fd());
    Exchange exchange =
        Exchange::open(mux, post("http://[::1]:" + std::to_string(listener->port()), "{}"));
    ASSERT_TRUE(drive(mux, [&] {
        listener->step();
        if (auto delivery = listener->take())
            listener->answer(delivery->id, 200, "six");
        return exchange.state() == State::done;
    }));
    EXPECT_EQ(exchange.reply().body, "six") << exchange.reply().error;
}

} // namespace notion::net::test
