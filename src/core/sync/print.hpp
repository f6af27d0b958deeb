// Print: what the sync decided as JSON, in the shapes of docs/sync.md.
// scope: none.
#pragma once

#include <string>

#include "core/sync/event.hpp"
#include "core/sync/record.hpp"
#include "core/sync/request.hpp"
#include "core/sync/settle.hpp"

namespace notion::sync {

std::string print(const Decision& decision);
std::string print(const Snapshot& snapshot);
std::string print(const SnapshotList& list);
std::string print(const Merged& merged);
std::string print(const Rebased& rebased);
std::string print(const Paired& paired);
std::string print(const Recorded& recorded);
std::string print(const Call& call, const Cell& marker);
std::string print(const Settled& settled);
std::string print(const Event& event);

} // namespace notion::sync
