// Query sessions behind opaque cursors; see cursors.hpp. scope: emulator.
#include "cursors.hpp"

#include <algorithm>

namespace emulator {

Session& Cursors::start(Session session) {
    order_.push_back(session.id);
    if (order_.size() > most_sessions) {
        sessions_.erase(order_.front());
        order_.pop_front();
    }
    const Uuid id = session.id;
    return sessions_[id] = std::move(session);
}

Session* Cursors::resume(std::string_view cursor, int64_t elapsed_ms, size_t& position) {
    if (cursor.size() != 2 + 36 + 1 + 36 || !cursor.starts_with("s:") || cursor[38] != ':')
        return nullptr;
    const auto id = read_uuid(cursor.substr(2, 36));
    const auto row = read_uuid(cursor.substr(39));
    const auto found = id ? sessions_.find(*id) : sessions_.end();
    if (found == sessions_.end() || !row || found->second.expires_at <= elapsed_ms)
        return nullptr;
    const auto& rows = found->second.rows;
    const auto at = std::ranges::find(rows, *row);
    if (at == rows.end())
        return nullptr;
    position = static_cast<size_t>(at - rows.begin());
    return &found->second;
}

std::string Cursors::cursor(const Session& session, size_t position) {
    return "s:" + dashed(session.id) + ":" + dashed(session.rows[position]);
}

} // namespace emulator
