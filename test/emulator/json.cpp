// JSON in and out; see json.hpp. Assumes doubles are IEEE 754, as JavaScript does.
// scope: call.
#include "json.hpp"

#include <charconv>
#include <cmath>
#include <cstdlib>

namespace emulator {

bool parse(std::string_view text, Document& into) {
    constexpr unsigned flags = rapidjson::kParseIterativeFlag | rapidjson::kParseFullPrecisionFlag |
                               rapidjson::kParseValidateEncodingFlag;
    into.Parse<flags>(text.data(), text.size());
    return !into.HasParseError();
}

const Json* member(const Json& value, std::string_view name) {
    if (!value.IsObject())
        return nullptr;
    const Json key(rapidjson::StringRef(name.data(), static_cast<unsigned>(name.size())));
    const auto found = value.FindMember(key);
    return found == value.MemberEnd() ? nullptr : &found->value;
}

std::string_view view(const Json& text) {
    return {text.GetString(), text.GetStringLength()};
}

std::optional<std::string_view> text_member(const Json& value, std::string_view name) {
    const Json* found = member(value, name);
    if (!found || !found->IsString())
        return std::nullopt;
    return view(*found);
}

bool flag_member(const Json& value, std::string_view name, bool otherwise) {
    const Json* found = member(value, name);
    return found && found->IsBool() ? found->GetBool() : otherwise;
}

int64_t integer_member(const Json& value, std::string_view name, int64_t otherwise) {
    const Json* found = member(value, name);
    if (!found || !found->IsNumber())
        return otherwise;
    return found->IsInt64() ? found->GetInt64() : static_cast<int64_t>(found->GetDouble());
}

std::string to_text(const Json& value) {
    std::string text;
    Out(text).json(value);
    return text;
}

std::string quoted(std::string_view text) {
    std::string json;
    Out(json).text(text);
    return json;
}

// ECMAScript Number::toString: fixed between 1e-6 and 1e21, else exponent without leading zeros.
std::string number_text(double number) {
    if (!std::isfinite(number))
        return "null";
    if (number == 0)
        return "0";
    char digits[64];
    const auto end =
        std::to_chars(digits, digits + sizeof digits, number, std::chars_format::scientific).ptr;
    std::string text(digits, end); // shortest: d.ddde+xx
    const auto mark = text.find('e');
    const int exponent = std::atoi(text.c_str() + mark + 1);
    if (exponent >= 21 || exponent < -6)
        return text.substr(0, mark + 2) + std::to_string(std::abs(exponent));
    const bool negative = text.front() == '-';
    std::string plain = text.substr(negative ? 1 : 0, mark - (negative ? 1 : 0));
    std::erase(plain, '.');
    const auto point = exponent + 1; // digits before the point
    if (point <= 0)
        plain = "0." + std::string(static_cast<size_t>(-point), '0') + plain;
    else if (static_cast<size_t>(point) >= plain.size())
        plain.append(static_cast<size_t>(point) - plain.size(), '0');
    else
        plain.insert(static_cast<size_t>(point), 1, '.');
    return negative ? "-" + plain : plain;
}

Out& Out::open() {
    writer_.StartObject();
    return *this;
}
Out& Out::close() {
    writer_.EndObject();
    return *this;
}
Out& Out::open_array() {
    writer_.StartArray();
    return *this;
}
Out& Out::close_array() {
    writer_.EndArray();
    return *this;
}
Out& Out::key(std::string_view name) {
    writer_.Key(name.data(), static_cast<unsigned>(name.size()));
    return *this;
}
Out& Out::text(std::string_view value) {
    writer_.String(value.data(), static_cast<unsigned>(value.size()));
    return *this;
}
Out& Out::number(double value) {
    return raw(number_text(value));
}
Out& Out::integer(int64_t value) {
    writer_.Int64(value);
    return *this;
}
Out& Out::boolean(bool value) {
    writer_.Bool(value);
    return *this;
}
Out& Out::null() {
    writer_.Null();
    return *this;
}
Out& Out::raw(std::string_view json) {
    writer_.append(json);
    return *this;
}
Out& Out::text_or_null(const std::optional<std::string>& value) {
    return value ? text(*value) : null();
}

Out& Out::json(const Json& value) {
    if (value.IsObject()) {
        open();
        for (const auto& entry : value.GetObject())
            key(view(entry.name)).json(entry.value);
        return close();
    }
    if (value.IsArray()) {
        open_array();
        for (const auto& item : value.GetArray())
            json(item);
        return close_array();
    }
    if (value.IsString())
        return text(view(value));
    if (value.IsBool())
        return boolean(value.GetBool());
    if (value.IsInt64())
        return integer(value.GetInt64());
    return value.IsNumber() ? number(value.GetDouble()) : null();
}

} // namespace emulator
