// TLS: who is believed, and what is known when nobody is. scope: test.
#include "net/drive.hpp"
#include "net/server.hpp"

#include <gtest/gtest.h>

namespace notion::net::test {

namespace {

void answer_all(Peer& peer) {
    while (peer.read_request())
        peer.reply("{}");
}

} // namespace

TEST(Tls, BelievesTheAuthoritiesThatItIsGiven) {
    Certificate certificate;
    Server server(answer_all, &certificate);
    Mux mux;
    Request request = post(server.url(), "{}");
    request.ca_file = certificate.file();
    Reply reply = run(mux, request);
    EXPECT_EQ(reply.outcome, Outcome::ok) << reply.error;
    EXPECT_EQ(reply.status, 200);
    EXPECT_FALSE(reply.http2);
}

TEST(Tls, SendsNothingToAStranger) {
    Certificate certificate;
    std::atomic<int> requests = 0;
    Server server(
        [&](Peer& peer) {
            while (peer.read_request())
                requests++;
        },
        &certificate);
    Mux mux;
    Reply reply = run(mux, post(server.url(), "{}"));
    EXPECT_EQ(reply.failure, Failure::untrusted);
    EXPECT_EQ(reply.outcome, Outcome::certain_no);

    // Known, but under another name: libcurl takes "*.localhost" for loopback, too.
    Request misnamed = post("https://other.localhost:" + std::to_string(server.port()), "{}");
    misnamed.ca_file = certificate.file();
    reply = run(mux, misnamed);
    EXPECT_EQ(reply.failure, Failure::untrusted) << reply.error;
    EXPECT_EQ(reply.outcome, Outcome::certain_no);
    EXPECT_EQ(requests, 0);
}

TEST(Tls, RefusesAnAuthorityFileThatIsNotThere) {
    Certificate certificate;
    Server server(answer_all, &certificate);
    Mux mux;
    Request request = post(server.url(), "{}");
    request.ca_file = "/nowhere/authorities.pem";
    Reply reply = run(mux, request);
    EXPECT_EQ(reply.failure, Failure::untrusted);
    EXPECT_EQ(reply.outcome, Outcome::certain_no);
}

} // namespace notion::net::test
