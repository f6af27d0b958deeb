// Settle: see the header.
// scope: none.
#include "core/sync/settle.hpp"

#include <algorithm>

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

/// nullptr where the page does not show it.
const std::string* half_of(const Field& field, const Snapshot& snapshot) {
    const auto half = snapshot.properties.find(field.property_id);
    return half == snapshot.properties.end() ? nullptr : &half->second;
}

bool is_expected(const Field& field, const Cell& p, const std::string* half) {
    if (!half)
        return false;
    const Result<Value> sent = canonical(field, p);
    const Result<Value> there = decoded(field, *half);
    return sent.ok() && there.ok() && agrees(field, *sent, *there);
}

bool is_base(const Field& field, const Mapping& mapping, const std::string* half) {
    const auto entry = mapping.base.find(field.id);
    return half && entry != mapping.base.end() && entry->second.n &&
           same_half(*entry->second.n, *half);
}

Shown shown_fields(const Link& link, const Mapping& mapping, const Snapshot& snapshot) {
    bool all_expected = true;
    bool all_base = true;
    for (const auto& [id, p] : mapping.payload.fields) {
        const Field* field = link.field(id);
        if (!field)
            continue;
        const std::string* half = half_of(*field, snapshot);
        all_expected &= is_expected(*field, p, half);
        all_base &= is_base(*field, mapping, half);
    }
    if (all_expected)
        return Shown::expected;
    return all_base ? Shown::base : Shown::other;
}

/// Whether somebody else may have edited the page since the write left: minutes tell no more.
bool is_touched(const Mapping& mapping, const Snapshot& snapshot, const Look& look) {
    constexpr int64_t minute_us = 60'000'000;
    if (!look.our_bot.empty() && snapshot.edited_by == look.our_bot)
        return false;
    return !mapping.sent_us ||
           snapshot.edited_us + minute_us > *mapping.sent_us - look.skew_us - sent_skew_us;
}

/// Field by field. What is as it was sent is agreed, whoever put it there. What is as it was
/// before, on a page that another has edited, was not written, or is set back: nobody can tell.
void tell_fields(const Link& link, const Mapping& mapping, const Snapshot& snapshot, bool touched,
                 Settled& settled) {
    settled.base = mapping.base;
    settled.held = mapping.held;
    for (const auto& [id, p] : mapping.payload.fields) {
        const Field* field = link.field(id);
        if (!field)
            continue;
        const std::string* half = half_of(*field, snapshot);
        if (is_expected(*field, p, half))
            settled.base[id] = {p, *half, std::nullopt};
        else if (touched && (!half || is_base(*field, mapping, half)))
            settled.held[id] = hold::doubtful;
    }
}

Settled settle_page(const Link& link, const Mapping& mapping, const Snapshot& snapshot,
                    const FlightGuard& guard, const Look& look) {
    constexpr FlightEvent events[] = {FlightEvent::as_expected, FlightEvent::as_base,
                                      FlightEvent::other_value};
    Settled settled;
    const bool is_patch = mapping.payload.action == FlightKind::patch;
    const bool touched = is_patch && is_touched(mapping, snapshot, look);
    Shown it = shown(link, mapping, snapshot);
    if (it == Shown::base && touched)
        it = Shown::other;
    const FlightEvent event = events[static_cast<int>(it)];
    const FlightStep step = fly(FlightState::unknown, mapping.payload.action, event, guard);
    settled.settlement = settlement_of(step.work);
    if (settled.settlement != Settlement::merge)
        return settled;
    settled.page = mapping.page;
    tell_fields(link, mapping, snapshot, touched, settled);
    return settled;
}

/// The bot that sent it need not be today's: the token may have changed since.
bool is_maker(const Mapping& mapping, const Snapshot& snapshot) {
    return std::ranges::find(mapping.makers, snapshot.created_by) != mapping.makers.end();
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
    if (!our_bot.empty() && snapshot.created_by != our_bot && !is_maker(mapping, snapshot))
        return false;
    if (!mapping.sent_us)
        return true;
    const int64_t patience_us = mapping.attempts > 1 ? intent_retry_us : intent_skew_us;
    return snapshot.created_us + minute_us > *mapping.sent_us - patience_us;
}

Settled settle(const Link& link, const Mapping& mapping, const std::vector<Snapshot>& candidates,
               const Look& look) {
    FlightGuard guard;
    guard.settled = mapping.settle_until_us && look.asked_us > *mapping.settle_until_us;
    guard.attempts = mapping.attempts;
    if (mapping.payload.action == FlightKind::create)
        return settle_create(link, mapping, candidates, look.our_bot, guard);
    for (const Snapshot& snapshot : candidates)
        if (snapshot.page == mapping.page)
            return settle_page(link, mapping, snapshot, guard, look);
    Settled settled;
    settled.reason = "the page could not be read";
    return settled;
}

} // namespace notion::sync
