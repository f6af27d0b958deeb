// Receipt: the window of a write of ours, between the guard that was read and the answer. It cannot
// be closed, so it is recorded: an edit of another in it was overwritten unseen, and says so.
// The same receipts tell which events are our own and need no read.
// scope: none.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/sync/event.hpp"
#include "core/sync/flight.hpp"

namespace notion::sync {

struct Receipt {
    std::string page;
    FlightKind kind = FlightKind::patch;
    int64_t read_us = 0;  ///< what was there before was seen; Notion's time
    int64_t acked_us = 0; ///< Notion's Date header of the answer
    std::vector<std::string> properties;
};

enum class Echo : uint8_t {
    foreign,            ///< to be read, and nothing of ours stands against it
    ours_alone,         ///< no read
    overwritten_unseen, ///< to be read; a conflict: a property that we sent was edited by another
};
struct EventFacts {
    std::string_view our_bot; ///< "" where not known: then nothing is ours
    int64_t event_us = 0;
};
/// A personal token acts as a person, and then no event is ours alone: its author must be a bot.
Echo judge(const Event& event, const EventFacts& facts, std::span<const Receipt> receipts);

inline constexpr int64_t receipt_keep_us = 48LL * 60 * 60 * 1'000'000;
inline constexpr size_t event_properties_max = 100; ///< as many may be a list that was cut

} // namespace notion::sync
