// Keys and sealed secrets for src/pg: reading a key's text, AES-256-GCM, random bytes.
// Assumes the caller wipes keys and secrets that it no longer needs. Nothing of a key, of a secret
// or of what could not be opened is ever in a Fault. scope: call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "bridge/fault.hpp"

namespace notion::bridge {

inline constexpr size_t seal_frame_bytes = 29; ///< what a sealed secret is longer than the secret
inline constexpr size_t secret_bytes_max = 4096;

struct SealKey {
    unsigned char bytes[32];
    char id[17]; ///< 16 hexadecimal digits that tell keys apart and say nothing of them
};

enum class KeyText : uint8_t {
    good,
    empty,
    not_hexadecimal,
    wrong_length, ///< a line that has not 64 digits
    too_many,
};
/// Keys, one a line, as 64 hexadecimal digits; blanks and empty lines do not count. The first one
/// seals, the others only open. requires: room for `max` keys; a refused text leaves none behind.
KeyText seal_keys(std::string_view text, SealKey* keys, int max, int& count, Fault& fault) noexcept;

/// `out` takes secret.size() + seal_frame_bytes. `bound_to` is what opening it will need again.
bool seal(const SealKey& key, std::string_view secret, std::string_view bound_to, char* out,
          Fault& fault) noexcept;

/// `out` takes sealed.size() - seal_frame_bytes bytes; untouched unless `opened`, which is false
/// where key, bound_to or a byte of it differs. requires: sealed has at least the frame.
bool unseal(const SealKey& key, std::string_view sealed, std::string_view bound_to, char* out,
            bool& opened, Fault& fault) noexcept;

/// 256 random bits as 43 characters that may stand in a URL, and a NUL.
bool random_word(char (&out)[44], Fault& fault) noexcept;
/// SHA-256 as 64 hexadecimal digits and a NUL: what is kept of a word that must be known again.
bool digest(std::string_view text, char (&out)[65], Fault& fault) noexcept;

} // namespace notion::bridge
