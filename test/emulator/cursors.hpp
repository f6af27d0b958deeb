// Query sessions behind opaque cursors `s:<uuid>:<id of the next row>`, which expire.
// A session keeps the ids that its first request found. Only so many are kept: the oldest go.
// scope: emulator.
#pragma once

#include "uuid.hpp"

#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace emulator {

struct Session {
    Uuid id;
    Uuid about;          // the data source, or nil for a search
    size_t question = 0; // hash of what was asked, apart from paging
    int64_t expires_at = 0;
    std::vector<Uuid> rows;
    bool capped = false; // more rows matched than a query may return
};

/// What the last question without a filter found: the answer until anything changes.
struct KnownRows {
    Uuid about;
    size_t question = 0;
    uint64_t world_version = 0;
    std::vector<Uuid> rows;
    bool capped = false;
};

class Cursors {
  public:
    KnownRows known;
    Session& start(Session session);
    /// The session that the cursor belongs to and where it stands; nothing if it is not valid.
    Session* resume(std::string_view cursor, int64_t elapsed_ms, size_t& position);
    static std::string cursor(const Session& session, size_t position);
    void expire_all() {
        sessions_.clear();
        order_.clear();
    }

  private:
    static constexpr size_t most_sessions = 256;
    std::unordered_map<Uuid, Session> sessions_;
    std::deque<Uuid> order_;
};

} // namespace emulator
