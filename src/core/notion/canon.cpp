// Canon: what Notion would give back of a value, or why it cannot hold it.
// Limits as in api.md section 4; characters are counted in UTF-16 units, the stricter reading.
// scope: none.
#include <algorithm>
#include <cmath>

#include "core/notion/date.hpp"
#include "core/notion/misfit.hpp"
#include "core/notion/number.hpp"
#include "core/notion/options.hpp"
#include "core/notion/richtext.hpp"
#include "core/notion/shape.hpp"
#include "core/notion/utf8.hpp"

namespace notion {
namespace {

constexpr size_t url_units_max = 2000;
constexpr size_t address_units_max = 200; ///< of e-mail and phone number
constexpr size_t members_max = 100;       ///< of a list in one request

using Texts = std::vector<std::string>;

Error of_wrong_kind(const Codec& codec) {
    return fail(ErrorKind::internal,
                "a value is not of its column's type " + std::string(sql_type(codec.column)));
}

size_t units_max(PropertyType type) {
    switch (type) {
    case PropertyType::url:
        return url_units_max;
    case PropertyType::email:
    case PropertyType::phone_number:
        return address_units_max;
    default:
        return run_units_max * runs_max;
    }
}

Result<Value> canon_text(const Value& value, const Codec& codec) {
    const auto* text = std::get_if<std::string>(&value);
    if (text == nullptr)
        return of_wrong_kind(codec);
    if (text->empty())
        return Value();
    const size_t units = utf8::units(*text);
    const size_t limit = units_max(codec.property);
    if (units > limit)
        return unsendable(codec, "It has " + std::to_string(units) + " characters, Notion takes " +
                                     std::to_string(limit) + ".");
    return value;
}

Result<Value> canon_float(double number, const Codec& codec) {
    if (!std::isfinite(number))
        return unsendable(codec, "It is infinite or not a number.");
    return Value(number == 0 ? 0.0 : number); // JSON.stringify(-0) is "0"
}

Result<Value> canon_number(const Value& value, const Codec& codec) {
    if (const auto* number = std::get_if<double>(&value))
        return canon_float(*number, codec);
    if (const auto* integer = std::get_if<int64_t>(&value)) {
        if (*integer > integer_max || *integer < -integer_max)
            return unsendable(codec, "Notion's numbers are exact up to 2^53; this one is " +
                                         std::to_string(*integer) + ".");
        return value;
    }
    const auto* text = std::get_if<std::string>(&value);
    if (text == nullptr)
        return of_wrong_kind(codec);
    const auto decimal = canonical_decimal(*text);
    const auto nearest = decimal ? double_of(*decimal) : std::nullopt;
    if (!nearest || !std::isfinite(*nearest))
        return unsendable(codec, "It is beyond the numbers of Notion, or none.");
    return Value(decimal_of(*nearest));
}

Result<Value> canon_select(const Value& value, const Codec& codec) {
    const auto* name = std::get_if<std::string>(&value);
    if (name == nullptr)
        return of_wrong_kind(codec);
    if (name->empty())
        return Value();
    auto option = canon_option(*name, codec);
    if (!option)
        return option.error();
    return Value(std::move(*option));
}

Result<Value> as_set(Texts list, const Codec& codec) {
    std::ranges::sort(list);
    list.erase(std::unique(list.begin(), list.end()), list.end());
    if (list.size() > members_max)
        return unsendable(codec, "It has " + std::to_string(list.size()) +
                                     " members, Notion takes 100 at once.");
    return Value(std::move(list));
}

Result<Value> canon_multi_select(const Texts& names, const Codec& codec) {
    Texts list;
    for (const std::string& name : names) {
        auto option = canon_option(name, codec);
        if (!option)
            return option.error();
        list.push_back(std::move(*option));
    }
    return as_set(std::move(list), codec);
}

Result<Value> canon_files(const Texts& urls, const Codec& codec) {
    Texts list;
    for (const std::string& url : urls) {
        if (url.empty() || utf8::units(url) > url_units_max)
            return unsendable(codec, "A file's url has between 1 and 2,000 characters.");
        list.emplace_back(unsigned_url(url));
    }
    if (list.size() > members_max)
        return unsendable(codec, "It has more than 100 files.");
    return Value(std::move(list));
}

/// Lists as arrays, where NULL is the empty one; and lists of at most one as a scalar.
Result<Value> canon_list(const Value& value, const Codec& codec) {
    if (std::holds_alternative<std::string>(value)) {
        const bool none = std::get<std::string>(value).empty();
        return none ? Value() : value;
    }
    const bool scalar = codec.column == ColumnType::uuid || codec.column == ColumnType::text;
    if (is_null(value))
        return scalar ? Value() : Value(Texts());
    const auto* list = std::get_if<Texts>(&value);
    if (list == nullptr)
        return of_wrong_kind(codec);
    if (codec.property == PropertyType::multi_select)
        return canon_multi_select(*list, codec);
    if (codec.property == PropertyType::files)
        return canon_files(*list, codec);
    if (std::ranges::find(*list, std::string()) != list->end())
        return unsendable(codec, "A member of it is empty.");
    return as_set(*list, codec);
}

Result<Value> as_half(const json::Value& value, const Codec& codec) {
    auto again = json::parse(reduced(property_type_name(codec.property), value));
    if (!again)
        return again.error();
    return Value(json::canonical(*again));
}

Result<Value> canon_json(const Value& value, const Codec& codec) {
    const auto* text = std::get_if<std::string>(&value);
    if (text == nullptr && !is_null(value))
        return of_wrong_kind(codec);
    auto document = json::parse(text == nullptr ? "null" : *text);
    if (!document)
        return unsendable(codec, document.error().detail);
    if (document->IsNull())
        return has_shape(codec.property, *document) ? Value()
                                                    : Value(std::string(null_json(codec)));
    if (!has_shape(codec.property, *document))
        return unsendable(codec, "The JSON has not the shape of the property's values.",
                          "Compare it with a value that Notion gives.");
    return as_half(*document, codec);
}

/// What Notion computes is compared, and never sent.
Result<Value> canon_computed(const Value& value, const Codec& codec) {
    const auto* text = std::get_if<std::string>(&value);
    if (codec.column != ColumnType::jsonb || text == nullptr)
        return value;
    auto document = json::parse(*text);
    if (!document)
        return unsendable(codec, document.error().detail);
    return document->IsNull() ? Value() : as_half(*document, codec);
}

} // namespace

Error unsendable(const Codec& codec, std::string why, std::string hint) {
    return fail(ErrorKind::unsendable,
                "Notion cannot hold the value in a property of type " +
                    std::string(property_type_name(codec.property)),
                std::move(why), std::move(hint));
}

Result<Value> canon(const Value& value, const Codec& codec) {
    if (!is_writable(codec.property))
        return canon_computed(value, codec);
    if (codec.column == ColumnType::jsonb)
        return canon_json(value, codec);
    switch (codec.property) {
    case PropertyType::checkbox:
        return is_null(value) ? Value(false) : value;
    case PropertyType::multi_select:
    case PropertyType::people:
    case PropertyType::relation:
    case PropertyType::files:
        return canon_list(value, codec);
    case PropertyType::date:
        return canon_date(value, codec);
    default:
        break;
    }
    if (is_null(value))
        return Value();
    if (codec.property == PropertyType::number)
        return canon_number(value, codec);
    if (codec.property == PropertyType::select || codec.property == PropertyType::status)
        return canon_select(value, codec);
    return canon_text(value, codec);
}

} // namespace notion
