// Settle: what became of a write whose outcome is unknown. Positive evidence counts at any time,
// negative only if asked for after `settle_until`; where neither decides, a person does. A value
// that is as before the write proves nothing once another has edited the page: it may be set back.
// scope: none.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/sync/snapshot.hpp"

namespace notion::sync {

enum class Settlement : uint8_t { wait, adopt, sent, not_sent, merge, several, give_up };

struct Settled {
    Settlement settlement = Settlement::wait;
    std::string page; ///< adopt, merge: the page
    std::string reason;
    Base base; ///< merge: the mapping's, with what of the write the page shows
    Held held; ///< merge: the mapping's, with what may have been written and set back since
};
/// What `settle` knows besides the pages. Times are ours.
struct Look {
    std::string_view our_bot; ///< "" where not known
    int64_t asked_us = 0;
    int64_t skew_us = 0; ///< our clock less Notion's
};
/// `candidates`: of a create: unmapped pages with its marker; otherwise the page's own snapshot.
Settled settle(const Link& link, const Mapping& mapping, const std::vector<Snapshot>& candidates,
               const Look& look);

/// How a page stands to a write that was to change it: all that was sent is there, or all is as it
/// was before.
enum class Shown : uint8_t { expected, base, other };
Shown shown(const Link& link, const Mapping& mapping, const Snapshot& snapshot);

/// A page counts as our create's if it is not in the trash, in our data source, marked byte for
/// byte as sent, by our bot or one that sent it, and not from before the intent.
bool is_candidate(const Link& link, const Mapping& mapping, const Snapshot& snapshot,
                  std::string_view our_bot);

/// Less of it is not noticed, and Date headers have whole seconds.
inline constexpr int64_t sent_skew_us = 4 * 1'000'000LL;
/// Our clock may be ahead of Notion's; a page of a first attempt is older than the second's intent.
inline constexpr int64_t intent_skew_us = 10 * 60 * 1'000'000LL;
inline constexpr int64_t intent_retry_us = 24 * 60 * 60 * 1'000'000LL;

/// The deadline of Notion's side, the network's, and the index's, after which nothing is on its
/// way any more.
constexpr int64_t settle_ms(int64_t index_lag_ms) {
    constexpr int64_t notion_deadline_ms = 55'000; // the deadline_ms of its 503 bodies
    constexpr int64_t network_ms = 30'000;         // TCP_USER_TIMEOUT
    return notion_deadline_ms + network_ms + index_lag_ms;
}

} // namespace notion::sync
