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

/// A person of the workspace, as far as known: Notion wants ids where people write addresses.
struct Person {
    std::string id;
    std::string email;
};

/// What the declared column does to a decoded value after us. It limits what filter may promise.
enum class Fit : uint8_t {
    exact,  ///< takes it as it is
    refuse, ///< may refuse it: enums, domains
    change, ///< may change it: numeric(8,2), varchar(10), timestamptz(0)
};

/// How one column reads and writes one property.
struct Codec {
    PropertyType property = PropertyType::unknown;
    ColumnType column = ColumnType::text;
    DatePart part = DatePart::start;
    const Zone* zone = nullptr; ///< null: UTC
    Fit fit = Fit::exact;
    /// The options of a select, status or multi_select as the schema has them; null: not known.
    const std::vector<Option>* options = nullptr;
    bool new_options = true; ///< a name that is no option is sent by name, which makes it one
    /// For people as e-mail addresses: who may be sent beside those of the base. null: nobody.
    const std::vector<Person>* people = nullptr;
};

/// `value` is the property's object in a page: {"id":…,"type":"number","number":5}.
/// Errors: misfit (the value in detail), property_type where value's type is not codec.property.
/// incomplete for a rollup that Notion has not finished; malformed for a shape that is not
/// Notion's. Text: U+0000 and lone surrogates are U+FFFD already (json::parse). An empty text is
/// null, an empty set is {}. jsonb: all that Notion says under the type's name; JSON null is null.
Result<Value> decode(const json::Value& value, const Codec& codec);

/// What decode would give after Notion stored `value`. Errors: unsendable, with the reason. Beside
/// that it forgets what is no difference: the order and repetition of sets, the signature of a
/// file's url, and of jsonb all that half forgets. What Notion computes is
/// treated alike, so that it can be compared.
Result<Value> canon(const Value& value, const Codec& codec);

/// The member to send in "properties": `{"number":5}`. `base` is the page half of the base (see
/// half), or "" where there is none: rich text keeps the formatting of unchanged runs, a date keeps
/// its other part and stays without time where it had none, options are sent by id.
/// Errors: unsendable. requires: is_writable(codec.property).
Result<std::string> encode(const Value& value, const Codec& codec, std::string_view base);

/// Both parts of a date at once, for a property with a column each: `codec` is that of either.
Result<std::string> encode_parts(const Value& start, const Value& end, const Codec& codec,
                                 std::string_view base);

/// The page half of the base: the property's value reduced to what an edit changes (no signed
/// urls, no user profiles, no colours), as compact JSON. Two equal halves: nobody edited it.
std::string half(const json::Value& value);
/// decode of a half, as of the page's own JSON.
Result<Value> decode_half(std::string_view half, const Codec& codec);
/// Whether Notion cut the list inside this property value (25 references), so that it must be
/// completed before it is decoded or admitted: relation's has_more, or exactly 25 people or
/// mentions.
bool is_cut(const json::Value& value);
/// Whether a rollup is not whole in this answer: not computed to its end, or a list that may be
/// cut.
bool is_cut_rollup(const json::Value& value);

} // namespace notion
