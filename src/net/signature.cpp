// See signature.hpp. scope: call.
#include "net/signature.hpp"

#include <array>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdexcept>

namespace notion::net {

namespace {

constexpr std::size_t digest_bytes = 32;
constexpr std::string_view prefix = "sha256=";
using Digest = std::array<unsigned char, digest_bytes>;

const unsigned char* raw(std::string_view bytes) {
    return reinterpret_cast<const unsigned char*>(bytes.data());
}

std::string hex(const Digest& digest) {
    constexpr char digits[] = "0123456789abcdef";
    std::string text;
    for (unsigned char byte : digest) {
        text += digits[byte >> 4];
        text += digits[byte & 0x0f];
    }
    return text;
}

} // namespace

std::string hmac_sha256_hex(std::string_view key, std::string_view bytes) {
    Digest digest;
    unsigned length = 0;
    // A null key would mean "the previous one" to OpenSSL.
    const char* start = key.empty() ? "" : key.data();
    if (!HMAC(EVP_sha256(), start, static_cast<int>(key.size()), raw(bytes), bytes.size(),
              digest.data(), &length) ||
        length != digest_bytes)
        throw std::runtime_error("OpenSSL cannot compute HMAC-SHA256");
    return hex(digest);
}

std::string sha256_hex(std::string_view bytes) {
    Digest digest;
    unsigned length = 0;
    if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, EVP_sha256(), nullptr) != 1)
        throw std::runtime_error("OpenSSL cannot compute SHA-256");
    return hex(digest);
}

std::string sign(std::string_view key, std::string_view bytes) {
    return std::string(prefix) + hmac_sha256_hex(key, bytes);
}

bool signature_holds(std::string_view key, std::string_view bytes, std::string_view signature) {
    if (key.empty())
        return false;
    std::string expected = sign(key, bytes);
    return signature.size() == expected.size() &&
           CRYPTO_memcmp(signature.data(), expected.data(), expected.size()) == 0;
}

} // namespace notion::net
