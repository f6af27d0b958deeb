// Decode: Notion's JSON to a column's value.
// scope: none.
#include <cmath>
#include <limits>

#include "core/notion/date.hpp"
#include "core/notion/misfit.hpp"
#include "core/notion/number.hpp"
#include "core/notion/richtext.hpp"
#include "core/notion/utf8.hpp"
#include "core/notion/uuid.hpp"

namespace notion {
namespace {

constexpr int list_cut = 25; // api.md section 3, ">25 references"

Value text_or_null(std::string_view text) {
    return text.empty() ? Value() : Value(std::string(text));
}

Result<Value> decode_text(const json::Value& value) {
    if (value.IsNull())
        return Value();
    if (!value.IsString())
        return misshapen("A text is no text.");
    return text_or_null(json::view(value));
}

Result<Value> decode_rich_text(const json::Value& value) {
    if (!value.IsArray())
        return misshapen("A rich text is no list.");
    return text_or_null(plain_text(value));
}

Result<Value> decode_integer(double number, const Codec& codec) {
    const double limit = codec.column == ColumnType::int2   ? std::numeric_limits<int16_t>::max()
                         : codec.column == ColumnType::int4 ? std::numeric_limits<int32_t>::max()
                                                            : static_cast<double>(integer_max);
    const double least = codec.column == ColumnType::int8 ? -limit : -limit - 1;
    if (number != std::floor(number) || number < least || number > limit)
        return misfit(codec, "The number is " + float8_text(number) + ".");
    return Value(static_cast<int64_t>(number));
}

Result<Value> decode_number(const json::Value& value, const Codec& codec) {
    if (value.IsNull())
        return Value();
    if (!value.IsNumber())
        return misshapen("A number is no number.");
    const double number = value.GetDouble() == 0 ? 0.0 : value.GetDouble(); // no negative zero
    switch (codec.column) {
    case ColumnType::float8:
        return Value(number);
    case ColumnType::numeric:
        return Value(decimal_of(number));
    case ColumnType::text:
        return Value(json::number(number));
    case ColumnType::int2:
    case ColumnType::int4:
    case ColumnType::int8:
        return decode_integer(number, codec);
    default:
        return misfit(codec, "The value is the number " + float8_text(number) + ".");
    }
}

Result<Value> decode_bool(const json::Value& value, const Codec& codec) {
    if (!value.IsBool())
        return misshapen("A checkbox is neither true nor false.");
    if (codec.column == ColumnType::boolean)
        return Value(value.GetBool());
    if (codec.column == ColumnType::text)
        return Value(std::string(value.GetBool() ? "true" : "false"));
    return misfit(codec, "The value is a checkbox.");
}

Result<Value> decode_option(const json::Value& value) {
    if (value.IsNull())
        return Value();
    if (json::find(value, "name") == nullptr)
        return misshapen("An option has no name.");
    return text_or_null(json::text(value, "name"));
}

/// A list of `item(element)`: an optional text, nullopt where the element is misshapen.
template <class Item>
Result<Value> decode_list(const json::Value& value, Item&& item) {
    std::vector<std::string> list;
    if (value.IsNull())
        return Value(std::move(list));
    if (!value.IsArray())
        return misshapen("A list is no list.");
    list.reserve(value.Size());
    for (const json::Value& element : value.GetArray()) {
        std::optional<std::string> text = item(element);
        if (!text)
            return misshapen("A member of a list has no name or id.");
        list.push_back(std::move(*text));
    }
    return Value(std::move(list));
}

std::optional<std::string> name_of(const json::Value& option) {
    const std::string_view name = json::text(option, "name");
    return name.empty() ? std::nullopt : std::optional(std::string(name));
}

std::optional<std::string> id_of(const json::Value& object) {
    return canonical_uuid(json::text(object, "id"));
}

std::optional<std::string> url_of(const json::Value& file) {
    const json::Value* inner = json::find(file, json::text(file, "type"));
    const std::string_view url = inner == nullptr ? "" : json::text(*inner, "url");
    return url.empty() ? std::nullopt : std::optional(std::string(url));
}

std::string_view email_of(const json::Value& user) {
    const json::Value* person = json::find(user, "person");
    return person == nullptr ? std::string_view() : json::text(*person, "email");
}

Error no_email(const Codec& codec) {
    Error error = misfit(codec, "A person or bot in it has no e-mail address that this connection "
                                "may see.");
    error.hint = "Give the connection the capability to read user information including e-mail "
                 "addresses, or use a column of type uuid[].";
    return error;
}

Result<Value> decode_user(const json::Value& value, const Codec& codec) {
    if (value.IsNull())
        return Value();
    if (codec.column == ColumnType::text) {
        const std::string_view email = email_of(value);
        return email.empty() ? Result<Value>(no_email(codec)) : Value(std::string(email));
    }
    auto id = id_of(value);
    return id ? Result<Value>(Value(std::move(*id))) : misshapen("A user has no id.");
}

Result<Value> decode_people(const json::Value& value, const Codec& codec) {
    if (codec.column == ColumnType::uuid_array)
        return decode_list(value, id_of);
    auto list = decode_list(
        value, [](const json::Value& user) { return std::optional(std::string(email_of(user))); });
    if (!list)
        return list;
    auto& emails = std::get<std::vector<std::string>>(*list);
    for (const std::string& email : emails)
        if (email.empty())
            return no_email(codec);
    if (codec.column == ColumnType::text_array)
        return list;
    if (emails.size() > 1)
        return misfit(codec, "There are " + std::to_string(emails.size()) + " people in it.");
    return emails.empty() ? Value() : Value(std::move(emails.front()));
}

Result<Value> decode_relation(const json::Value& value, const Codec& codec) {
    auto list = decode_list(value, id_of);
    if (!list || codec.column == ColumnType::uuid_array)
        return list;
    auto& ids = std::get<std::vector<std::string>>(*list);
    if (ids.size() > 1)
        return misfit(codec, "It refers to " + std::to_string(ids.size()) + " pages.");
    return ids.empty() ? Value() : Value(std::move(ids.front()));
}

Result<Value> decode_unique_id(const json::Value& value, const Codec& codec) {
    const json::Value* number = json::find(value, "number");
    if (number == nullptr || number->IsNull())
        return Value();
    if (!number->IsInt64())
        return misshapen("A unique id is no integer.");
    if (codec.column != ColumnType::text)
        return decode_integer(static_cast<double>(number->GetInt64()), codec);
    const std::string_view prefix = json::text(value, "prefix");
    std::string text(prefix);
    if (!prefix.empty())
        text += '-';
    return Value(text + std::to_string(number->GetInt64()));
}

Result<Value> decode_time(const json::Value& value, const Codec& codec) {
    if (value.IsNull())
        return Value();
    const auto stamp = value.IsString() ? parse_stamp(json::view(value)) : std::optional<Stamp>();
    if (!stamp)
        return misshapen("A time cannot be read.");
    return decode_stamp(*stamp, codec);
}

Result<Value> decode_dates(const json::Value& value, const Codec& codec) {
    if (value.IsNull())
        return Value();
    if (codec.column == ColumnType::text) // of a formula
        return text_or_null(date_text(value));
    auto date = read_date(value, zone_of(codec));
    if (!date)
        return date.error();
    return decode_date(*date, codec);
}

/// Formula and rollup: a value with its own type inside.
Result<Value> decode_result(const json::Value& value, const Codec& codec) {
    const std::string_view type = json::text(value, "type");
    if (type == "incomplete")
        return fail(ErrorKind::incomplete, "Notion has not finished computing the property", "",
                    "Read the page again later.");
    const json::Value* result = json::find(value, type);
    if (result == nullptr)
        return misfit(codec, "Its type in Notion is " + quoted(type) + ".");
    if (result->IsNull())
        return Value();
    if (type == "number")
        return decode_number(*result, codec);
    if (type == "boolean")
        return decode_bool(*result, codec);
    const bool takes_date =
        codec.column == ColumnType::timestamptz || codec.column == ColumnType::date;
    if (type == "date" && (takes_date || codec.column == ColumnType::text))
        return decode_dates(*result, codec);
    if (type == "string" && (codec.column == ColumnType::text || json::view(*result).empty()))
        return decode_text(*result);
    return misfit(codec, "Its result in Notion is of type " + quoted(type) + ".");
}

Result<Value> decode_typed(const json::Value& value, const Codec& codec) {
    switch (codec.property) {
    case PropertyType::title:
    case PropertyType::rich_text:
        return decode_rich_text(value);
    case PropertyType::number:
        return decode_number(value, codec);
    case PropertyType::select:
    case PropertyType::status:
        return decode_option(value);
    case PropertyType::multi_select:
        return decode_list(value, name_of);
    case PropertyType::date:
        return decode_dates(value, codec);
    case PropertyType::people:
        return decode_people(value, codec);
    case PropertyType::files:
        return decode_list(value, url_of);
    case PropertyType::checkbox:
        return decode_bool(value, codec);
    case PropertyType::url:
    case PropertyType::email:
    case PropertyType::phone_number:
        return decode_text(value);
    case PropertyType::formula:
    case PropertyType::rollup:
        return decode_result(value, codec);
    case PropertyType::relation:
        return decode_relation(value, codec);
    case PropertyType::unique_id:
        return decode_unique_id(value, codec);
    case PropertyType::created_time:
    case PropertyType::last_edited_time:
        return decode_time(value, codec);
    case PropertyType::created_by:
    case PropertyType::last_edited_by:
        return decode_user(value, codec);
    case PropertyType::verification:
    case PropertyType::button:
    case PropertyType::place:
    case PropertyType::unknown:
        break; // jsonb alone, which decode has done
    }
    return misfit(codec, "Only jsonb can hold it.");
}

size_t mentions(const json::Value& runs) {
    size_t count = 0;
    for (const json::Value& run : runs.GetArray())
        count += json::text(run, "type") == "mention" ? 1 : 0;
    return count;
}

} // namespace

Error misfit(const Codec& codec, std::string why) {
    return fail(ErrorKind::misfit,
                "a value of the Notion property does not fit a column of type " +
                    std::string(sql_type(codec.column)),
                std::move(why));
}

Error misshapen(std::string_view what) {
    return fail(ErrorKind::malformed, "Notion's answer is not what its documentation says",
                std::string(what));
}

std::string quoted(std::string_view text) {
    const std::string_view head = utf8::cut(text, 200);
    return "\"" + std::string(head) + (head.size() < text.size() ? "…\"" : "\"");
}

Result<Value> decode(const json::Value& value, const Codec& codec) {
    const std::string_view type = json::text(value, "type");
    const std::string_view expected = property_type_name(codec.property);
    if (codec.property != PropertyType::unknown && type != expected)
        return fail(ErrorKind::property_type,
                    "the Notion property is no longer of type " + std::string(expected),
                    "Its type is now " + quoted(type) + ".",
                    "Declare the column anew, or import the foreign table again.");
    if (!accepts(codec.property, codec.column))
        return fail(ErrorKind::invalid_option,
                    "a column of type " + std::string(sql_type(codec.column)) +
                        " cannot hold a Notion property of type " + std::string(expected));
    const json::Value* inner = json::find(value, type);
    if (inner == nullptr && codec.property != PropertyType::unknown)
        return misshapen("A property has no value.");
    if (codec.column == ColumnType::jsonb) {
        const json::Value& all = inner == nullptr ? value : *inner;
        return all.IsNull() ? Value() : Value(json::canonical(all));
    }
    return decode_typed(*inner, codec);
}

Result<Value> decode_half(std::string_view half, const Codec& codec) {
    auto document = json::parse(half);
    if (!document)
        return document.error();
    return decode(*document, codec);
}

bool is_cut(const json::Value& value) {
    const std::string_view type = json::text(value, "type");
    const json::Value* list = json::find(value, type);
    if (list == nullptr || !list->IsArray())
        return false;
    if (type == "relation") {
        const json::Value* more = json::find(value, "has_more");
        return more == nullptr ? list->Size() == list_cut : more->IsTrue();
    }
    if (type == "people")
        return list->Size() == list_cut;
    return (type == "title" || type == "rich_text") && mentions(*list) == list_cut;
}

bool is_cut_rollup(const json::Value& value) {
    const json::Value* rollup = json::find(value, "rollup");
    if (json::text(value, "type") != "rollup" || rollup == nullptr)
        return false;
    const json::Value* list = json::find(*rollup, "array");
    return json::text(*rollup, "type") == "incomplete" ||
           (list != nullptr && list->IsArray() && list->Size() == list_cut);
}

} // namespace notion
