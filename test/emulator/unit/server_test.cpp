// The program over real sockets: gzip, connections, and the faults that concern them.
#include "lab.hpp"
#include "server.hpp"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace emulator {

namespace {

size_t append(char* bytes, size_t size, size_t count, void* into) {
    static_cast<std::string*>(into)->append(bytes, size * count);
    return size * count;
}

struct Got {
    CURLcode result = CURLE_OK;
    long status = 0;
    std::string body;
    std::string headers;
};

class Servers : public ::testing::Test {
  protected:
    Servers() {
        world.limits.budget = 0;
        thread_ = std::thread([this] { server.run(); });
        send("POST", "/_emulator/load",
             R"({"databases":[{"title":"All","properties":{"Name":"title"}}]})");
        const Got found = send("POST", "/v1/search", "{}");
        const auto at = found.body.find(R"("id":")");
        source_ = found.body.substr(at + 6, 36);
    }
    ~Servers() override {
        server.stop();
        thread_.join();
    }

    Got send(const std::string& method, const std::string& path, const std::string& body = "",
             long timeout_ms = 20'000, bool gzip = false) {
        Got got;
        CURL* easy = curl_easy_init();
        curl_slist* headers = nullptr;
        for (const char* line : {"Authorization: Bearer ntn_bot_lab", "Notion-Version: 2026-03-11",
                                 "Content-Type: application/json"})
            headers = curl_slist_append(headers, line);
        const std::string url = "http://127.0.0.1:" + std::to_string(server.port()) + path;
        curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
        curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(easy, CURLOPT_PROXY, "");
        curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method.c_str());
        curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout_ms);
        if (!body.empty())
            curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.c_str());
        if (gzip)
            curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
        curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, append);
        curl_easy_setopt(easy, CURLOPT_WRITEDATA, &got.body);
        curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, append);
        curl_easy_setopt(easy, CURLOPT_HEADERDATA, &got.headers);
        got.result = curl_easy_perform(easy);
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &got.status);
        curl_slist_free_all(headers);
        curl_easy_cleanup(easy);
        return got;
    }
    std::string page_body() {
        return R"({"parent":{"data_source_id":")" + source_ + R"("},"properties":{}})";
    }
    void fault(const std::string& rule) { send("POST", "/_emulator/faults", rule); }
    size_t pages() {
        const std::string body = send("POST", "/v1/data_sources/" + source_ + "/query", "{}").body;
        size_t count = 0;
        for (auto at = body.find(R"({"object":"page")"); at != body.npos;
             at = body.find(R"({"object":"page")", at + 1))
            ++count;
        return count;
    }

    World world;
    Server server{world, 0};
    std::string source_;

  private:
    std::thread thread_;
};

TEST_F(Servers, AnswersInGzipOnlyWhenAsked) {
    for (int i = 0; i < 5; ++i)
        send("POST", "/v1/pages", page_body());
    const std::string path = "/v1/data_sources/" + source_ + "/query";
    const Got plain = send("POST", path, "{}");
    const Got packed = send("POST", path, "{}", 20'000, true);
    EXPECT_EQ(plain.headers.find("Content-Encoding"), std::string::npos);
    EXPECT_NE(packed.headers.find("Content-Encoding: gzip"), std::string::npos);
    EXPECT_EQ(plain.body.substr(0, plain.body.rfind("request_id")),
              packed.body.substr(0, packed.body.rfind("request_id")));
    EXPECT_NE(plain.headers.find("x-notion-request-id"), std::string::npos);
}

TEST_F(Servers, DropAfterCommitCommitsAndSaysNothing) {
    fault(R"({"kind":"drop_after_commit","count":1,"route":"POST /v1/pages"})");
    const Got dropped = send("POST", "/v1/pages", page_body());
    EXPECT_EQ(dropped.result, CURLE_GOT_NOTHING);
    EXPECT_EQ(dropped.headers, "");
    EXPECT_EQ(pages(), 1u);
}

TEST_F(Servers, DropBeforeDoesNothingAndIsInTheJournal) {
    fault(R"({"kind":"drop_before","count":1,"route":"POST /v1/pages"})");
    EXPECT_EQ(send("POST", "/v1/pages", page_body()).result, CURLE_GOT_NOTHING);
    EXPECT_EQ(pages(), 0u);
    EXPECT_NE(send("GET", "/_emulator/journal").body.find(R"("fault":"drop_before")"),
              std::string::npos);
}

TEST_F(Servers, AHangHoldsOneAndNoOther) {
    fault(R"({"kind":"hang","count":1,"route":"POST /v1/pages"})");
    Got held;
    std::thread waiting([&] { held = send("POST", "/v1/pages", page_body()); });
    while (send("GET", "/_emulator/faults").body.find(R"("hits":1)") == std::string::npos)
        continue;
    EXPECT_EQ(pages(), 0u);
    send("POST", "/_emulator/faults/release");
    waiting.join();
    EXPECT_EQ(held.status, 200);
    EXPECT_EQ(pages(), 1u);
}

TEST_F(Servers, AHangEndsWithItsClient) {
    fault(R"({"kind":"hang","count":1,"route":"POST /v1/pages"})");
    EXPECT_EQ(send("POST", "/v1/pages", page_body(), 100).result, CURLE_OPERATION_TIMEDOUT);
    while (send("GET", "/_emulator/journal").body.find(R"("fault":"hang")") == std::string::npos)
        continue;
    EXPECT_EQ(pages(), 0u);
}

TEST_F(Servers, ADelayedRequestIsServedThoughTheClientHasGone) {
    fault(R"({"kind":"delay","ms":200,"count":1,"route":"POST /v1/pages"})");
    EXPECT_EQ(send("POST", "/v1/pages", page_body(), 50).result, CURLE_OPERATION_TIMEDOUT);
    while (pages() == 0)
        continue;
    EXPECT_EQ(pages(), 1u);
}

TEST_F(Servers, AnswersCanBeCutSpoiledAndSlow) {
    fault(R"([{"kind":"truncated","count":1,"route":"POST /v1/pages"},
              {"kind":"garbage","count":1,"route":"POST /v1/pages"},
              {"kind":"trickle","bytes":200,"ms":1,"count":1,"route":"POST /v1/pages"}])");
    EXPECT_EQ(send("POST", "/v1/pages", page_body()).result, CURLE_PARTIAL_FILE);
    Document document;
    EXPECT_FALSE(parse(send("POST", "/v1/pages", page_body()).body, document));
    EXPECT_TRUE(parse(send("POST", "/v1/pages", page_body()).body, document));
    EXPECT_EQ(pages(), 3u);
}

TEST_F(Servers, WebhooksArriveSignedAndDrainWaitsForThem) {
    // A listener of one thread that accepts everything and keeps what it was sent.
    const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ::listen(listener, 8);
    socklen_t size = sizeof address;
    ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
    std::vector<std::string> received;
    std::thread accepting([&] {
        for (;;) {
            const int client = ::accept(listener, nullptr, nullptr);
            if (client < 0)
                return;
            std::string request;
            char bytes[4096];
            for (;;) {
                const auto head = request.find("\r\n\r\n");
                const auto length = request.find("Content-Length: ");
                if (head != std::string::npos &&
                    request.size() >= head + 4 + std::stoul(request.substr(length + 16)))
                    break;
                const ssize_t got = ::recv(client, bytes, sizeof bytes, 0);
                if (got <= 0)
                    break;
                request.append(bytes, static_cast<size_t>(got));
            }
            const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"
                                       "Connection: close\r\n\r\n";
            ::send(client, answer.data(), answer.size(), MSG_NOSIGNAL);
            ::close(client);
            received.push_back(request);
        }
    });
    send("POST", "/_emulator/webhooks",
         R"({"verification_token":"secret_x","url":"http://127.0.0.1:)" +
             std::to_string(ntohs(address.sin_port)) + R"(/hook"})");
    send("POST", "/_emulator/webhooks/drain");
    send("POST", "/v1/pages", page_body());
    const Got drained = send("POST", "/_emulator/webhooks/drain");
    ::shutdown(listener, SHUT_RDWR);
    accepting.join();
    ::close(listener);
    EXPECT_NE(drained.body.find(R"("delivered":1)"), std::string::npos) << drained.body;
    ASSERT_EQ(received.size(), 2u);
    for (const auto& request : received) {
        const std::string body = request.substr(request.find("\r\n\r\n") + 4);
        EXPECT_NE(request.find("X-Notion-Signature: sha256=" + webhook_signature("secret_x", body)),
                  std::string::npos);
    }
    EXPECT_NE(received[1].find("page.created"), std::string::npos);
}

} // namespace

} // namespace emulator
