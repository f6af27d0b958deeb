// Reconcile: one admitted snapshot into one row, field by field (merge.hpp) and as wholes
// (existence.hpp). The caller holds the mapping's and the row's lock and does what is said here in
// one transaction.
// scope: none.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/sync/newest.hpp"
#include "core/sync/snapshot.hpp"
#include "core/sync/wish.hpp"

namespace notion::sync {

inline constexpr int64_t trash_grace_us = 5 * 60 * 1'000'000LL; ///< before a row is deleted

/// What a person decided of a held field, and what both sides held when they did.
struct Resolution {
    std::string winner; ///< postgres, notion or value
    Cell postgres;
    Cell notion;
    Cell value;
};

/// What the caller knows besides.
struct Times {
    std::optional<int64_t> row_changed_us;
    std::optional<int64_t> asked_us;         ///< when the snapshot was asked for
    std::optional<int64_t> trashed_since_us; ///< when the page was first seen in the trash
    std::map<std::string, int64_t, std::less<>> events_us;      ///< property id -> an event's time
    std::map<std::string, Resolution, std::less<>> resolutions; ///< by field id
    bool deleted = false; ///< a DELETE of the row was captured
    int hops = 0;
    std::map<std::string, Resolution, std::less<>> answers; ///< of functions, by field id
    /// Property ids of relations whose pages are no rows here: they are not taken, but held.
    std::set<std::string, std::less<>> unfollowed;
    int64_t trash_grace_us = sync::trash_grace_us;
};
Result<Times> parse_times(std::string_view json);

enum class MergeAction : uint8_t { none, insert, update, remove, trashed, ask, wait };
std::string_view name_of(MergeAction action);

/// For notion.log.
struct Change {
    std::string column;
    Cell from;
    Cell to;
    std::string rule;
    std::string side; ///< where the change came from
};

/// A question to the function that is a field's rule.
struct Ask {
    std::string id;
    std::string column;
    std::string function;
    Cell base;
    Cell postgres;
    Cell notion;
    std::string_view newer; ///< postgres, notion; "" where nobody can tell
};

struct Merged {
    MergeAction action = MergeAction::none;
    PageState page_state = PageState::live;
    bool row_deleted = false; ///< with evidence
    Fields write;             ///< by column
    Base base;                ///< complete: replaces the mapping's
    Held held;                ///< complete: replaces the mapping's
    std::vector<Change> log;
    std::vector<Conflict> conflicts;
    std::vector<std::string> agreed; ///< columns whose open conflicts are over
    std::vector<Ask> asks;           ///< with action ask: nothing else counts before the answers
    std::optional<bool> mark;        ///< of on_notion_trash mark: the column to be set
    bool recheck = false;            ///< the page is read again once the grace is over
    bool dirty = false;              ///< something is left to be sent
    std::string reason;
};
Merged reconcile(const Link& link, const Mapping& mapping, const std::optional<Row>& row,
                 const Snapshot& snapshot, const Times& times);

/// After the write: the row as it is now (triggers, defaults, generated columns) against the base.
struct Rebased {
    Base base;
    bool dirty = false;
    std::vector<Change> log; ///< columns that are not what was written
};
Rebased rebase(const Link& link, const Mapping& mapping, const Base& base, const Held& held,
               const Fields& write, const Row& row);

} // namespace notion::sync
