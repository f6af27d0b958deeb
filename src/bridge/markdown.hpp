// Markdown, as far as the database understands it by itself: its plain text.
// scope: call.
#pragma once

#include <string_view>

#include "bridge/fault.hpp"

namespace notion::bridge {

struct Plain; ///< owns a plain text

/// `markdown`: Notion's, in UTF-8. Null with a fault. Errors: out_of_memory.
Plain* plain_of(std::string_view markdown, Fault& fault) noexcept;
/// Valid until plain_free.
std::string_view plain_view(const Plain* plain) noexcept;
void plain_free(Plain* plain) noexcept;

} // namespace notion::bridge
