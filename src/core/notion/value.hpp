// Value: what a column holds, on either side, in one form that can be compared.
// Which alternative a ColumnType uses stands beside it. Instants and days count from 1970-01-01
// UTC; src/pg shifts them to PostgreSQL's epoch. Ranges, decimals, uuids and jsonb are the text
// that PostgreSQL's input function takes, in canonical form, so that equal values are equal texts.
// scope: none.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/result.hpp"

namespace notion {

enum class ColumnType : uint8_t {
    text,        ///< std::string
    boolean,     ///< bool
    int2,        ///< int64_t
    int4,        ///< int64_t
    int8,        ///< int64_t
    float8,      ///< double
    numeric,     ///< std::string: plain decimal, no exponent, no trailing zeros after the point
    date,        ///< Day
    timestamptz, ///< Instant
    uuid,        ///< std::string: lower case, with dashes
    jsonb,       ///< std::string: compact JSON
    tstzrange,   ///< std::string
    daterange,   ///< std::string
    text_array,  ///< std::vector<std::string>; also arrays of enums
    uuid_array,  ///< std::vector<std::string>
};

struct Day {
    int32_t days;
    auto operator<=>(const Day&) const = default;
};

struct Instant {
    int64_t us;
    auto operator<=>(const Instant&) const = default;
};

/// std::monostate is SQL NULL.
using Value = std::variant<std::monostate, bool, int64_t, double, Day, Instant, std::string,
                           std::vector<std::string>>;

inline bool is_null(const Value& value) {
    return value.index() == 0;
}

/// The text that PostgreSQL's input function for `type` reads as this value. requires: not null.
std::string to_text(const Value& value, ColumnType type);

/// Reads what PostgreSQL prints for `type` with DateStyle ISO, TimeZone UTC, extra_float_digits 1,
/// IntervalStyle postgres; arrays in their brace form. Errors: unsendable for infinite dates, NaN,
/// BC and years over 9999 (Notion has none of them), invalid_argument for text that is none of
/// these.
Result<Value> from_text(std::string_view text, ColumnType type);

/// `2026-03-01T09:30:00.000Z`, `2026-03-01T18:01:00.000+01:00`, `2026-03-01` (then is_day is set).
struct Moment {
    Instant instant; ///< for a day: its midnight in UTC
    bool is_day = false;
};
Result<Moment> parse_moment(std::string_view iso);
std::string format_instant(Instant instant); ///< `2026-03-01T09:30:00.000Z`
std::string format_day(Day day);             ///< `2026-03-01`

} // namespace notion
