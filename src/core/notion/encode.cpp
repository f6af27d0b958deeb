// Encode: a column's value as the member that is sent.
// scope: none.
#include <algorithm>

#include "core/notion/date.hpp"
#include "core/notion/misfit.hpp"
#include "core/notion/number.hpp"
#include "core/notion/options.hpp"
#include "core/notion/richtext.hpp"
#include "core/notion/shape.hpp"
#include "core/notion/upload.hpp"
#include "core/notion/utf8.hpp"

namespace notion {
namespace {

using Texts = std::vector<std::string>;

template <class Item>
std::string array(const Texts& list, Item&& item) {
    std::string out = "[";
    for (const std::string& element : list)
        out += (out.size() > 1 ? "," : "") + item(element);
    return out + "]";
}

std::string by_id(const std::string& id) {
    return "{\"id\":" + json::quote(id) + "}";
}

/// The members in the order in which they were given, each once; canon has sorted its own.
Texts in_order(const Value& value, const Value& canonical) {
    if (const auto* one = std::get_if<std::string>(&canonical))
        return {*one};
    const auto* wanted = std::get_if<Texts>(&canonical);
    const auto* given = std::get_if<Texts>(&value);
    if (wanted == nullptr)
        return {};
    Texts list;
    if (given != nullptr)
        for (const std::string& member : *given)
            if (std::ranges::find(*wanted, member) != wanted->end() &&
                std::ranges::find(list, member) == list.end())
                list.push_back(member);
    for (const std::string& member : *wanted) // what canon spelled otherwise
        if (std::ranges::find(list, member) == list.end())
            list.push_back(member);
    return list;
}

Result<std::string> encode_text(const Value& value, const json::Value* base) {
    std::vector<Run> runs;
    if (base != nullptr)
        runs = read_runs(*base);
    const auto* text = std::get_if<std::string>(&value);
    return runs_to_send(splice(std::move(runs), text == nullptr ? std::string_view() : *text));
}

std::string encode_number(const Value& canonical) {
    if (const auto* number = std::get_if<double>(&canonical))
        return json::number(*number);
    if (const auto* integer = std::get_if<int64_t>(&canonical))
        return std::to_string(*integer);
    // A decimal by way of its double: JSON in which JavaScript reads the same number.
    return json::number(*double_of(std::get<std::string>(canonical)));
}

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same_address(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view id_of_address(const std::string& email, const Codec& codec,
                               const json::Value* base) {
    if (base != nullptr && base->IsArray())
        for (const json::Value& user : base->GetArray()) {
            const json::Value* person = json::find(user, "person");
            if (person != nullptr && same_address(json::text(*person, "email"), email))
                return json::text(user, "id");
        }
    if (codec.people != nullptr)
        for (const Person& person : *codec.people)
            if (same_address(person.email, email))
                return person.id;
    return {};
}

Result<std::string> encode_people(const Texts& list, const Codec& codec, const json::Value* base) {
    if (codec.column == ColumnType::uuid_array)
        return array(list, by_id);
    std::string out = "[";
    for (const std::string& email : list) {
        const std::string_view id = id_of_address(email, codec, base);
        if (id.empty())
            return unsendable(codec,
                              "Nobody in the workspace has the address " + quoted(email) +
                                  ", as far as this connection may see.",
                              "Invite the person, or write the person's id to a column of type "
                              "uuid[].");
        out += (out.size() > 1 ? "," : "") + by_id(std::string(id));
    }
    return out + "]";
}

/// The last part of the path: what a file is called where nobody says.
std::string_view file_name(std::string_view url) {
    std::string_view path = url.substr(0, url.find_first_of("?#"));
    while (!path.empty() && path.back() == '/')
        path.remove_suffix(1);
    const std::string_view name = path.substr(path.rfind('/') + 1);
    return utf8::head(name.empty() ? url : name, 100);
}

/// A file of the base goes back as it came, under its name; any other url is an external file.
std::string encode_file(const std::string& url, const json::Value* base) {
    if (url.starts_with(upload_prefix))
        return R"({"type":"file_upload","file_upload":{"id":)" +
               json::quote(std::string_view(url).substr(upload_prefix.size())) + "}}";
    std::string_view name = file_name(url);
    std::string_view type = "external";
    if (base != nullptr && base->IsArray())
        for (const json::Value& file : base->GetArray()) {
            const json::Value* inner = json::find(file, json::text(file, "type"));
            if (inner == nullptr || unsigned_url(json::text(*inner, "url")) != unsigned_url(url))
                continue;
            name = json::text(file, "name").empty() ? name : json::text(file, "name");
            type = json::text(file, "type");
            break;
        }
    return "{\"name\":" + json::quote(name) + ",\"type\":" + json::quote(type) + "," +
           json::quote(type) + ":{\"url\":" + json::quote(url) + "}}";
}

Result<std::string> encode_list(const Value& value, const Value& canonical, const Codec& codec,
                                const json::Value* base) {
    if (codec.property == PropertyType::files) { // with signatures: canon has cut them off
        const auto* given = std::get_if<Texts>(&value);
        return array(given == nullptr ? Texts() : *given,
                     [&](const std::string& url) { return encode_file(url, base); });
    }
    const Texts list = in_order(value, canonical);
    if (codec.property == PropertyType::people)
        return encode_people(list, codec, base);
    if (codec.property == PropertyType::relation)
        return array(list, by_id);
    return array(list, [&](const std::string& name) { return option_to_send(name, codec, base); });
}

Result<std::string> encode_value(const Value& value, const Value& canonical, const Codec& codec,
                                 const json::Value* base) {
    switch (codec.property) {
    case PropertyType::title:
    case PropertyType::rich_text:
        return encode_text(value, base);
    case PropertyType::multi_select:
    case PropertyType::people:
    case PropertyType::files:
    case PropertyType::relation:
        return encode_list(value, canonical, codec, base);
    case PropertyType::date:
        return encode_date(value, codec, base);
    default:
        break;
    }
    if (is_null(canonical))
        return std::string("null");
    switch (codec.property) {
    case PropertyType::number:
        return encode_number(canonical);
    case PropertyType::checkbox:
        return std::string(std::get<bool>(canonical) ? "true" : "false");
    case PropertyType::select:
    case PropertyType::status:
        return option_to_send(std::get<std::string>(canonical), codec, base);
    default:
        return json::quote(std::get<std::string>(canonical));
    }
}

} // namespace

Result<std::string> encode(const Value& value, const Codec& codec, std::string_view base) {
    if (!is_writable(codec.property))
        return unsendable(codec, "Notion computes it.");
    auto canonical = canon(value, codec);
    if (!canonical)
        return canonical.error();
    const std::string_view type = property_type_name(codec.property);
    json::Document document;
    const json::Value* inner = nullptr;
    if (!base.empty()) {
        auto parsed = json::parse(base);
        if (!parsed)
            return parsed.error();
        document = std::move(*parsed);
        inner = json::find(document, type);
    }
    auto body = codec.column == ColumnType::jsonb ? json_to_send(*canonical, codec)
                                                  : encode_value(value, *canonical, codec, inner);
    if (!body)
        return body;
    return "{\"" + std::string(type) + "\":" + *body + "}";
}

Result<std::string> encode_parts(const Value& start, const Value& end, const Codec& codec,
                                 std::string_view base) {
    Codec first = codec;
    Codec last = codec;
    first.part = DatePart::start;
    last.part = DatePart::end;
    // What is taken away goes first, so that no end ever stands without a start on the way.
    auto half_way = is_null(end) ? encode(end, last, base) : encode(start, first, base);
    if (!half_way)
        return half_way;
    return is_null(end) ? encode(start, first, *half_way) : encode(end, last, *half_way);
}

} // namespace notion
