// Number: decimals and doubles as texts. Notion's numbers are JavaScript's: doubles.
// scope: none.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace notion {

/// Integers beyond this have no exact double: Notion cannot hold them.
inline constexpr int64_t integer_max = int64_t{1} << 53;

/// The shortest plain decimal that reads as this double: no exponent. requires: finite.
std::string decimal_of(double value);
/// A plain or exponential decimal in canonical form (see ColumnType::numeric), or nullopt where the
/// text is none or its exponent is absurd.
std::optional<std::string> canonical_decimal(std::string_view text);
/// The double nearest to a decimal, infinite where it is beyond; nullopt where the text is none.
std::optional<double> double_of(std::string_view text);
/// As PostgreSQL prints float8 with extra_float_digits 1: `1e+20`, `0.0001`, `NaN`, `-Infinity`.
std::string float8_text(double value);

} // namespace notion
