// Record: what the base becomes when Notion has answered a write (transaction 2 of a flight), and
// when a row and a page are paired for the first time.
// For each property sent: the answer as expected: P := p, N := answer; else P := p, N := expected,
// and the answer is news, merged as any snapshot. scope: none.
#pragma once

#include <string>
#include <vector>

#include "core/sync/reconcile.hpp"

namespace notion::sync {

/// One property that was sent, as a table: what its base becomes.
enum class SentAnswer : uint8_t { as_expected, other, cut, missing };
enum class SentBase : uint8_t { p_and_answer, p_and_expected, old };
struct SentStep {
    SentBase base;
    bool news;
    bool gone; ///< set aside: the property is no longer there
};
SentStep record_sent(SentAnswer answer);

struct Recorded {
    Snapshot snapshot; ///< the answer
    PageState page_state = PageState::live;
    Base base; ///< complete
    Held held; ///< complete
    std::vector<std::string> missing;
    std::vector<Change> log;
    bool news = false; ///< the answer shows what the new base does not: keep it as a snapshot
};
Result<Recorded> record(const Link& link, const Mapping& mapping, const Wish& wish,
                        const json::Value& answer);

/// The base of a first pairing. `prefer`: "", postgres or notion. Errors: invalid_argument.
struct Paired {
    std::vector<std::string> differs; ///< columns
    Base base;
};
Result<Paired> pair(const Link& link, const Row& row, const Snapshot& snapshot,
                    std::string_view prefer);

} // namespace notion::sync
