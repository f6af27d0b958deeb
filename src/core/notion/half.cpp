// Half: the page half of the base. See codec.hpp and shape.hpp.
// scope: none.
#include "core/notion/codec.hpp"
#include "core/notion/date.hpp"
#include "core/notion/richtext.hpp"
#include "core/notion/shape.hpp"

namespace notion {
namespace {

/// Adds a text member where `value` has one.
void copy_text(std::string& out, const json::Value& value, std::string_view name) {
    const std::string_view text = json::text(value, name);
    if (text.empty())
        return;
    out += out.size() > 1 ? "," : "";
    out += json::quote(name) + ":" + json::quote(text);
}

std::string option(const json::Value& value) {
    std::string out = "{";
    copy_text(out, value, "id");
    copy_text(out, value, "name");
    return out + "}";
}

std::string reference(const json::Value& value) {
    std::string out = "{";
    copy_text(out, value, "id");
    return out + "}";
}

/// A person or bot by id, with the address: it is what columns of e-mail addresses hold.
std::string user(const json::Value& value) {
    std::string out = "{";
    copy_text(out, value, "id");
    const json::Value* person = json::find(value, "person");
    const std::string_view email =
        person == nullptr ? std::string_view() : json::text(*person, "email");
    if (!email.empty())
        out += ",\"person\":{\"email\":" + json::quote(email) + "}";
    return out + "}";
}

std::string file(const json::Value& value) {
    std::string out = "{";
    copy_text(out, value, "name");
    copy_text(out, value, "type");
    const std::string_view type = json::text(value, "type");
    const json::Value* inner = json::find(value, type);
    if (inner == nullptr)
        return json::canonical(value);
    const std::string_view url = json::text(*inner, "url");
    // An upload not yet attached is known by id.
    out += "," + json::quote(type) + ":" +
           (url.empty() ? json::canonical(*inner)
                        : "{\"url\":" + json::quote(unsigned_url(url)) + "}");
    return out + "}";
}

template <class Item>
std::string list(const json::Value& value, Item&& item) {
    std::string out = "[";
    for (const json::Value& element : value.GetArray()) {
        out += out.size() > 1 ? "," : "";
        out += item(element);
    }
    return out + "]";
}

std::string verification(const json::Value& value) {
    std::string out = "{";
    copy_text(out, value, "state");
    if (const json::Value* date = json::find(value, "date"); date != nullptr && date->IsObject())
        out += std::string(out.size() > 1 ? "," : "") + "\"date\":" + date_half(*date);
    return out + "}";
}

bool is_user(PropertyType type) {
    return type == PropertyType::created_by || type == PropertyType::last_edited_by;
}

std::string reduced_object(PropertyType type, const json::Value& value) {
    if (type == PropertyType::select || type == PropertyType::status)
        return option(value);
    if (type == PropertyType::date)
        return date_half(value);
    if (type == PropertyType::verification)
        return verification(value);
    if (is_user(type))
        return user(value);
    if (type == PropertyType::formula || type == PropertyType::rollup)
        return half(value); // their value has its own type inside
    return json::canonical(value);
}

std::string reduced_list(PropertyType type, std::string_view name, const json::Value& value) {
    if (type == PropertyType::title || type == PropertyType::rich_text)
        return runs_half(read_runs(value));
    if (type == PropertyType::multi_select)
        return list(value, option);
    if (type == PropertyType::relation)
        return list(value, reference);
    if (type == PropertyType::people)
        return list(value, user);
    if (type == PropertyType::files)
        return list(value, file);
    if (name == "array") // of a rollup
        return list(value, half);
    return json::canonical(value);
}

} // namespace

std::string_view unsigned_url(std::string_view url) {
    // Presigned S3 urls, and file.notion.so: what stands behind the ? differs at each reading.
    static constexpr std::string_view marks[] = {"X-Amz-Signature=", "signature=", "Signature="};
    const size_t query = url.find('?');
    if (query == std::string_view::npos)
        return url;
    for (const std::string_view mark : marks)
        if (url.find(mark, query) != std::string_view::npos)
            return url.substr(0, query);
    return url;
}

std::string reduced(std::string_view name, const json::Value& value) {
    const PropertyType type = property_type(name);
    if (value.IsArray())
        return reduced_list(type, name, value);
    if (value.IsObject())
        return reduced_object(type, value);
    return json::canonical(value);
}

std::string half(const json::Value& value) {
    const std::string_view type = json::text(value, "type");
    const json::Value* inner = json::find(value, type);
    if (inner == nullptr)
        return json::canonical(value);
    return "{\"type\":" + json::quote(type) + "," + json::quote(type) + ":" +
           reduced(type, *inner) + "}";
}

} // namespace notion
