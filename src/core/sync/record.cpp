// Record: see the header.
// scope: none.
#include "core/sync/record.hpp"

#include <algorithm>
#include <utility>

namespace notion::sync {
namespace {

bool contains(const std::vector<std::string>& list, std::string_view text) {
    return std::find(list.begin(), list.end(), text) != list.end();
}

SentAnswer answer_for(const Field& field, const Snapshot& snapshot, const Cell& p) {
    const auto half = snapshot.properties.find(field.property_id);
    if (half == snapshot.properties.end())
        return SentAnswer::missing;
    if (contains(snapshot.cut, field.property_id))
        return SentAnswer::cut;
    const Result<Value> sent = canonical(field, p);
    const Result<Value> shown = decoded(field, half->second);
    const bool equal = sent.ok() && shown.ok() && agrees(field, *sent, *shown);
    return equal ? SentAnswer::as_expected : SentAnswer::other;
}

void record_field(const Field& field, const Cell& p, const Snapshot& snapshot, Recorded& recorded) {
    const SentStep step = record_sent(answer_for(field, snapshot, p));
    BaseEntry& entry = recorded.base[field.id];
    const Cell before = entry.p.value_or(std::nullopt);
    if (step.gone) {
        recorded.held[field.id] = hold::gone;
        recorded.missing.push_back(field.property_id);
        return;
    }
    entry.seen.reset();
    entry.p = p;
    if (step.base == SentBase::p_and_answer) {
        entry.n = snapshot.properties.find(field.property_id)->second;
    } else {
        const Result<Value> value = canonical(field, p);
        Result<std::string> expected = fail(ErrorKind::unsendable, "");
        if (value.ok())
            expected = expected_half(field, *value, entry.n.value_or(""));
        if (expected.ok())
            entry.n = std::move(expected.value());
        else
            entry.n.reset(); // then whatever the page shows is news
    }
    recorded.news |= step.news;
    recorded.log.push_back({field.column, before, p, "", "postgres"});
}

/// A page that was made before we knew of it, by who had the queue before us, from whatever the row
/// was then: only what equals it was sent. The rest is that page's own: news where others have
/// edited it, and otherwise what the row has gone on from.
void record_doubtful(const Field& field, const Cell& p, bool is_touched, Recorded& recorded) {
    const Snapshot& snapshot = recorded.snapshot;
    const SentAnswer answer = answer_for(field, snapshot, p);
    if (answer != SentAnswer::other)
        return record_field(field, p, snapshot, recorded);
    recorded.news = true; // merged once more: then what differs is sent, or taken
    if (is_touched) {
        recorded.base.erase(field.id);
        return;
    }
    const std::string& half = snapshot.properties.find(field.property_id)->second;
    const Result<Value> there = decoded(field, half);
    BaseEntry& entry = recorded.base[field.id];
    entry = {};
    entry.n = half;
    if (there.ok())
        entry.p = to_cell(field, *there);
}

/// What a new page holds in a property that was not sent. A default there is nobody's edit: base,
/// no news. But a value in a field that only Notion fills (an ID, a time, a formula) is the row's
/// first: it has no base, and so is news. So is any value once somebody else has edited the page,
/// which may be before its create is known to have been done: then it may be an edit.
void record_unsent(const Link& link, const Wish& wish, Recorded& recorded) {
    const bool is_touched = recorded.snapshot.edited_by != recorded.snapshot.created_by;
    for (const Field& field : link.fields) {
        const auto half = recorded.snapshot.properties.find(field.property_id);
        if (half == recorded.snapshot.properties.end() || wish.fields.contains(field.id) ||
            field.is_marker)
            continue;
        const Result<Value> value = decoded(field, half->second);
        const bool is_default = value.ok() && is_empty(*value);
        BaseEntry& entry = recorded.base[field.id];
        entry = {};
        const bool may_be_edit = !field.sends() || is_touched;
        if (may_be_edit && !is_default) {
            recorded.base.erase(field.id);
            recorded.news = true;
            continue;
        }
        entry.p = Cell();
        entry.n = half->second;
    }
}

/// What a PATCH's answer shows besides. What Notion computes follows our own write: no news.
bool shows_more(const Link& link, const Mapping& mapping, const Wish& wish,
                const Recorded& recorded) {
    Mapping after = mapping;
    after.base = recorded.base;
    for (const Field& field : link.fields) {
        const auto half = recorded.snapshot.properties.find(field.property_id);
        if (half == recorded.snapshot.properties.end() || wish.fields.contains(field.id) ||
            field.is_generated || contains(recorded.snapshot.cut, field.property_id))
            continue;
        if (is_news(field, after, half->second))
            return true;
    }
    return false;
}

} // namespace

SentStep record_sent(SentAnswer answer) {
    switch (answer) {
    case SentAnswer::as_expected:
        return {SentBase::p_and_answer, false, false};
    case SentAnswer::other:
        return {SentBase::p_and_expected, true, false};
    case SentAnswer::cut: // as far as it can be seen; the rest shows once it was completed
        return {SentBase::p_and_expected, false, false};
    case SentAnswer::missing:
        break;
    }
    return {SentBase::old, false, true};
}

Result<Recorded> record(const Link& link, const Mapping& mapping, const Wish& wish,
                        const json::Value& answer) {
    Result<Snapshot> taken = take_snapshot(link, answer);
    if (!taken.ok())
        return taken.error();
    if (!mapping.page.empty() && mapping.page != taken->page)
        return fail(ErrorKind::malformed, "the answer is about another page");
    Recorded recorded;
    recorded.snapshot = std::move(taken.value());
    recorded.base = mapping.base;
    recorded.held = mapping.held;
    recorded.page_state = recorded.snapshot.in_trash ? PageState::trashed : PageState::live;

    const bool is_doubtful = wish.action == FlightKind::create &&
                             mapping.flight == FlightState::unknown && mapping.attempts == 0;
    const bool is_touched = recorded.snapshot.edited_by != recorded.snapshot.created_by;
    for (const Field& field : link.fields) {
        const auto sent = wish.fields.find(field.id);
        const bool is_marker_of_create = wish.action == FlightKind::create && field.is_marker;
        if (is_marker_of_create && field.sends())
            record_field(field, mapping.key, recorded.snapshot, recorded);
        else if (sent != wish.fields.end() && is_doubtful)
            record_doubtful(field, sent->second, is_touched, recorded);
        else if (sent != wish.fields.end())
            record_field(field, sent->second, recorded.snapshot, recorded);
    }
    if (wish.action == FlightKind::create)
        record_unsent(link, wish, recorded);
    else if (wish.action != FlightKind::trash)
        recorded.news |= shows_more(link, mapping, wish, recorded);
    recorded.news |= recorded.snapshot.in_trash != (wish.action == FlightKind::trash);
    return recorded;
}

Result<Paired> pair(const Link& link, const Row& row, const Snapshot& snapshot,
                    std::string_view prefer) {
    if (prefer != "" && prefer != "postgres" && prefer != "notion")
        return fail(ErrorKind::invalid_argument,
                    "prefer \"" + std::string(prefer) + "\" is not known", "",
                    "Use postgres or notion.");
    Paired paired;
    Base& base = paired.base;
    for (const Field& field : link.fields) {
        const auto half = snapshot.properties.find(field.property_id);
        const auto cell = row.find(field.column);
        if (half == snapshot.properties.end() || cell == row.end())
            continue;
        const Cell& p = cell->second;
        const Result<Value> here = canonical(field, p);
        const Result<Value> there = decoded(field, half->second);
        if (here.ok() && there.ok() && agrees(field, *here, *there)) {
            base[field.id] = {p, half->second, std::nullopt};
            continue;
        }
        if (field.direction == Direction::both)
            paired.differs.push_back(field.column);
        const bool postgres_wins = field.direction == Direction::to_notion ||
                                   (field.direction == Direction::both && prefer == "postgres");
        if (!postgres_wins)
            base[field.id] = {p, std::nullopt, std::nullopt}; // no N: whatever is there is news
        else if (there.ok())
            base[field.id] = {to_cell(field, *there), half->second, std::nullopt};
        else
            base[field.id] = {std::nullopt, half->second, std::nullopt}; // no P: dirty
    }
    if (!paired.differs.empty() && prefer.empty())
        base.clear();
    return paired;
}

} // namespace notion::sync
