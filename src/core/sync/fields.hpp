// Fields: the field merge over a whole row: facts from values, then the table, then what it says.
// Fills base, held, write, log and conflicts of a Merged; decides nothing of rows and pages.
// scope: call.
#pragma once

#include "core/sync/reconcile.hpp"

namespace notion::sync {

/// Every paired field of a present row. requires: `merged.base` and `merged.held` are the
/// mapping's.
void merge_fields(const Link& link, const Mapping& mapping, const Row& row,
                  const Snapshot& snapshot, const Times& times, Merged& merged);

/// A row for a page that has none. Empty values are left to the columns' defaults.
void insert_fields(const Link& link, const Mapping& mapping, const Snapshot& snapshot,
                   const Times& times, Merged& merged);

} // namespace notion::sync
