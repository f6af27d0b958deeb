// Receipt: see the header.
// scope: none.
#include "core/sync/receipt.hpp"

#include <algorithm>

namespace notion::sync {
namespace {

/// Date headers tell seconds; events tell milliseconds.
constexpr int64_t second_us = 1'000'000;

bool holds(const Receipt& receipt, const Event& event, int64_t at_us) {
    return receipt.page == event.entity && at_us >= receipt.read_us &&
           at_us < receipt.acked_us + second_us;
}

bool names(const Receipt& receipt, std::string_view property) {
    return std::find(receipt.properties.begin(), receipt.properties.end(), property) !=
           receipt.properties.end();
}

bool is_only_author(const Event& event, std::string_view our_bot) {
    return event.authors.size() == 1 && event.authors[0].id == our_bot;
}

} // namespace

Echo judge(const Event& event, const EventFacts& facts, std::span<const Receipt> receipts) {
    size_t covered = 0;
    for (const std::string& property : event.properties) {
        covered += std::any_of(receipts.begin(), receipts.end(), [&](const Receipt& receipt) {
            return holds(receipt, event, facts.event_us) && names(receipt, property);
        });
    }
    const bool is_ours =
        !facts.our_bot.empty() && facts.token_is_bot && is_only_author(event, facts.our_bot);
    const bool is_whole =
        !event.properties.empty() && event.properties.size() < event_properties_max;
    if (is_ours && is_whole && covered == event.properties.size())
        return Echo::ours_alone;
    // By our bot, though another integration's edit could not be told from it: only what names
    // another author is said to be overwritten.
    const bool names_another =
        std::any_of(event.authors.begin(), event.authors.end(), [&](const Author& author) {
            return facts.our_bot.empty() || author.id != facts.our_bot;
        });
    return covered > 0 && names_another ? Echo::overwritten_unseen : Echo::foreign;
}

} // namespace notion::sync
