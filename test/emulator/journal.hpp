// What passed by: a ring of exchanges, and counts by route and status.
// Both bounds of the ring hold at once, so recorded bodies cannot eat the memory.
// scope: emulator.
#pragma once

#include "json.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <string>

namespace emulator {

class Journal {
  public:
    struct Exchange {
        uint64_t number = 0;
        std::string line; // one JSON object
    };

    bool enabled = true;
    size_t most_entries = 10'000;
    size_t most_bytes = 64 << 20;

    void add(std::string line);
    /// Lines with a number above `since`, each ended by a newline.
    std::string since(uint64_t number) const;
    void clear();
    uint64_t last() const { return last_; }
    size_t bytes() const { return bytes_; }
    void trim();

  private:
    std::deque<Exchange> ring_;
    size_t bytes_ = 0;
    uint64_t last_ = 0;
};

struct Stats {
    struct Route {
        uint64_t requests = 0;
        uint64_t bytes = 0;
        std::map<int, uint64_t> by_status;
    };
    std::map<std::string, Route> routes;

    void count(const std::string& route, int status, size_t bytes);
    void write(Out& out) const;
};

} // namespace emulator
