// Authenticated encryption of small secrets: AES-256-GCM, a fresh nonce each time.
// Assumes a uniformly random 32-byte key; derives none. Refuses to say why opening failed.
// scope: call.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace notion::net {

inline constexpr std::size_t seal_key_bytes = 32;
using SealKey = std::span<const unsigned char, seal_key_bytes>;

// Layout: version (1) | nonce (12) | ciphertext | tag (16). `bound_to` is authenticated, not
// contained: opening needs the same bytes (say, the owner of the secret), so a sealed value cannot
// be moved to another place. A random nonce is safe for 2^32 values of one key (SP 800-38D 8.3).
// Throws std::runtime_error if OpenSSL fails.
std::string seal(SealKey key, std::string_view secret, std::string_view bound_to);

// Nothing if the key, `bound_to` or any byte differs.
std::optional<std::string> unseal(SealKey key, std::string_view sealed, std::string_view bound_to);

// Overwrites with zeros, also where the compiler thinks that nobody looks.
void wipe(std::string& secret);

} // namespace notion::net
