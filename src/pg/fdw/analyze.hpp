// ANALYZE of a foreign table: a sample of its pages, and how many there are. scope: call.
#pragma once

#include "pg/postgres.hpp"

namespace notion::pg {

bool analyze_table(Relation table, AcquireSampleRowsFunc* sample, BlockNumber* pages);

} // namespace notion::pg
