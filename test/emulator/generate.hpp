// Pages by the thousand, the same for the same seed: every property type is filled.
// scope: call.
#pragma once

#include "edit.hpp"

namespace emulator {

struct Generation {
    int64_t count = 100;
    uint64_t seed = 1;
    int64_t same_minute = 0;    // pages that share a minute; 0: by spread
    int64_t spread_minutes = 0; // from the first page to now; 0: one minute for 100 pages
};

void generate_pages(World& world, DataSource& source, const Generation& wish);

} // namespace emulator
