// Value: the texts of PostgreSQL's input and output functions.
// scope: none.
#include "core/notion/value.hpp"

#include <charconv>
#include <cmath>
#include <limits>

#include "core/notion/json.hpp"
#include "core/notion/moment.hpp"
#include "core/notion/number.hpp"
#include "core/notion/range.hpp"
#include "core/notion/uuid.hpp"

namespace notion {
namespace {

bool is_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/// Whether arrayfuncs.c would quote this element.
bool needs_quotes(std::string_view element) {
    if (element.empty())
        return true;
    if (element.size() == 4) {
        std::string upper(element);
        for (char& c : upper)
            c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
        if (upper == "NULL")
            return true;
    }
    for (const char c : element)
        if (is_space(c) || c == '{' || c == '}' || c == ',' || c == '"' || c == '\\')
            return true;
    return false;
}

std::string array_text(const std::vector<std::string>& elements) {
    std::string out = "{";
    for (const std::string& element : elements) {
        if (out.size() > 1)
            out += ',';
        if (!needs_quotes(element)) {
            out += element;
            continue;
        }
        out += '"';
        for (const char c : element) {
            if (c == '"' || c == '\\')
                out += '\\';
            out += c;
        }
        out += '"';
    }
    return out + "}";
}

Error no_value(std::string_view text, ColumnType type) {
    static constexpr std::string_view names[] = {
        "text",      "boolean", "smallint",    "integer", "bigint", "double precision",
        "numeric",   "date",    "timestamptz", "uuid",    "jsonb",  "tstzrange",
        "daterange", "text[]",  "uuid[]"};
    return fail(ErrorKind::invalid_argument,
                "the text is no value of type " + std::string(names[static_cast<size_t>(type)]),
                "The text is \"" + std::string(text.substr(0, 100)) + "\".");
}

Error no_null_elements() {
    return fail(ErrorKind::unsendable, "Notion has no NULL within a list",
                "An element of the array is NULL.");
}

/// One element at `at`; `is_null` where it stands unquoted as NULL.
bool array_element(std::string_view text, size_t& at, std::string& out, bool& is_null) {
    bool quoted = false;
    bool was_quoted = false;
    for (; at < text.size(); ++at) {
        const char c = text[at];
        if (c == '\\') {
            if (++at >= text.size())
                return false;
            out += text[at];
            was_quoted = true;
        } else if (c == '"') {
            quoted = !quoted;
            was_quoted = true;
        } else if (!quoted && (c == ',' || c == '}')) {
            is_null = !was_quoted && out == "NULL";
            return was_quoted || !out.empty();
        } else if (!quoted && c == '{') {
            return false; // a second dimension
        } else {
            out += c;
        }
    }
    return false;
}

Result<Value> array_from(std::string_view text, ColumnType type) {
    std::string_view rest = text;
    if (!rest.empty() && rest.front() == '[') // bounds other than 1: `[0:1]={a,b}`
        rest.remove_prefix(std::min(rest.find('=') + 1, rest.size()));
    std::vector<std::string> elements;
    if (rest == "{}")
        return Value(elements);
    if (rest.size() < 2 || rest.front() != '{' || rest.back() != '}')
        return no_value(text, type);
    size_t at = 1;
    while (at < rest.size()) {
        std::string element;
        bool null = false;
        if (!array_element(rest, at, element, null))
            return no_value(text, type);
        if (null)
            return no_null_elements();
        if (type == ColumnType::uuid_array) {
            const auto uuid = canonical_uuid(element);
            if (!uuid)
                return no_value(text, type);
            element = *uuid;
        }
        elements.push_back(std::move(element));
        if (rest[at++] == '}')
            break;
    }
    if (at != rest.size())
        return no_value(text, type);
    return Value(std::move(elements));
}

Result<Value> integer_from(std::string_view text, ColumnType type) {
    int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size())
        return no_value(text, type);
    const int64_t limit = type == ColumnType::int2   ? std::numeric_limits<int16_t>::max()
                          : type == ColumnType::int4 ? std::numeric_limits<int32_t>::max()
                                                     : std::numeric_limits<int64_t>::max();
    if (value > limit || value < -limit - 1)
        return no_value(text, type);
    return Value(value);
}

Error not_a_number() {
    return fail(ErrorKind::unsendable, "Notion cannot hold this number",
                "It is infinite or not a number.");
}

bool is_infinite(std::string_view text) {
    return text == "infinity" || text == "-infinity" || text == "Infinity" || text == "-Infinity";
}

Result<Value> number_from(std::string_view text, ColumnType type) {
    if (text == "NaN" || is_infinite(text))
        return not_a_number();
    if (type == ColumnType::numeric) {
        auto decimal = canonical_decimal(text);
        return decimal ? Result<Value>(Value(std::move(*decimal))) : no_value(text, type);
    }
    const auto number = double_of(text);
    if (!number)
        return no_value(text, type);
    return std::isfinite(*number) ? Result<Value>(Value(*number)) : not_a_number();
}

/// Whether PostgreSQL has this date and Notion has not: infinite, before Christ, year 10000.
bool is_beyond(std::string_view text) {
    const bool digits = !text.empty() && text.front() >= '0' && text.front() <= '9';
    const size_t year = text.find('-');
    return is_infinite(text) || (digits && text.ends_with(" BC")) ||
           (digits && year != std::string_view::npos && year > 4);
}

Result<Value> moment_from(std::string_view text, ColumnType type) {
    if (is_beyond(text))
        return fail(ErrorKind::unsendable, "Notion cannot hold this date",
                    "Dates must lie in the years 1 to 9999; this one is \"" +
                        std::string(text.substr(0, 60)) + "\".");
    const auto stamp = parse_stamp(text);
    if (stamp && type == ColumnType::date && !stamp->has_time)
        return Value(stamp->day);
    if (stamp && type == ColumnType::timestamptz)
        return Value(stamp->instant());
    return no_value(text, type);
}

Result<Value> json_from(std::string_view text) {
    auto document = json::parse(text);
    if (!document)
        return fail(ErrorKind::invalid_argument, "the text is no JSON that can be sent",
                    document.error().detail);
    return Value(json::canonical(*document));
}

template <class Range>
Result<Value> range_from(Result<Range> range) {
    if (!range)
        return range.error();
    return Value(format_range(*range));
}

} // namespace

std::string to_text(const Value& value, ColumnType type) {
    if (const auto* flag = std::get_if<bool>(&value))
        return *flag ? "t" : "f";
    if (const auto* integer = std::get_if<int64_t>(&value))
        return std::to_string(*integer);
    if (const auto* number = std::get_if<double>(&value))
        return float8_text(*number);
    if (const auto* day = std::get_if<Day>(&value))
        return format_day(*day);
    if (const auto* instant = std::get_if<Instant>(&value))
        return format_timestamptz(*instant);
    if (const auto* elements = std::get_if<std::vector<std::string>>(&value))
        return array_text(*elements);
    if (const auto* text = std::get_if<std::string>(&value))
        return *text;
    throw std::logic_error("to_text of NULL, column type " +
                           std::to_string(static_cast<int>(type)));
}

Result<Value> from_text(std::string_view text, ColumnType type) {
    switch (type) {
    case ColumnType::text:
        return Value(std::string(text));
    case ColumnType::boolean:
        if (text == "t" || text == "f")
            return Value(text == "t");
        return no_value(text, type);
    case ColumnType::int2:
    case ColumnType::int4:
    case ColumnType::int8:
        return integer_from(text, type);
    case ColumnType::float8:
    case ColumnType::numeric:
        return number_from(text, type);
    case ColumnType::date:
    case ColumnType::timestamptz:
        return moment_from(text, type);
    case ColumnType::uuid: {
        auto uuid = canonical_uuid(text);
        return uuid ? Result<Value>(Value(std::move(*uuid))) : no_value(text, type);
    }
    case ColumnType::jsonb:
        return json_from(text);
    case ColumnType::tstzrange:
        return range_from(parse_tstzrange(text));
    case ColumnType::daterange:
        return range_from(parse_daterange(text));
    case ColumnType::text_array:
    case ColumnType::uuid_array:
        return array_from(text, type);
    }
    return no_value(text, type);
}

} // namespace notion
