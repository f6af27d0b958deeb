// A write goes out at most once (protocol.md 1.7): the server commits and drops a connection that
// it had answered on before, which is where libcurl sends again by itself.
// Each test first shows that the trap is armed: the same server sees a GET twice. scope: test.
#include "net/drive.hpp"
#include "net/http2.hpp"
#include "net/server.hpp"

#include <gtest/gtest.h>

namespace notion::net::test {

namespace {

// Answers the first request of each connection and drops it after reading any later one.
class Dropping {
  public:
    explicit Dropping(bool with_reset = false)
        : server([this, with_reset](Peer& peer) {
              while (auto request = peer.read_request()) {
                  requests++;
                  if (peer.count > 1) {
                      if (with_reset)
                          peer.reset();
                      return;
                  }
                  peer.reply("{}");
              }
          }) {}

    std::atomic<int> requests = 0;
    Server server;
};

Request write(Method method, std::string url, std::string body) {
    Request request = post(std::move(url), std::move(body));
    request.method = method;
    return request;
}

} // namespace

TEST(Resend, LibcurlWouldOnAReusedConnection) {
    Dropping dropping;
    Mux mux;
    EXPECT_EQ(run(mux, get(dropping.server.url())).status, 200);
    Reply second = run(mux, get(dropping.server.url()));
    EXPECT_EQ(second.outcome, Outcome::ok);
    EXPECT_EQ(dropping.requests, 3)
        << "this libcurl does not re-send: the other tests show nothing";
}

TEST(Resend, NeverHappensToAWriteThatWasCommittedAndDropped) {
    const std::string small = "{\"create\":\"row 42\"}";
    const std::string large(3 << 20, 'x');
    for (bool with_reset : {false, true})
        for (const std::string& body : {small, large})
            for (Method method : {Method::post, Method::patch, Method::del}) {
                Dropping dropping(with_reset);
                Mux mux;
                EXPECT_EQ(run(mux, get(dropping.server.url())).status, 200);
                Reply reply = run(mux, write(method, dropping.server.url(), body));
                EXPECT_EQ(reply.outcome, Outcome::unknown);
                EXPECT_EQ(reply.failure, Failure::broken) << reply.error;
                EXPECT_TRUE(reply.reused_connection);
                EXPECT_EQ(reply.status, 0);
                EXPECT_EQ(dropping.requests, 2);
                // and the Mux goes on
                EXPECT_EQ(run(mux, get(dropping.server.url())).status, 200);
            }
}

TEST(Resend, NeverHappensToAWriteWithoutBody) {
    for (Method method : {Method::post, Method::patch, Method::del}) {
        std::atomic<int> writes = 0;
        Server server([&](Peer& peer) {
            while (auto request = peer.read_request()) {
                if (!request->head.starts_with("GET")) {
                    writes++;
                    return;
                }
                peer.reply("{}");
            }
        });
        Mux mux;
        EXPECT_EQ(run(mux, get(server.url())).status, 200);
        Reply reply = run(mux, write(method, server.url(), ""));
        EXPECT_EQ(reply.outcome, Outcome::unknown);
        EXPECT_EQ(reply.failure, Failure::broken);
        EXPECT_TRUE(reply.reused_connection);
        EXPECT_EQ(writes, 1);
    }
}

TEST(Resend, MayHappenToARequestThatOnlyReads) {
    const std::string query(100'000, 'q');
    std::atomic<int> whole = 0;
    Server server([&](Peer& peer) {
        while (auto request = peer.read_request()) {
            whole += request->body == query;
            if (peer.count > 1)
                return;
            peer.reply("{}");
        }
    });
    Mux mux;
    EXPECT_EQ(run(mux, get(server.url())).status, 200);
    Request request = post(server.url(), query);
    request.repeatable = true;
    EXPECT_EQ(run(mux, request).outcome, Outcome::ok);
    EXPECT_EQ(whole, 2);
}

TEST(Resend, AConnectionThatEndedWhileIdleCostsNoWrite) {
    Server server([](Peer& peer) {
        peer.read_request();
        peer.reply("{}"); // and closes, without having said so
    });
    Mux mux;
    for (int i = 0; i < 5; i++) {
        Reply reply = run(mux, post(server.url(), "{}"));
        EXPECT_EQ(reply.outcome, Outcome::ok);
        EXPECT_FALSE(reply.reused_connection);
        ASSERT_TRUE(drive(mux, [&] { return server.open_connections() == 0; }));
    }
}

TEST(Resend, NeverHappensOnHttp2) {
    enum class End { drop, refuse, go_away, reset };
    for (End end : {End::drop, End::refuse, End::go_away, End::reset})
        for (const std::string& body : {std::string("{\"create\":1}"), std::string(30'000, 'x')}) {
            Certificate certificate("h2");
            std::atomic<int> commits = 0;
            Server server(
                [&](Peer& peer) {
                    Http2Peer http2(peer);
                    while (auto request = http2.read_request()) {
                        commits += !request->body.empty();
                        if (request->body.empty() || commits > 1)
                            http2.reply(request->stream, "{}");
                        else if (end == End::refuse)
                            http2.refuse(request->stream);
                        else if (end == End::go_away)
                            http2.go_away(request->stream - 2);
                        else if (end == End::reset)
                            peer.reset();
                        if (!request->body.empty() && end != End::refuse)
                            return;
                    }
                },
                &certificate);
            Mux mux;
            Request read = get(server.url());
            read.ca_file = certificate.file();
            Reply first = run(mux, read);
            EXPECT_EQ(first.status, 200) << first.error;
            EXPECT_TRUE(first.http2);
            Request create = post(server.url(), body);
            create.ca_file = certificate.file();
            Reply reply = run(mux, create);
            EXPECT_EQ(reply.outcome, Outcome::unknown) << static_cast<int>(end);
            EXPECT_TRUE(reply.reused_connection);
            EXPECT_EQ(commits, 1) << static_cast<int>(end);
        }
}

// On HTTP/2 libcurl 7.88 sends again what the server refused, not what it dropped.
TEST(Resend, LibcurlWouldOnHttp2) {
    Certificate certificate("h2");
    std::atomic<int> requests = 0;
    Server server(
        [&](Peer& peer) {
            Http2Peer http2(peer);
            while (auto request = http2.read_request())
                if (++requests == 2)
                    http2.refuse(request->stream);
                else
                    http2.reply(request->stream, "{}");
        },
        &certificate);
    Mux mux;
    Request read = get(server.url());
    read.ca_file = certificate.file();
    EXPECT_EQ(run(mux, read).outcome, Outcome::ok);
    EXPECT_EQ(run(mux, read).outcome, Outcome::ok);
    EXPECT_EQ(requests, 3) << "this libcurl does not re-send: the other test shows nothing";
}

} // namespace notion::net::test
