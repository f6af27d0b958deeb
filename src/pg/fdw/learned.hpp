// What past scans learned of foreign tables: how many pages there are, and when they were created.
// In shared memory, so that every session plans by it; lost with the server, and only ever an
// estimate. scope: cluster.
#pragma once

#include "pg/postgres.hpp"

#include "bridge/scan.hpp"

namespace notion::pg {

using Learned = bridge::ScanLesson;

/// False where nothing is known.
bool recall(Oid table, Learned* known);
void learn(Oid table, const Learned& lesson);

} // namespace notion::pg
