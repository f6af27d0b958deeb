// EXPLAIN of a foreign scan: what it asks of Notion and what that costs. Makes no request.
// scope: call.
#pragma once

#include "pg/postgres.hpp"

namespace notion::pg {

void explain_scan(ForeignScanState* node, ExplainState* explain);

} // namespace notion::pg
