// The breakers of this server's foreign servers in shared memory (core/sync/breaker.hpp): one a
// foreign server, noted by the worker, shown by notion.breakers(). Where shared memory has no room
// they are the worker's own. scope: cluster.
#pragma once

#include "pg/postgres.hpp"

namespace notion::pg::worker {

/// 0: a request may go; else the milliseconds to wait. A probe is a read that goes alone.
int64_t pass_breaker(Oid server, bool is_probe);
/// A probe that passed was not sent after all.
void leave_breaker(Oid server);
/// What came of a request: its status, 0 = no answer.
void note_answer(Oid server, int32_t status);

} // namespace notion::pg::worker
