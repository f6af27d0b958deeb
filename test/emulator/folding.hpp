// Texts as filters compare them: what case, accents, composition and blanks count for.
// scope: call.
#pragma once

#include "semantics.hpp"

namespace emulator {

std::string lower_case(std::string_view text);
/// `fold`: whether this test ignores case; `trim`: blanks at both ends.
std::string as_compared(const Semantics& semantics, std::string_view text, bool fold, bool trim);

} // namespace emulator
