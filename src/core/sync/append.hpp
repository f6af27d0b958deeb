// Append: what became of an append of unknown outcome, by the blocks of its page. Appends of a page
// go one after the other, so the blocks that we made there since it was sent are those of appends
// that were answered, and then its own, if it was done. Whatever does not say so word by word is a
// person's to decide: an append cannot be taken back, nor done twice.
// scope: none.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "core/sync/outcome.hpp"

namespace notion::sync {

/// A block at the page's top level, in the page's order.
struct AppendBlock {
    std::string letters;       ///< of all its texts
    bool has_children = false; ///< which were not read
    bool is_ours = false;      ///< made by one of our bots
    int64_t created_ms = 0;    ///< Notion's time, rounded to the minute
};
/// `results`: the JSON array of what GET /v1/blocks/…/children gave. `makers`: the bots that may
/// have sent the appends in question; the token may have become another's since. Errors: malformed.
Result<std::vector<AppendBlock>> parse_append_blocks(std::string_view results,
                                                     std::span<const std::string> makers);

struct Append {
    std::string letters; ///< of its plain text
    int64_t sent_ms = 0; ///< Notion's time
    int64_t done_ms = 0; ///< when it was answered; 0: it was not
};

enum class Appended : uint8_t { done, not_done, unclear };
/// `before`: those of the page that were answered, oldest first.
Appended settle_append(const std::vector<AppendBlock>& blocks, const std::vector<Append>& before,
                       const Append& append);

/// Clocks differ by so much without notice, and an answer travels.
inline constexpr int64_t append_slack_ms = 3'000;

/// What an exchange says of an append; a refusal is permanent, and 409 decides nothing.
Outcome append_outcome(bool handed_over, int32_t status, std::string_view body);

} // namespace notion::sync
