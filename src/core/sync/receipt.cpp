// Receipt: see the header.
// scope: none.
#include "core/sync/receipt.hpp"

#include <algorithm>
#include <optional>

namespace notion::sync {
namespace {

/// Date headers tell seconds; events tell milliseconds.
constexpr int64_t second_us = 1'000'000;

bool holds(const Receipt& receipt, const Event& event, int64_t at_us) {
    return receipt.page == event.entity && at_us >= receipt.read_us &&
           at_us < receipt.acked_us + second_us;
}

/// Until a create was answered nobody else knew the page: all that it holds is ours. All that a
/// page holds goes into the trash with it.
bool names(const Receipt& receipt, std::string_view property) {
    return receipt.kind == FlightKind::create || receipt.kind == FlightKind::trash ||
           std::find(receipt.properties.begin(), receipt.properties.end(), property) !=
               receipt.properties.end();
}

/// Notion tells of an edited title as of edited content, too, and then names nothing.
constexpr std::string_view title_id = "title";
bool may_name_title(const Event& event) {
    return event.type == "page.content_updated";
}

/// A page's content is named like a property in receipts; its events name nothing.
constexpr std::string_view content_id = "(content)";
bool replaced_content(const Event& event, int64_t at_us, std::span<const Receipt> receipts) {
    return event.type == "page.content_updated" &&
           std::any_of(receipts.begin(), receipts.end(), [&](const Receipt& receipt) {
               return receipt.kind == FlightKind::patch && holds(receipt, event, at_us) &&
                      names(receipt, content_id);
           });
}

bool overwrites(const Receipt& receipt) {
    return receipt.kind == FlightKind::patch || receipt.kind == FlightKind::trash;
}

bool is_only_author(const Event& event, std::string_view our_bot) {
    return event.authors.size() == 1 && event.authors[0].id == our_bot &&
           event.authors[0].type == "bot";
}

/// What of ours raises an event of that type; nullopt: nothing, or properties decide.
std::optional<FlightKind> cause_of(std::string_view type) {
    if (type == "page.created")
        return FlightKind::create;
    if (type == "page.deleted")
        return FlightKind::trash;
    if (type == "page.undeleted")
        return FlightKind::restore;
    return std::nullopt;
}

bool is_caused(const Event& event, int64_t at_us, std::span<const Receipt> receipts) {
    const std::optional<FlightKind> cause = cause_of(event.type);
    return cause && std::any_of(receipts.begin(), receipts.end(), [&](const Receipt& receipt) {
               return receipt.kind == *cause && holds(receipt, event, at_us);
           });
}

} // namespace

Echo judge(const Event& event, const EventFacts& facts, std::span<const Receipt> receipts) {
    size_t covered = 0;
    bool overwrote = std::any_of(receipts.begin(), receipts.end(), [&](const Receipt& receipt) {
        return may_name_title(event) && overwrites(receipt) &&
               holds(receipt, event, facts.event_us) && names(receipt, title_id);
    });
    const bool replaced = replaced_content(event, facts.event_us, receipts);
    overwrote |= replaced;
    for (const std::string& property : event.properties) {
        bool is_covered = false;
        for (const Receipt& receipt : receipts) {
            const bool told = holds(receipt, event, facts.event_us) && names(receipt, property);
            is_covered |= told;
            overwrote |= told && overwrites(receipt);
        }
        covered += is_covered;
    }
    const bool is_ours = !facts.our_bot.empty() && is_only_author(event, facts.our_bot);
    const bool is_whole =
        event.properties.size() < event_properties_max && covered == event.properties.size();
    const bool is_explained =
        !event.properties.empty() || replaced || is_caused(event, facts.event_us, receipts);
    if (is_ours && is_whole && is_explained)
        return Echo::ours_alone;
    // By our bot, though another integration's edit could not be told from it: only what names
    // another author is said to be overwritten.
    const bool names_another =
        std::any_of(event.authors.begin(), event.authors.end(), [&](const Author& author) {
            return facts.our_bot.empty() || author.id != facts.our_bot;
        });
    return overwrote && names_another ? Echo::overwritten_unseen : Echo::foreign;
}

} // namespace notion::sync
