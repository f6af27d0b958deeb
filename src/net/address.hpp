// Where to listen: numeric addresses only, loopback unless another one is written out.
// Refuses names: a listener does not depend on a resolver. scope: call.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace notion::net {

// A non-blocking listening socket for "host:port", "[v6]:port" or "port"; -1 and why in `error`.
// `port` becomes the real one where port 0 asked for any.
int listen_at(std::string_view where, std::uint16_t& port, std::string& error);

} // namespace notion::net
