// Takes the place of the C library's getaddrinfo for names under ".hang.test", in this program:
// such a look-up hangs until it is let go. scope: test.
#pragma once

#include <csignal>

namespace notion::net::test {

class HangingResolver {
  public:
    HangingResolver();
    ~HangingResolver(); // lets everyone go, and waits until they are gone

    bool entered() const;         // someone is asking
    sigset_t mask_inside() const; // the signals that are blocked on the resolver's thread
};

} // namespace notion::net::test
