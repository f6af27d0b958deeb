// Cell: one column value on its way over the wall, in either direction: a trivially copyable view.
// Which kind a ColumnType uses is that of core/notion/value.hpp. Texts are UTF-8.
// Assumes whoever made it keeps what it points to. scope: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/notion/value.hpp"

namespace notion::bridge {

enum class CellKind : uint8_t { null, boolean, integer, real, day, instant, text, list };

struct Cell {
    CellKind kind = CellKind::null;
    bool boolean = false;
    int64_t number = 0; ///< integer; days since 1970; microseconds since 1970 UTC
    double real = 0;
    std::string_view text;
    const std::string_view* items = nullptr; ///< list
    size_t count = 0;
};

} // namespace notion::bridge
