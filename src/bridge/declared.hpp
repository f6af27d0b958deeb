// What people write into options, checked by its form: core/notion/declared.hpp. scope: none.
#pragma once

#include <string_view>

#include "core/notion/declared.hpp"

namespace notion::bridge {

/// What the text has to be, for people, or "" where it is that. Static, and ends in NUL.
std::string_view declared_expected(Declared what, std::string_view text) noexcept;

} // namespace notion::bridge
