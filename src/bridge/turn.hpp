// What a conversation with Notion needs next: the one protocol between the wait loop in pg and
// every reading object behind the bridge (Scan, Catalog).
// The object never waits and never takes from the budget: it says what it is waiting for.
// scope: none.
#pragma once

#include <cstdint>

#include "bridge/fault.hpp"

namespace notion::bridge {

class Reader; ///< one request after another, each repeated while that may help

enum class Turn : uint8_t {
    row,    ///< here is one
    asks,   ///< `reader` wants a request from the budget: take one, then reader_send
    waits,  ///< for the mux or for `wait_ms` (< 0: the mux alone), whichever is first
    done,   ///< no more rows
    failed, ///< the fault says why
};

struct Step {
    Turn turn = Turn::done;
    int64_t wait_ms = -1;
    Reader* reader = nullptr;
    /// with asks: other answers are under way, so do not wait for the budget but for the mux
    bool others = false;
    /// with row: asks as well, for what comes after; to be ignored where the budget has none now
    bool asks_ahead = false;
    /// Notion answered 429 or 529 since the last step: tell the budget
    bool refused = false;
    bool overloaded = false; ///< it was 529, which says nothing about the budget's size
    int64_t retry_after_ms = -1;
    /// Notion answered 401 to a renewable token since the last step: renew it, or raise
    bool expired = false;
};

/// A request was taken from the budget: it leaves now. requires: the last step said `asks` or
/// `asks_ahead` with this reader.
bool reader_send(Reader* reader, Fault& fault) noexcept;

} // namespace notion::bridge
