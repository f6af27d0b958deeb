// A scripted server on loopback: each connection runs the test's own function on a thread.
// Assumes one request at a time a connection. Ends everything in its destructor.
// scope: test.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <openssl/ssl.h>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace notion::net::test {

struct Seen {
    std::string head; // request line and headers
    std::string body;

    std::string line() const { return head.substr(0, head.find("\r\n")); }
};

// The server's side of one connection.
class Peer {
  public:
    Peer(int fd, SSL* tls) : fd(fd), tls(tls) {}

    std::optional<Seen> read_request();        // HTTP/1.1 with Content-Length; nothing at the end
    std::string read_bytes(std::size_t count); // shorter at the end
    bool wait_for_end();                       // until the client hangs up
    void send(std::string_view bytes);
    void reply(std::string_view body, std::string_view extra_headers = "", int status = 200);
    void reset(); // an RST instead of an orderly end

    int count = 0; // requests of this connection

  private:
    bool fill();

    int fd;
    SSL* tls;
    std::string buffered;
};

// A certificate for 127.0.0.1 and "localhost", signed by itself, and the server's side of TLS.
class Certificate {
  public:
    explicit Certificate(std::string_view protocols = "http/1.1"); // offered by ALPN
    ~Certificate();
    Certificate(const Certificate&) = delete;

    const std::string& file() const { return path; }
    SSL_CTX* context() const { return tls; }
    const std::string& protocol() const { return offered; }

  private:
    std::string path;
    std::string offered;
    SSL_CTX* tls = nullptr;
};

class Server {
  public:
    using Script = std::function<void(Peer&)>;
    explicit Server(Script script, const Certificate* certificate = nullptr);
    ~Server();
    Server(const Server&) = delete;

    std::string url(std::string_view path = "/") const;
    int port() const { return port_number; }
    int connections() const { return accepted; } // so far
    std::size_t open_connections();

  private:
    void accept_all();
    void serve(int fd);

    Script script;
    const Certificate* certificate;
    int listening = -1;
    int port_number = 0;
    std::atomic<int> accepted = 0;
    std::mutex mutex;
    std::vector<int> open_fds;
    std::vector<std::thread> threads;
    std::thread acceptor;
};

// A loopback port on which nobody listens.
int closed_port();
int open_descriptors();

} // namespace notion::net::test
