// Declared: see the header. scope: none.
#include "bridge/declared.hpp"

namespace notion::bridge {

std::string_view declared_expected(Declared what, std::string_view text) noexcept {
    return expected(what, text);
}

} // namespace notion::bridge
