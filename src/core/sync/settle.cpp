// Settle: see the header.
// scope: none.
#include "core/sync/settle.hpp"

namespace notion::sync {
namespace {

Settlement settlement_of(FlightWork work) {
    switch (work) {
    case FlightWork::adopt:
        return Settlement::adopt;
    case FlightWork::duplicate:
        return Settlement::several;
    case FlightWork::decide_again:
    case FlightWork::write_again:
        return Settlement::not_sent;
    case FlightWork::create_unknown:
        return Settlement::give_up;
    case FlightWork::record:
        return Settlement::sent;
    case FlightWork::merge:
        return Settlement::merge;
    default:
        return Settlement::wait;
    }
}

Settled settle_create(const Link& link, const Mapping& mapping,
                      const std::vector<Snapshot>& candidates, std::string_view our_bot,
                      const FlightGuard& guard) {
    Settled settled;
    const Snapshot* found = nullptr;
    int count = 0;
    for (const Snapshot& snapshot : candidates) {
        if (!is_candidate(link, mapping, snapshot, our_bot))
            continue;
        if (our_bot.empty()) {
            settled.reason = "a page with the marker is there, but our own bot is not known yet";
            return settled;
        }
        found = &snapshot;
        ++count;
    }
    const FlightEvent event = count == 0   ? FlightEvent::none
                              : count == 1 ? FlightEvent::one
                                           : FlightEvent::several;
    const FlightStep step = fly(FlightState::unknown, FlightKind::create, event, guard);
    settled.settlement = settlement_of(step.work);
    if (settled.settlement == Settlement::adopt)
        settled.page = found->page;
    if (settled.settlement == Settlement::several)
        settled.reason = "duplicate page";
    if (settled.settlement == Settlement::give_up)
        settled.reason = "create unknown";
    return settled;
}

Shown shown_fields(const Link& link, const Mapping& mapping, const Snapshot& snapshot) {
    bool all_expected = true;
    bool all_base = true;
    for (const auto& [id, p] : mapping.payload.fields) {
        const Field* field = link.field(id);
        if (!field)
            continue;
        const auto half = snapshot.properties.find(field->property_id);
        if (half == snapshot.properties.end()) {
            all_expected = all_base = false;
            continue;
        }
        const Result<Value> sent = canonical(*field, p);
        const Result<Value> there = decoded(*field, half->second);
        all_expected &= sent.ok() && there.ok() && agrees(*field, *sent, *there);
        const auto entry = mapping.base.find(id);
        all_base &= entry != mapping.base.end() && entry->second.n &&
                    same_half(*entry->second.n, half->second);
    }
    if (all_expected)
        return Shown::expected;
    return all_base ? Shown::base : Shown::other;
}

} // namespace

Shown shown(const Link& link, const Mapping& mapping, const Snapshot& snapshot) {
    switch (mapping.payload.action) {
    case FlightKind::trash:
        return snapshot.in_trash ? Shown::expected : Shown::base;
    case FlightKind::restore:
        return snapshot.in_trash ? Shown::base : Shown::expected;
    case FlightKind::create:
    case FlightKind::patch:
        break;
    }
    return shown_fields(link, mapping, snapshot);
}

bool is_candidate(const Link& link, const Mapping& mapping, const Snapshot& snapshot,
                  std::string_view our_bot) {
    constexpr int64_t minute_us = 60'000'000;
    if (snapshot.in_trash || is_elsewhere(link, snapshot))
        return false;
    if (!mapping.sent_marker || snapshot.marker != mapping.sent_marker)
        return false;
    if (!our_bot.empty() && snapshot.created_by != our_bot)
        return false;
    if (!mapping.sent_us)
        return true;
    const int64_t patience_us = mapping.attempts > 1 ? intent_retry_us : intent_skew_us;
    return snapshot.created_us + minute_us > *mapping.sent_us - patience_us;
}

Settled settle(const Link& link, const Mapping& mapping, const std::vector<Snapshot>& candidates,
               std::string_view our_bot, int64_t asked_us) {
    FlightGuard guard;
    guard.settled = mapping.settle_until_us && asked_us > *mapping.settle_until_us;
    guard.attempts = mapping.attempts;
    if (mapping.payload.action == FlightKind::create)
        return settle_create(link, mapping, candidates, our_bot, guard);
    Settled settled;
    for (const Snapshot& snapshot : candidates) {
        if (snapshot.page != mapping.page)
            continue;
        constexpr FlightEvent events[] = {FlightEvent::as_expected, FlightEvent::as_base,
                                          FlightEvent::other_value};
        const FlightEvent event = events[static_cast<int>(shown(link, mapping, snapshot))];
        const FlightStep step = fly(FlightState::unknown, mapping.payload.action, event, guard);
        settled.settlement = settlement_of(step.work);
        return settled;
    }
    settled.reason = "the page could not be read";
    return settled;
}

} // namespace notion::sync
