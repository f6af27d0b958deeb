// Walk: through all pages of a query, beyond the 10,000 that Notion gives of one. Asked in the
// order of creation; where a list is cut, or its cursor was lost, on from the last minute seen;
// where more pages than that share a minute, they are told apart by their last edit, then by their
// unique id. Refuses to guess: an answer that is not in the order that was asked for cannot be gone
// on from. scope: none.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "core/notion/answer.hpp"

namespace notion {

/// Pages created at `from` or later and before `before`, by the minute that they show.
struct Range {
    std::optional<Instant> from;
    std::optional<Instant> before;
    bool has(Instant created) const {
        return (!from || created >= *from) && (!before || created < *before);
    }
};

class Walk {
  public:
    /// `number_property`: the id of the data source's unique id, or "" where it has none.
    explicit Walk(Range range, std::string number_property = "");

    /// What to ask, beside the query's own filter: Notion's JSON, each a condition without and/or.
    std::vector<std::string> conditions() const;
    std::string sorts() const;
    /// Whether the pages of this list must show the unique id.
    bool wants_number() const { return level_ == numbers; }

    /// Every page of the answers, in their order. True: it is one of ours, and new.
    bool take(const PageHead& page);
    /// The list was cut at Notion's cap, and all that came of it was taken: whether there is a way
    /// on. requires: then a new list is asked for.
    bool cut();
    /// Its cursor was lost: likewise.
    bool lose();
    /// The list ended: whether another one follows.
    bool end();

    /// Nothing of this range is ours any more; of the minute before `before` but for these pages.
    void shrink(Instant before, std::vector<std::string> but = {});
    /// The later part, from `at` on, as a walk of its own. requires: can_split(at).
    Walk split(Instant at);
    /// Nothing from `at` on was seen yet.
    bool can_split(Instant at) const;
    const Range& range() const { return range_; }
    /// The newest minute seen so far; what is older was taken.
    std::optional<Instant> minute() const { return minute_; }
    bool has_taken(const PageHead& page) const;
    /// Pages after this one are none of ours: the answer need not be read on.
    bool is_beyond(const PageHead& page) const;

  private:
    enum Level : uint8_t { creation, edits, numbers };
    std::optional<int64_t> key_of(const PageHead& page) const;
    bool has_moved() const { return last_ && (!from_[level_] || *last_ > *from_[level_]); }
    void begin_list();

    Range range_;
    std::string number_property_;
    Level level_ = creation;
    /// Where the list begins: minutes inclusive (microseconds), numbers exclusive.
    std::array<std::optional<int64_t>, 3> from_;
    std::array<int64_t, 2> fixed_{}; ///< the minutes of creation and edit that are being told apart
    std::optional<int64_t> last_;    ///< of the page seen last in this list
    bool ordered_ = true;
    bool tight_ = false;       ///< no margin before from_
    bool seen_before_ = false; ///< this list had pages of the margin
    bool fruitful_ = false;    ///< this list had new pages
    std::optional<Instant> minute_;
    std::unordered_set<std::string> taken_;  ///< pages of `minute_`
    std::unordered_set<std::string> others_; ///< pages of the minute before range_.before
};

/// `filter` (Notion's JSON, "" = none) and all `conditions`, within Notion's two levels and 100
/// conditions each: nullopt where they do not fit.
std::optional<std::string> narrowed(std::string_view filter,
                                    const std::vector<std::string>& conditions);

/// Creation times that cut what was added into parts alike: of a sample, since there may be many.
class Quantiles {
  public:
    void add(Instant created);
    int64_t count() const { return count_; }
    std::vector<Instant> cuts(int parts) const;

  private:
    std::vector<Instant> sample_; ///< every stride_-th
    int64_t count_ = 0;
    int64_t stride_ = 1;
};

/// Minutes that cut the time between the two into `parts` alike; fewer where it is short.
std::vector<Instant> cuts_between(Instant first, Instant last, int parts);

} // namespace notion
