// Content: see the header.
// scope: none.
#include "core/sync/content.hpp"

namespace notion::sync {
namespace {

/// Nobody's text is overwritten that was not seen when it was decided.
ContentVerdict decide(const ContentFacts& facts) {
    switch (facts.decision) {
    case ContentDecision::postgres:
        return facts.page_as_decided ? ContentVerdict::send : ContentVerdict::conflict;
    case ContentDecision::notion:
        return facts.row_as_decided ? ContentVerdict::take : ContentVerdict::conflict;
    case ContentDecision::value:
        return facts.row_as_decided && facts.page_as_decided ? ContentVerdict::value
                                                             : ContentVerdict::conflict;
    case ContentDecision::none:
        return ContentVerdict::conflict;
    }
    return ContentVerdict::conflict;
}

/// Without a base an empty side has nothing to say, and two texts are a person's to choose from.
ContentVerdict meet(const ContentFacts& facts) {
    if (facts.row_empty)
        return ContentVerdict::take;
    return facts.page_empty ? ContentVerdict::send : decide(facts);
}

} // namespace

ContentVerdict judge_content(const ContentFacts& facts) {
    if (!facts.sends && !facts.equal) // a page that did not change leaves the column alone
        return facts.has_base && !facts.page_changed ? ContentVerdict::keep : ContentVerdict::take;
    if (facts.sent == SentContent::unknown && !facts.shows_sent)
        return ContentVerdict::later;
    if (facts.equal)
        return ContentVerdict::agreed;
    if (facts.shows_sent || facts.sent == SentContent::landed) {
        // What was sent is what both sides held then. The same words in another form may be
        // Notion's spelling or a person's edit: taken, neither is lost.
        if (!facts.row_changed_since_sent)
            return ContentVerdict::take;
        return facts.shows_sent ? ContentVerdict::send : decide(facts);
    }
    if (!facts.has_base)
        return meet(facts);
    if (facts.page_changed)
        return facts.row_changed ? decide(facts) : ContentVerdict::take;
    return facts.row_changed ? ContentVerdict::send : ContentVerdict::keep;
}

} // namespace notion::sync
