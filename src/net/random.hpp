// Random bytes from OpenSSL, and what is made of them.
// Throws std::runtime_error where there is no randomness: never returns something weaker.
// scope: call.
#pragma once

#include <span>
#include <string>

namespace notion::net {

void random_fill(std::span<unsigned char> bytes);

// Version 4, RFC 9562 section 5.4: "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx".
std::string random_uuid();

} // namespace notion::net
