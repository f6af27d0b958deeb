// Drives one request (bridge/api.hpp) to its answer: budget, waiting, errors. A cancel while Notion
// has a write is an unknown outcome, and is told as one. scope: call.
#pragma once

#include "bridge/api.hpp"
#include "pg/talk.hpp"

namespace notion::pg {

/// Raises where there is no good answer.
void api_run(bridge::Api* api, Talk* talk);

} // namespace notion::pg
