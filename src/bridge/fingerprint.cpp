// The fingerprint of a token: see budget.hpp. scope: none.
#include <string>

#include "bridge/budget.hpp"
#include "net/signature.hpp"

namespace notion::bridge {
namespace {

unsigned char nibble(char digit) {
    return static_cast<unsigned char>(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}

} // namespace

bool fingerprint(std::string_view token, Fingerprint& out, Fault& fault) noexcept {
    return guarded(fault, [&] {
        std::string hex = net::sha256_hex(token);
        for (size_t at = 0; at < sizeof out.bytes; at++)
            out.bytes[at] = static_cast<unsigned char>(nibble(hex.at(2 * at)) << 4 |
                                                       nibble(hex.at(2 * at + 1)));
    });
}

} // namespace notion::bridge
