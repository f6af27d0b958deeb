// What passed by; see journal.hpp. scope: emulator.
#include "journal.hpp"

namespace emulator {

void Journal::add(std::string line) {
    bytes_ += line.size();
    ring_.push_back({++last_, std::move(line)});
    trim();
}

void Journal::trim() {
    while (!ring_.empty() && (ring_.size() > most_entries || bytes_ > most_bytes)) {
        bytes_ -= ring_.front().line.size();
        ring_.pop_front();
    }
}

std::string Journal::since(uint64_t number) const {
    std::string lines;
    for (const auto& exchange : ring_) {
        if (exchange.number <= number)
            continue;
        lines += R"({"n":)" + std::to_string(exchange.number) + ",";
        lines.append(exchange.line, 1).push_back('\n');
    }
    return lines;
}

void Journal::clear() {
    ring_.clear();
    bytes_ = 0;
}

void Stats::count(const std::string& route, int status, size_t bytes) {
    Route& counted = routes[route];
    ++counted.requests;
    counted.bytes += bytes;
    ++counted.by_status[status];
}

void Stats::write(Out& out) const {
    uint64_t total = 0;
    std::map<int, uint64_t> by_status;
    out.open().key("routes").open();
    for (const auto& [name, route] : routes) {
        out.key(name).open().key("requests").integer(static_cast<int64_t>(route.requests));
        out.key("bytes").integer(static_cast<int64_t>(route.bytes)).key("by_status").open();
        for (const auto& [status, count] : route.by_status) {
            out.key(std::to_string(status)).integer(static_cast<int64_t>(count));
            by_status[status] += count;
        }
        out.close().close();
        total += route.requests;
    }
    out.close().key("requests").integer(static_cast<int64_t>(total)).key("by_status").open();
    for (const auto& [status, count] : by_status)
        out.key(std::to_string(status)).integer(static_cast<int64_t>(count));
    out.close().close();
}

} // namespace emulator
