// A time zone on its way over the wall: pg reads it from the server's time zone database, the
// bridge makes a core Zone of it. scope: none.
#pragma once

#include <cstdint>
#include <string_view>

namespace notion::bridge {

/// A time zone as transitions (core/notion/zone.hpp); spans must hold equally many entries.
struct ZoneView {
    std::string_view name;
    int32_t first_offset_s;
    const int64_t* at_s;
    const int32_t* offset_s;
    int32_t transitions;
};

} // namespace notion::bridge
