// Appends to pages: what an answer says of one, and what the page's blocks say of one whose outcome
// is unknown (core/sync/append.hpp). scope: none.
#pragma once

#include <cstdint>
#include <string_view>

#include "bridge/sync.hpp"

namespace notion::bridge {

/// As write_outcome, of PATCH /v1/pages/…/markdown; never look or verify.
WriteOutcome append_outcome(bool handed_over, int32_t status, std::string_view body) noexcept;

enum class Appended : uint8_t { done, not_done, unclear };
/// `blocks`: the JSON array of the page's blocks at its top level, all of them. `append`:
/// {"markdown","sent_ms","makers":["<id of a bot>", …],"before":[{"markdown","sent_ms","done_ms"},
/// …]}, times in milliseconds since 1970 by Notion's clock; "before": those of the page that were
/// answered, oldest first; "makers": who may have sent any of them.
bool append_settle(std::string_view blocks, std::string_view append, Appended& appended,
                   Fault& fault) noexcept;

} // namespace notion::bridge
