// Any bytes on a connection to the listener: it answers or hangs up, gives out whole requests
// within its limits, and serves the next client all the same. scope: process (one listener).
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "net/listener.hpp"

namespace notion::net {
namespace {

void require(bool holds) {
    if (!holds)
        std::abort();
}

int connected(std::uint16_t port) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    static_cast<void>(connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to));
    return fd;
}

/// Sends the bytes and gives what the listener gave out, answered.
std::size_t serve(Listener& listener, std::string_view bytes) {
    const int fd = connected(listener.port());
    std::size_t taken = 0;
    for (int i = 0; i < 8; ++i) {
        listener.step();
        while (!bytes.empty()) {
            const ssize_t sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent <= 0)
                break;
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
        while (auto delivery = listener.take()) {
            require(delivery->body.size() <= ListenLimits().body_bytes_max);
            require(listener.answer(delivery->id, 200, "ok"));
            ++taken;
        }
    }
    close(fd);
    for (int i = 0; i < 4 && listener.connections() > 0; ++i)
        listener.step();
    return taken;
}

} // namespace

void any(std::string_view bytes) {
    static std::string error;
    static const auto listener = Listener::open("0", ListenLimits(), error);
    require(listener != nullptr);
    static_cast<void>(serve(*listener, bytes));
    const std::size_t good =
        serve(*listener, "POST /webhook/acme HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}");
    require(good == 1);
}

} // namespace notion::net

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    notion::net::any(std::string_view(reinterpret_cast<const char*>(data), size));
    return 0;
}
