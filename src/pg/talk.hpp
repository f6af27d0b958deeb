// Serves what a reading object behind the bridge asks for: budget, waiting, errors.
// One Talk a scan; that it waits is said once a statement, and notion.max_requests bounds that.
// scope: query.
#pragma once

#include "bridge/turn.hpp"
#include "pg/connection.hpp"

namespace notion::pg {

struct Talk {
    Connection* connection;
    sync::Priority priority;
    int64_t requests;
    int64_t waited_ms;   ///< for the budget
    bridge::Fault fault; ///< for the bridge calls of this conversation
};

void talk_begin(Talk* talk, Connection* connection, sync::Priority priority);
/// What every step may say beside its turn: tells the budget what Notion refused, and has an
/// expired token renewed, which may wait, and raises where that fails.
void talk_hear(Talk* talk, const bridge::Step& step);
/// Does what the step needs and returns when asking again makes sense; raises where it failed.
/// requires: the step is no row and not done.
void talk_serve(Talk* talk, const bridge::Step& step);
/// For a row's asks_ahead: sends if the budget has a request now, never waits.
void talk_ahead(Talk* talk, const bridge::Step& step);

/// Raises where the statement may make no further request (notion.max_requests).
void talk_check();
/// A request leaves.
void talk_count(Talk* talk);
/// Says once that the budget makes the statement wait, where that is worth a line.
void talk_announce(const Talk* talk, int64_t wait_ms);

} // namespace notion::pg
