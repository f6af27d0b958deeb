// Wish: what a dirty row wants of Notion, from its current values and the base. Nothing is
// remembered of the change itself: a key is a level, not an edge.
// Absence without evidence wishes nothing.
// scope: none.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/sync/existence.hpp"
#include "core/sync/mapping.hpp"

namespace notion::sync {

/// For notion.conflicts.
struct Conflict {
    std::string column; ///< "": the row as a whole
    std::string kind = "both changed";
    Cell base;
    Cell postgres;
    Cell notion;
    std::string rule;
    std::string winner; ///< "" while open; postgres, notion, value
    Cell value;         ///< of winner value
    bool is_open = false;
    std::string note;
};

struct Decision {
    std::optional<Wish> wish;
    Held held; ///< complete: replaces the mapping's
    std::string reason;
    bool row_deleted = false; ///< with evidence, and still absent, or its page in the trash for it
    std::vector<Conflict> conflicts;
    std::vector<std::string> agreed; ///< columns whose open conflict is over
};
Decision decide(const Link& link, const Mapping& mapping, const std::optional<Row>& row,
                bool deleted);

/// Whether p differs from P: something is here that Notion was not told.
bool is_dirty(const Field& field, const BaseEntry* base, const Cell& p);
/// The row's text for a field (the mapping's key for the marker); nullopt where the row does not
/// have the column: unknown, never NULL.
std::optional<Cell> cell_in(const Field& field, const Row& row, const Mapping& mapping);
/// Fields that are to be sent and may be; fills `held` with those that cannot.
Fields dirty_fields(const Link& link, const Mapping& mapping, const Row& row, Held& held);

inline constexpr int hops_max = 3; ///< applies that feed each other: then the field is held

} // namespace notion::sync
