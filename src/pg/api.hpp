// Drives one request (bridge/api.hpp) to its answer: budget, waiting, errors. A cancel while Notion
// has a write is an unknown outcome, and is told as one. scope: call.
#pragma once

#include "bridge/api.hpp"
#include "pg/talk.hpp"

namespace notion::pg {

/// False where there is no good answer: talk->fault says why.
bool api_try(bridge::Api* api, Talk* talk);
/// Raises where there is none.
void api_run(bridge::Api* api, Talk* talk);

} // namespace notion::pg
