// The sockets: libmicrohttpd on one thread, libcurl for webhook deliveries, one wait for both.
// Carries out the faults that concern a connection. HTTP/1.1, 127.0.0.1 only.
// scope: emulator.
#pragma once

#include "gate.hpp"

#include <memory>

namespace emulator {

class Server {
  public:
    /// Throws std::runtime_error if the port cannot be had. 0 is any port.
    Server(World& world, int port);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    int port() const;
    /// Serves until `stop`, which may be called from a signal handler or another thread.
    void run();
    void stop();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace emulator
