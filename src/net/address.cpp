// See address.hpp. scope: call.
#include "net/address.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <netinet/in.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

namespace notion::net {

namespace {

// Connections wait here while the listener is at its limit.
constexpr int backlog = 64;

struct Address {
    sockaddr_storage storage{};
    socklen_t bytes = 0;

    sockaddr* raw() { return reinterpret_cast<sockaddr*>(&storage); }
};

bool parse_port(std::string_view text, std::uint16_t& port) {
    const char* end = text.data() + text.size();
    auto [stop, problem] = std::from_chars(text.data(), end, port);
    return !text.empty() && problem == std::errc() && stop == end;
}

bool parse(std::string_view where, Address& address) {
    std::size_t colon = where.rfind(':');
    std::string host(colon == where.npos ? "127.0.0.1" : where.substr(0, colon));
    std::uint16_t port = 0;
    if (!parse_port(colon == where.npos ? where : where.substr(colon + 1), port))
        return false;
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
        sockaddr_in6 v6{};
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(port);
        address.bytes = sizeof v6;
        if (inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &v6.sin6_addr) != 1)
            return false;
        std::memcpy(&address.storage, &v6, sizeof v6);
        return true;
    }
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    address.bytes = sizeof v4;
    if (inet_pton(AF_INET, host.c_str(), &v4.sin_addr) != 1)
        return false;
    std::memcpy(&address.storage, &v4, sizeof v4);
    return true;
}

std::uint16_t port_of(int fd) {
    Address bound;
    bound.bytes = sizeof bound.storage;
    getsockname(fd, bound.raw(), &bound.bytes);
    sockaddr_in v4; // both families have the port in the same place
    std::memcpy(&v4, &bound.storage, sizeof v4);
    return ntohs(v4.sin_port);
}

} // namespace

int listen_at(std::string_view where, std::uint16_t& port, std::string& error) {
    Address address;
    if (!parse(where, address)) {
        error = "\"" + std::string(where) + "\" is not of the form \"address:port\"";
        return -1;
    }
    int fd = socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int yes = 1; // after a restart the old connections may linger
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
        bind(fd, address.raw(), address.bytes) != 0 || listen(fd, backlog) != 0) {
        error = "could not listen on \"" + std::string(where) +
                "\": " + std::generic_category().message(errno);
        if (fd >= 0)
            close(fd);
        return -1;
    }
    port = port_of(fd);
    return fd;
}

} // namespace notion::net
