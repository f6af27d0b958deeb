// Faults on demand: rules that match requests and say how to go wrong.
// The gate asks which rule applies; the server carries out what concerns the socket.
// Refuses rules of unknown kind.
// scope: emulator.
#pragma once

#include "http.hpp"
#include "json.hpp"

#include <optional>
#include <random>
#include <string>
#include <vector>

namespace emulator {

enum class FaultKind : uint8_t {
    none,
    status,            // answer with this status instead
    delay,             // hold the request, then serve it, even if the client has gone
    delay_after,       // serve it, then hold the answer
    hang,              // hold the request until released
    drop_before,       // close the connection, do nothing
    drop_after_commit, // serve it, then close without a byte
    commit_503,        // serve it, answer 503
    truncated,         // half of the answer, then close
    garbage,           // 200 with a body that is not JSON
    trickle,           // the answer in small pieces with pauses
    index_lag,         // queries see the workspace as it was
    omit_properties,   // page answers lack these properties
};

struct FaultRule {
    uint64_t id = 0;
    FaultKind kind = FaultKind::none;
    std::string method; // empty: any
    std::string token;  // prefix of the bearer's; empty: anybody's
    std::string path;   // prefix, or with ":" segments the whole pattern
    int64_t count = -1; // how often it applies; -1: for ever
    int64_t skip = 0;   // matching requests that pass before it applies
    double probability = 1;
    int status = 500;
    int retry_after_s = 0;
    std::string body; // answered as it is, where given
    int64_t ms = 0;   // of delay, trickle and index_lag
    int64_t bytes = 0;
    bool committed_id = true; // commit_503 names what was committed
    std::vector<std::string> properties;
    uint64_t hits = 0;
};

std::string_view name_of(FaultKind kind);

class Faults {
  public:
    /// The id of the new rule, or a text that says what is wrong.
    std::optional<std::string> add(const Json& rule, uint64_t& id);
    void clear() {
        rules_.clear();
        release();
    }
    /// Lets go of every request that hangs.
    void release() { ++releases_; }
    uint64_t releases() const { return releases_; }
    bool remove(uint64_t id);
    /// The first rule that applies to the request; counts it.
    FaultRule choose(const Request& request);
    int64_t index_lag_ms() const;
    void write(Out& out) const;
    bool empty() const { return rules_.empty(); }

  private:
    std::vector<FaultRule> rules_;
    uint64_t last_ = 0;
    uint64_t releases_ = 0;
    std::mt19937_64 random_{1};
};

} // namespace emulator
