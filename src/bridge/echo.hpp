// Echo, as the worker sees it: whether a webhook's event speaks of our own write alone, JSON in
// (docs/sync.md). The glue gives what it kept, and does what it is told.
// scope: none.
#pragma once

#include <cstdint>
#include <string_view>

#include "bridge/fault.hpp"

namespace notion::bridge {

enum class Echo : uint8_t {
    foreign,            ///< the page is to be read
    ours_alone,         ///< nothing is to be read
    overwritten_unseen, ///< to be read; and a property that we sent was edited by another meanwhile
};

/// `event`: as webhook_event prints it. `receipts`: [{"kind": "create"|"patch"|"trash"|"restore",
/// "read_at", "acked_at", "properties": ["<property id>"]}], of the event's page. `our_bot`: ""
/// where it is not known: then nothing is ours. Errors: malformed.
bool event_echo(std::string_view event, std::string_view receipts, std::string_view our_bot,
                Echo& echo, Fault& fault) noexcept;

} // namespace notion::bridge
