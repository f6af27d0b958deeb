// See server.hpp. scope: test.
#include "net/server.hpp"

#include <arpa/inet.h>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <filesystem>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

namespace notion::net::test {

namespace {

void must(bool fine, const char* what) {
    if (!fine)
        throw std::runtime_error(what);
}

std::pair<int, int> bind_to_loopback() {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t bytes = sizeof address;
    must(bind(fd, reinterpret_cast<sockaddr*>(&address), bytes) == 0, "bind");
    getsockname(fd, reinterpret_cast<sockaddr*>(&address), &bytes);
    return {fd, ntohs(address.sin_port)};
}

int choose_protocol(SSL*, const unsigned char** out, unsigned char* bytes, const unsigned char* in,
                    unsigned in_bytes, void* user) {
    const std::string& offered = static_cast<Certificate*>(user)->protocol();
    std::string wire = static_cast<char>(offered.size()) + offered;
    unsigned char* found = nullptr;
    if (SSL_select_next_proto(&found, bytes, reinterpret_cast<const unsigned char*>(wire.data()),
                              wire.size(), in, in_bytes) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_NOACK;
    *out = in + (std::string_view(reinterpret_cast<const char*>(in), in_bytes).find(wire) + 1);
    return SSL_TLSEXT_ERR_OK;
}

} // namespace

bool Peer::fill() {
    char bytes[16384];
    ssize_t count = tls ? SSL_read(tls, bytes, sizeof bytes) : recv(fd, bytes, sizeof bytes, 0);
    if (count <= 0)
        return false;
    buffered.append(bytes, static_cast<std::size_t>(count));
    return true;
}

std::string Peer::read_bytes(std::size_t wanted) {
    while (buffered.size() < wanted && fill()) {
    }
    std::string bytes = buffered.substr(0, wanted);
    buffered.erase(0, bytes.size());
    return bytes;
}

std::optional<Seen> Peer::read_request() {
    std::size_t end;
    while ((end = buffered.find("\r\n\r\n")) == buffered.npos)
        if (!fill())
            return std::nullopt;
    Seen seen{read_bytes(end + 4), {}};
    constexpr std::string_view name = "Content-Length:";
    if (std::size_t at = seen.head.find(name); at != seen.head.npos) {
        std::size_t wanted = std::stoul(seen.head.substr(at + name.size()));
        seen.body = read_bytes(wanted);
        if (seen.body.size() < wanted)
            return std::nullopt;
    }
    count++;
    return seen;
}

bool Peer::wait_for_end() {
    while (fill()) {
    }
    return true;
}

void Peer::send(std::string_view bytes) {
    if (tls) {
        SSL_write(tls, bytes.data(), static_cast<int>(bytes.size()));
        return;
    }
    while (!bytes.empty()) {
        ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
}

void Peer::reply(std::string_view body, std::string_view extra_headers, int status) {
    std::string head = "HTTP/1.1 " + std::to_string(status) +
                       " Answer\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
                       std::string(extra_headers) + "\r\n";
    send(head + std::string(body));
}

void Peer::reset() {
    linger now{1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

Certificate::Certificate(std::string_view protocols) : offered(protocols) {
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* certificate = X509_new();
    must(key && certificate, "key");
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME* name = X509_get_subject_name(certificate);
    const auto* text = reinterpret_cast<const unsigned char*>("a test of pg_notion");
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text, -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    X509_EXTENSION* names =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "IP:127.0.0.1,DNS:localhost");
    X509_add_ext(certificate, names, -1);
    X509_EXTENSION_free(names);
    must(X509_sign(certificate, key, EVP_sha256()) > 0, "sign");

    path = std::filesystem::temp_directory_path() / "notion-net-test-XXXXXX";
    FILE* file = fdopen(mkstemp(path.data()), "w");
    must(file && PEM_write_X509(file, certificate) == 1, "write the certificate");
    fclose(file);
    tls = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate(tls, certificate);
    SSL_CTX_use_PrivateKey(tls, key);
    SSL_CTX_set_alpn_select_cb(tls, choose_protocol, this);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

Certificate::~Certificate() {
    SSL_CTX_free(tls);
    unlink(path.c_str());
}

Server::Server(Script run, const Certificate* shown) : script(std::move(run)), certificate(shown) {
    signal(SIGPIPE, SIG_IGN); // SSL_write to a client that is gone
    std::tie(listening, port_number) = bind_to_loopback();
    must(listen(listening, 512) == 0, "listen");
    acceptor = std::thread([this] { accept_all(); });
}

Server::~Server() {
    shutdown(listening, SHUT_RDWR);
    acceptor.join();
    {
        std::lock_guard lock(mutex);
        for (int fd : open_fds)
            shutdown(fd, SHUT_RDWR);
    }
    for (std::thread& thread : threads)
        thread.join();
    close(listening);
}

void Server::accept_all() {
    for (;;) {
        int fd = accept4(listening, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd < 0)
            return;
        accepted++;
        std::lock_guard lock(mutex);
        open_fds.push_back(fd);
        threads.emplace_back([this, fd] { serve(fd); });
    }
}

void Server::serve(int fd) {
    SSL* tls = nullptr;
    if (certificate) {
        tls = SSL_new(certificate->context());
        SSL_set_fd(tls, fd);
    }
    if (!tls || SSL_accept(tls) == 1) {
        Peer peer(fd, tls);
        script(peer);
    }
    SSL_free(tls);
    std::lock_guard lock(mutex);
    std::erase(open_fds, fd);
    close(fd);
}

std::size_t Server::open_connections() {
    std::lock_guard lock(mutex);
    return open_fds.size();
}

std::string Server::url(std::string_view path) const {
    return (certificate ? "https" : "http") + std::string("://127.0.0.1:") +
           std::to_string(port_number) + std::string(path);
}

int closed_port() {
    auto [fd, port] = bind_to_loopback();
    close(fd);
    return port;
}

int open_descriptors() {
    DIR* directory = opendir("/proc/self/fd");
    int count = 0;
    while (readdir(directory))
        count++;
    closedir(directory);
    return count;
}

} // namespace notion::net::test
