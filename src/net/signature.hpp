// HMAC-SHA256 signatures over raw bytes, as "sha256=<lowercase hex>" (notion/api.md section 5).
// Refuses every other spelling of a signature. scope: call.
#pragma once

#include <string>
#include <string_view>

namespace notion::net {

// Throws std::runtime_error if OpenSSL fails.
std::string hmac_sha256_hex(std::string_view key, std::string_view bytes);
std::string sha256_hex(std::string_view bytes);

// The value of a signature header for these bytes.
std::string sign(std::string_view key, std::string_view bytes);

// Compares in constant time. An empty key verifies nothing.
bool signature_holds(std::string_view key, std::string_view bytes, std::string_view signature);

} // namespace notion::net
