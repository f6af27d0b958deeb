// Codec: one property value, from Notion's JSON to a column's value and back.
// decode and encode are inverse up to canon, the value that Notion would give back had it been sent
// (minutes, NULL for empty text, doubles); all comparisons are between canonical values
// (postgres.md 42). A value that a column cannot hold is an Error, never a guess.
// scope: none.
#pragma once

#include <string>

#include "core/notion/json.hpp"
#include "core/notion/schema.hpp"
#include "core/notion/value.hpp"
#include "core/notion/zone.hpp"

namespace notion {

/// Which part of a date property a column holds.
enum class DatePart : uint8_t { start, end };

/// How one column reads and writes one property.
struct Codec {
    PropertyType property = PropertyType::unknown;
    ColumnType column = ColumnType::text;
    DatePart part = DatePart::start;
    const Zone* zone = nullptr; ///< null: UTC
};

/// `value` is the property's object in a page: {"id":…,"type":"number","number":5}.
/// Errors: misfit (the value in detail), property_type where value's type is not codec.property.
/// Text: U+0000 and lone surrogates become U+FFFD. An empty text is null, an empty set is {}.
Result<Value> decode(const json::Value& value, const Codec& codec);

/// What decode would give after Notion stored `value`. Errors: unsendable, with the reason.
Result<Value> canon(const Value& value, const Codec& codec);

/// The member to send in "properties": `{"number":5}`. `base` is the page half of the base (see
/// half), or "" where there is none: rich text keeps the formatting of unchanged runs, a date keeps
/// its other part and stays without time where it had none, options are sent by id.
/// Errors: unsendable. requires: is_writable(codec.property).
Result<std::string> encode(const Value& value, const Codec& codec, std::string_view base);

/// The page half of the base: the property's value reduced to what an edit changes (no signed
/// urls, no user profiles, no colours), as compact JSON. Two equal halves: nobody edited it.
std::string half(const json::Value& value);
/// decode of a half, as of the page's own JSON.
Result<Value> decode_half(std::string_view half, const Codec& codec);
/// Whether Notion cut the list inside this property value (25 references), so that it must be
/// completed before it is decoded or admitted: relation's has_more, or exactly 25 people or
/// mentions.
bool is_cut(const json::Value& value);

} // namespace notion
