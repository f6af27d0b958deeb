// One epoll set that holds curl's sockets, a timer and whatever else its owner adds:
// the outside waits for one descriptor and calls step().
// Assumes one thread, and Postgres-like signal handlers (blocked while curl runs: its resolver is
// a thread). Refuses to wait. scope: process.
#pragma once

#include <cstddef>
#include <memory>

namespace notion::net {

class Mux {
  public:
    // The process's own, made on first use and never destroyed. A child after fork() gets a new
    // one and does not touch its parent's connections.
    // Throws std::runtime_error if the system or curl gives no resources.
    static Mux& of_process();

    Mux();
    // requires: no Exchange opened on it is left.
    ~Mux();
    Mux(const Mux&) = delete;
    Mux& operator=(const Mux&) = delete;

    // Readable (level-triggered) whenever step() has something to do or a watched descriptor is
    // ready. Stays the same for the life of the Mux; it may be waited for in other epoll sets.
    int fd() const;

    // Drives what is ready and returns without blocking. Exchanges that became done say so in
    // their state(). Calling it too often is harmless.
    void step();

    // Makes fd() readable whenever `fd` is. The owner of `fd` does its own reading.
    // requires: `fd` is open, and unwatched before it is closed.
    void watch(int fd);
    void unwatch(int fd);

    // Exchanges that are waiting.
    std::size_t in_flight() const;

    struct Driver; // what Exchange sees
    Driver& inside() const { return *driver; }

  private:
    std::unique_ptr<Driver> driver;
};

} // namespace notion::net
