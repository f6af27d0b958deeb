// Exchanges against a server that does as the test says: what arrives, what comes back, and what
// is known when nothing does. scope: test.
#include "net/drive.hpp"
#include "net/server.hpp"

#include <gtest/gtest.h>
#include <latch>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

namespace notion::net::test {

namespace {

void answer_all(Peer& peer) {
    while (peer.read_request())
        peer.reply("{}");
}

std::string gzip(const std::string& text) {
    z_stream stream{};
    deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
    std::string packed(compressBound(text.size()) + 64, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    deflate(&stream, Z_FINISH);
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    return packed;
}

} // namespace

TEST(Exchange, SendsWhatWasAskedAndNothingElse) {
    Seen seen;
    Server server([&](Peer& peer) {
        if (auto request = peer.read_request())
            seen = *request;
        peer.reply("{\"ok\":true}");
        peer.wait_for_end();
    });
    Mux mux;
    Request request = post(server.url("/v1/pages?x=1"), "{\"a\":\"b\"}");
    request.headers.push_back("Authorization: Bearer secret");
    Reply reply = run(mux, request);
    EXPECT_EQ(reply.outcome, Outcome::ok);
    EXPECT_EQ(reply.failure, Failure::none);
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, "{\"ok\":true}");
    EXPECT_EQ(reply.error, "");
    EXPECT_EQ(reply.headers.find("CONTENT-length"), "11");
    EXPECT_EQ(seen.line(), "POST /v1/pages?x=1 HTTP/1.1");
    EXPECT_EQ(seen.body, "{\"a\":\"b\"}");
    EXPECT_NE(seen.head.find("\r\nAuthorization: Bearer secret\r\n"), seen.head.npos);
    EXPECT_NE(seen.head.find("\r\nContent-Type: application/json\r\n"), seen.head.npos);
    EXPECT_NE(seen.head.find("\r\nAccept-Encoding: "), seen.head.npos);
    EXPECT_EQ(seen.head.find("Expect:"), seen.head.npos);
    EXPECT_EQ(seen.head.find("Transfer-Encoding:"), seen.head.npos);
}

TEST(Exchange, SendsEachMethodWithAndWithoutBody) {
    Server server([&](Peer& peer) {
        while (auto seen = peer.read_request()) {
            bool typed = seen->head.find("Content-Type") != seen->head.npos;
            peer.reply(seen->line() + "|" + seen->body + (typed ? "|typed" : ""));
        }
    });
    Mux mux;
    auto send = [&](Method method, const char* body) {
        Request request = get(server.url());
        request.method = method;
        request.body = body;
        return run(mux, request).body;
    };
    EXPECT_EQ(send(Method::get, ""), "GET / HTTP/1.1|");
    EXPECT_EQ(send(Method::post, ""), "POST / HTTP/1.1|");
    EXPECT_EQ(send(Method::post, "x"), "POST / HTTP/1.1|x");
    EXPECT_EQ(send(Method::patch, ""), "PATCH / HTTP/1.1|");
    EXPECT_EQ(send(Method::patch, "x"), "PATCH / HTTP/1.1|x");
    EXPECT_EQ(send(Method::del, ""), "DELETE / HTTP/1.1|");
    EXPECT_EQ(send(Method::del, "x"), "DELETE / HTTP/1.1|x");
}

TEST(Exchange, SendsALargeBodyWholeWithoutWaitingForContinue) {
    std::string body(3 << 20, 'x');
    Server server([&](Peer& peer) {
        while (auto seen = peer.read_request())
            peer.reply(seen->body == body && seen->head.find("Expect") == seen->head.npos
                           ? "same"
                           : "other");
    });
    Mux mux;
    EXPECT_EQ(run(mux, post(server.url(), body)).body, "same");
}

TEST(Exchange, ReadsTheHeadersThatMatter) {
    Server server([&](Peer& peer) {
        peer.read_request();
        peer.reply("{}",
                   "Retry-After: 7\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                   "X-Notion-Request-Id:  abc-1 \r\n",
                   429);
        peer.read_request();
        peer.reply("{}");
        peer.read_request();
        peer.reply("{}", "Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n", 503);
        peer.wait_for_end();
    });
    Mux mux;
    Reply limited = run(mux, get(server.url()));
    EXPECT_EQ(limited.outcome, Outcome::ok);
    EXPECT_EQ(limited.status, 429);
    EXPECT_EQ(limited.retry_after_ms, 7000);
    EXPECT_EQ(limited.date_s, 784111777);
    EXPECT_EQ(limited.request_id, "abc-1");
    EXPECT_FALSE(limited.reused_connection);
    Reply plain = run(mux, get(server.url()));
    EXPECT_EQ(plain.retry_after_ms, -1);
    EXPECT_EQ(plain.date_s, -1);
    EXPECT_EQ(plain.request_id, "");
    EXPECT_TRUE(plain.reused_connection);
    EXPECT_GT(plain.total_us, 0);
    EXPECT_GT(plain.bytes_sent, 40);
    EXPECT_GT(plain.bytes_received, 30);
    EXPECT_EQ(run(mux, get(server.url())).retry_after_ms, 0); // a date that has passed
}

TEST(Exchange, TakesTheFinalResponseAfterAnInterimOne) {
    Server server([](Peer& peer) {
        peer.read_request();
        peer.send("HTTP/1.1 103 Early Hints\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n");
        peer.reply("final");
        peer.wait_for_end();
    });
    Mux mux;
    Reply reply = run(mux, get(server.url()));
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, "final");
    EXPECT_EQ(reply.date_s, -1);
}

TEST(Exchange, UnpacksGzip) {
    std::string text = "{\"value\":\"" + std::string(100'000, 'v') + "\"}";
    Server server([&](Peer& peer) {
        peer.read_request();
        peer.reply(gzip(text), "Content-Encoding: gzip\r\n");
        peer.wait_for_end();
    });
    Mux mux;
    Reply reply = run(mux, get(server.url()));
    EXPECT_EQ(reply.outcome, Outcome::ok);
    EXPECT_EQ(reply.body, text);
    EXPECT_LT(reply.bytes_received, 10'000);
}

TEST(Exchange, RefusesABodyOverTheLimitHoweverItComes) {
    std::string large(2000, 'x');
    const std::vector<std::string> answers = {
        "HTTP/1.1 200 Fine\r\nContent-Length: 2000\r\n\r\n" + large,
        "HTTP/1.1 200 Fine\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n" + large + "\r\n0\r\n\r\n",
        "HTTP/1.1 200 Fine\r\nConnection: close\r\n\r\n" + large,
        "HTTP/1.1 200 Fine\r\nContent-Encoding: gzip\r\nContent-Length: " +
            std::to_string(gzip(large).size()) + "\r\n\r\n" + gzip(large),
    };
    for (const std::string& answer : answers) {
        Server server([&](Peer& peer) {
            peer.read_request();
            peer.send(answer);
        });
        Mux mux;
        Request request = post(server.url(), "{}");
        request.body_bytes_max = 1999;
        Reply reply = run(mux, request);
        EXPECT_EQ(reply.failure, Failure::body_too_large) << answer.substr(0, 60);
        EXPECT_EQ(reply.outcome, Outcome::unknown);
        EXPECT_EQ(reply.status, 200);
        EXPECT_EQ(reply.body, "");
        request.body_bytes_max = 2000;
        EXPECT_EQ(run(mux, request).body, large);
    }
}

TEST(Exchange, KnowsNothingOfARequestWhoseAnswerIsCut) {
    const std::vector<std::string> answers = {
        "",
        "HTTP/1.1 200 Fi",
        "HTTP/1.1 200 Fine\r\nContent-Length: 100\r\n\r\n{\"half\":",
        "HTTP/1.1 200 Fine\r\nTransfer-Encoding: chunked\r\n\r\n64\r\n{\"half\":",
        "HTTP/1.1 200 Fine\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
        "HTTP/1.1 200 Fine\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8bno",
        "garbage that is no HTTP\r\n\r\n",
        "HTTP/1.1 200 Fine\r\n" + std::string(100'000, 'h') + ": long\r\n\r\n",
    };
    for (const std::string& answer : answers) {
        Server server([&](Peer& peer) {
            peer.read_request();
            peer.send(answer);
        });
        Mux mux;
        Reply reply = run(mux, post(server.url(), "{\"create\":1}"));
        EXPECT_EQ(reply.outcome, Outcome::unknown) << answer.substr(0, 60);
        EXPECT_EQ(reply.failure, Failure::broken) << answer.substr(0, 60);
        EXPECT_EQ(reply.body, "");
        EXPECT_NE(reply.error, "");
    }
}

TEST(Exchange, IsCertainThatNothingHappenedWhereNobodyListens) {
    Mux mux;
    Reply reply = run(mux, post("http://127.0.0.1:" + std::to_string(closed_port()) + "/", "{}"));
    EXPECT_EQ(reply.outcome, Outcome::certain_no);
    EXPECT_EQ(reply.failure, Failure::connect);
    EXPECT_NE(reply.error, "");
}

TEST(Exchange, IsCertainThatNothingHappenedAfterTheConnectDeadline) {
    // A full backlog: the kernel leaves further connections unanswered.
    int listening = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t bytes = sizeof address;
    auto* raw = reinterpret_cast<sockaddr*>(&address);
    ASSERT_EQ(bind(listening, raw, bytes), 0);
    ASSERT_EQ(getsockname(listening, raw, &bytes), 0);
    ASSERT_EQ(listen(listening, 0), 0);
    std::vector<int> fillers;
    for (int i = 0; i < 4; i++) {
        fillers.push_back(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
        connect(fillers.back(), raw, bytes);
    }
    Mux mux;
    Request request = post("http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)), "{}");
    request.connect_timeout_ms = 50;
    Reply reply = run(mux, request);
    EXPECT_EQ(reply.outcome, Outcome::certain_no);
    EXPECT_EQ(reply.failure, Failure::connect) << reply.error;
    for (int fd : fillers)
        close(fd);
    close(listening);
}

TEST(Exchange, KnowsNothingAfterTheTotalDeadline) {
    Server server([](Peer& peer) { peer.wait_for_end(); });
    Mux mux;
    Request request = post(server.url(), "{}");
    request.total_timeout_ms = 60;
    auto start = std::chrono::steady_clock::now();
    Reply reply = run(mux, request);
    EXPECT_GE(since_ms(start), 60);
    EXPECT_EQ(reply.outcome, Outcome::unknown);
    EXPECT_EQ(reply.failure, Failure::deadline);
    EXPECT_EQ(reply.status, 0);
}

TEST(Exchange, DoesNotFollowARedirect) {
    std::atomic<int> elsewhere = 0;
    Server other([&](Peer& peer) {
        elsewhere++;
        answer_all(peer);
    });
    Server server([&](Peer& peer) {
        peer.read_request();
        peer.reply("moved", "Location: " + other.url() + "\r\n", 307);
        peer.wait_for_end();
    });
    Mux mux;
    Reply reply = run(mux, post(server.url(), "{}"));
    EXPECT_EQ(reply.outcome, Outcome::ok);
    EXPECT_EQ(reply.status, 307);
    EXPECT_EQ(reply.body, "moved");
    EXPECT_EQ(elsewhere, 0);
}

TEST(Exchange, HasManyInFlightOnOneMux) {
    constexpr int many = 60;
    std::latch everyone(many); // nobody is answered before all have asked
    Server server([&](Peer& peer) {
        while (auto seen = peer.read_request()) {
            everyone.arrive_and_wait();
            peer.reply(seen->body);
        }
    });
    Mux mux;
    std::vector<Exchange> exchanges;
    for (int i = 0; i < many; i++)
        exchanges.push_back(Exchange::open(mux, post(server.url(), std::to_string(i))));
    EXPECT_EQ(mux.in_flight(), static_cast<std::size_t>(many));
    ASSERT_TRUE(drive(mux, [&] { return mux.in_flight() == 0; }));
    for (int i = 0; i < many; i++)
        EXPECT_EQ(exchanges[static_cast<std::size_t>(i)].reply().body, std::to_string(i));
}

TEST(Exchange, ReadsALongBodyInManySteps) {
    std::string body(20 << 20, 'b');
    Server server([&](Peer& peer) {
        while (peer.read_request())
            peer.reply(body);
    });
    Mux mux;
    Request request = get(server.url());
    request.body_bytes_max = body.size();
    EXPECT_EQ(run(mux, request).body, body);
}

TEST(Exchange, LeaksNoDescriptorOverFortyTimeouts) {
    Server server([](Peer& peer) { peer.wait_for_end(); });
    Mux mux;
    auto time_out = [&] {
        Request request = post(server.url(), "{}");
        request.total_timeout_ms = 5;
        EXPECT_EQ(run(mux, request).failure, Failure::deadline);
        // The server's ends are closed by its own threads.
        EXPECT_TRUE(drive(mux, [&] { return server.open_connections() == 0; }));
        return open_descriptors();
    };
    int before = time_out();
    for (int i = 0; i < 40; i++)
        EXPECT_EQ(time_out(), before);
}

TEST(Exchange, RefusesWhatMustNotLeave) {
    Mux mux;
    auto refused = [&](auto change) {
        Request request = get("https://127.0.0.1:1/");
        change(request);
        Exchange exchange = Exchange::open(mux, std::move(request));
        return exchange.state() == State::done && exchange.reply().failure == Failure::refused &&
               exchange.reply().outcome == Outcome::certain_no && !exchange.reply().error.empty();
    };
    EXPECT_FALSE(refused([](Request&) {}));
    for (const char* url :
         {"http://api.notion.com/", "http://10.0.0.1/", "http://128.0.0.1/",
          "http://localhost.example/", "http://[::2]/", "http://127.0.0.1.example/",
          "http://user@127.0.0.1/", "https://user:word@api.notion.com/", "ftp://127.0.0.1/",
          "file:///etc/passwd", "api.notion.com", "/v1/pages", "", "https://", "https:// /"})
        EXPECT_TRUE(refused([&](Request& request) { request.url = url; })) << url;
    for (const char* url : {"http://127.0.0.1:1/", "http://localhost:1/", "http://[::1]:1/",
                            "http://127.9.9.9:1/", "http://LOCALHOST:1/"})
        EXPECT_FALSE(refused([&](Request& request) { request.url = url; })) << url;
    EXPECT_TRUE(refused([](Request& request) { request.connect_timeout_ms = 0; }));
    EXPECT_TRUE(refused([](Request& request) { request.total_timeout_ms = 0; }));
    EXPECT_TRUE(refused([](Request& request) { request.body_bytes_max = 0; }));
    EXPECT_TRUE(refused([](Request& request) { request.body = "{}"; }));
    EXPECT_TRUE(refused([](Request& request) { request.headers = {"A: b\r\nC: d"}; }));
    EXPECT_TRUE(refused([](Request& request) { request.headers = {"no colon"}; }));
    EXPECT_TRUE(refused([](Request& request) {
        request.loopback_only = true;
        request.url = "https://api.notion.com/";
    }));
    EXPECT_FALSE(refused([](Request& request) {
        request.allow_plain_http = true;
        request.url = "http://10.0.0.1/";
    }));
}

TEST(Exchange, NamesABadProxyWithoutItsPassword) {
    Mux mux;
    Request request = get("https://notion.example/");
    request.proxy = "gopher://me:password@127.0.0.1:1";
    Exchange exchange = Exchange::open(mux, request);
    ASSERT_EQ(exchange.state(), State::done);
    EXPECT_EQ(exchange.reply().failure, Failure::refused);
    EXPECT_EQ(exchange.reply().error, "malformed proxy");
}

TEST(Exchange, UsesTheProxyThatItIsGivenAndNoOther) {
    Server proxy([](Peer& peer) {
        while (auto seen = peer.read_request())
            peer.reply(seen->line());
    });
    setenv("http_proxy", proxy.url().c_str(), 1);
    Mux mux;
    Request request = get("http://notion.invalid/v1");
    request.allow_plain_http = true;
    EXPECT_EQ(run(mux, request).failure, Failure::resolve);
    request.proxy = proxy.url();
    EXPECT_EQ(run(mux, request).body, "GET http://notion.invalid/v1 HTTP/1.1");
    unsetenv("http_proxy");
}

// It kept the request to itself, so a write may say for certain that it had no effect.
TEST(Exchange, KnowsAProxyThatRefusesTheLogin) {
    Server proxy([](Peer& peer) {
        while (peer.read_request())
            peer.reply("who?", "Proxy-Authenticate: Basic realm=\"x\"\r\n", 407);
    });
    Mux mux;
    for (const char* url : {"https://notion.invalid/v1", "http://notion.invalid/v1"}) {
        Request request = post(url, "{}");
        request.allow_plain_http = true;
        request.proxy = proxy.url();
        Reply reply = run(mux, request);
        EXPECT_EQ(reply.failure, Failure::proxy_login) << url;
        EXPECT_EQ(reply.outcome, Outcome::certain_no) << url;
        EXPECT_NE(reply.error.find("407"), std::string::npos) << reply.error;
        EXPECT_TRUE(reply.body.empty());
    }
    EXPECT_TRUE(is_permanent(Failure::proxy_login));
    EXPECT_FALSE(is_permanent(Failure::connect));
}

} // namespace notion::net::test
