// Declared: what people write into the options of servers, user mappings, foreign tables and their
// columns, as far as its form tells right from wrong; who may write it is src/pg's affair.
// scope: none.
#pragma once

#include <cstdint>
#include <string_view>

namespace notion {

enum class Declared : uint8_t {
    any, ///< no form of its own
    timeout_ms,
    budget, ///< requests a minute
    misfit,
    names,
    part,
    filled, ///< any text but none
    version,
    property_type,
    object,
    api_url,
    server_id,
    token,
};

/// What the text has to be, in words that follow "Expected", or "" where it is that. The words end
/// in NUL.
std::string_view expected(Declared what, std::string_view text) noexcept;

} // namespace notion
