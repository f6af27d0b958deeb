// Shape: jsonb columns on their way out. See the header; reduced() is in half.cpp.
// scope: none.
#include "core/notion/shape.hpp"

#include <algorithm>

#include "core/notion/misfit.hpp"
#include "core/notion/richtext.hpp"

namespace notion {
namespace {

constexpr rapidjson::SizeType members_max = 100;

enum class Outer : uint8_t { list, object, text, number, flag };

Outer outer(PropertyType type) {
    switch (type) {
    case PropertyType::title:
    case PropertyType::rich_text:
    case PropertyType::multi_select:
    case PropertyType::people:
    case PropertyType::files:
    case PropertyType::relation:
        return Outer::list;
    case PropertyType::number:
        return Outer::number;
    case PropertyType::checkbox:
        return Outer::flag;
    case PropertyType::url:
    case PropertyType::email:
    case PropertyType::phone_number:
        return Outer::text;
    default:
        return Outer::object;
    }
}

std::string option_body(const json::Value& option) {
    const std::string_view name = json::text(option, "id").empty() ? "name" : "id";
    return "{" + json::quote(name) + ":" + json::quote(json::text(option, name)) + "}";
}

std::string id_body(const json::Value& object) {
    return "{\"id\":" + json::quote(json::text(object, "id")) + "}";
}

template <class Item>
std::string each(const json::Value& list, Item&& item) {
    std::string out = "[";
    for (const json::Value& element : list.GetArray())
        out += (out.size() > 1 ? "," : "") + item(element);
    return out + "]";
}

} // namespace

bool has_shape(PropertyType type, const json::Value& value) {
    switch (outer(type)) {
    case Outer::list:
        return value.IsArray() && std::ranges::all_of(value.GetArray(), [](const json::Value& e) {
                   return e.IsObject();
               });
    case Outer::object:
        return value.IsObject() || value.IsNull();
    case Outer::text:
        return value.IsString() || value.IsNull();
    case Outer::number:
        return value.IsNumber() || value.IsNull();
    case Outer::flag:
        return value.IsBool();
    }
    return false;
}

std::string_view null_json(const Codec& codec) {
    const Outer shape = outer(codec.property);
    return shape == Outer::list ? "[]" : shape == Outer::flag ? "false" : "null";
}

Result<std::string> json_to_send(const Value& canonical, const Codec& codec) {
    const auto* text = std::get_if<std::string>(&canonical);
    if (text == nullptr)
        return std::string(null_json(codec));
    auto document = json::parse(*text);
    if (!document)
        return document.error();
    const json::Value& value = *document;
    if (value.IsArray() && codec.property != PropertyType::title &&
        codec.property != PropertyType::rich_text && value.Size() > members_max)
        return unsendable(codec, "It has more than 100 members.");
    switch (codec.property) {
    case PropertyType::title:
    case PropertyType::rich_text:
        return runs_to_send(read_runs(value));
    case PropertyType::select:
    case PropertyType::status:
        return option_body(value);
    case PropertyType::multi_select:
        return each(value, option_body);
    case PropertyType::people:
    case PropertyType::relation:
        return each(value, id_body);
    default:
        return *text;
    }
}

} // namespace notion
