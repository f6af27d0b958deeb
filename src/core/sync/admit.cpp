// Admission: see the header. The letters are those of docs/sync.md.
// scope: none.
#include "core/sync/admit.hpp"

namespace notion::sync {
namespace {

constexpr int64_t minute_ms = 60'000; ///< Notion rounds last_edited_time down to it

/// A query's word on news: its minute is above all that is known, or the index had the time to
/// catch up with everything that happened in that minute.
bool query_is_trusted(const AdmitFacts& facts) {
    return facts.edited_ms > facts.highest_ms ||
           facts.asked_at_ms > facts.edited_ms + minute_ms + facts.index_lag_ms;
}

/// Formulas and times follow our own writes; they must not feed an apply that feeds a write.
bool is_own_echo(const AdmitFacts& facts) {
    return facts.news == News::generated && facts.via != Via::scan &&
           facts.edited_ms <= facts.highest_ms;
}

} // namespace

Admission admit(const AdmitFacts& facts) {
    if (!facts.mapped) {
        if (facts.news == News::none)
            return Admission::nothing_new;
        if (facts.is_part)
            return Admission::read_page;
        return facts.is_cut ? Admission::complete_it : Admission::admitted;
    }
    const bool is_answer = facts.via == Via::answer;
    if (facts.in_flight && !is_answer) // a
        return Admission::thrown_away;
    if (facts.asked_tick <= facts.fence && !is_answer) // b
        return Admission::thrown_away;
    if (facts.edited_ms < facts.highest_ms) // c
        return Admission::thrown_away;
    if (facts.is_part && !is_answer) // f
        return Admission::read_page;
    if (facts.is_cut) // e
        return Admission::complete_it;
    // What equals the base is news while something else waits to be merged over it.
    if (!facts.awaited && (facts.news == News::none || is_own_echo(facts)))
        return Admission::nothing_new;
    const bool is_query = facts.via == Via::poll || facts.via == Via::scan;
    if (is_query && !query_is_trusted(facts)) // d
        return Admission::read_page;
    return Admission::admitted;
}

} // namespace notion::sync
