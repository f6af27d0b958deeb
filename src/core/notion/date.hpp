// Date: a date property's value, between Notion's JSON and columns of dates, instants and ranges.
// A date without time is the first instant of that day in the zone (postgres.md 41).
// scope: none.
#pragma once

#include <optional>
#include <string>

#include "core/notion/codec.hpp"
#include "core/notion/moment.hpp"

namespace notion {

struct DateValue {
    Stamp start;
    std::optional<Stamp> end; ///< inclusive, as in Notion
};

const Zone& zone_of(const Codec& codec);
/// Reads {"start":…,"end":…,"time_zone":…}. Errors: malformed, also for a local time in a zone
/// of which nothing is known here (never seen; a misfit could be read as NULL, see filter).
Result<DateValue> read_date(const json::Value& value, const Zone& zone);
Instant instant_of(const Stamp& stamp, const Zone& zone);
Day day_of(const Stamp& stamp, const Zone& zone);

/// Into timestamptz, date (of codec.part), tstzrange or daterange.
Result<Value> decode_date(const DateValue& date, const Codec& codec);
/// One moment, such as created_time: into timestamptz or date.
Value decode_stamp(const Stamp& stamp, const Codec& codec);
Result<Value> canon_date(const Value& value, const Codec& codec);
/// The object to send, or "null"; `base` is the date of the base, or null.
Result<std::string> encode_date(const Value& value, const Codec& codec, const json::Value* base);
/// `start` or `start/end`, each in the one form of equal dates: for text columns of formulas.
std::string date_text(const json::Value& value);
/// Reduced, for half: {"start":…} or {"start":…,"end":…}.
std::string date_half(const json::Value& value);

} // namespace notion
