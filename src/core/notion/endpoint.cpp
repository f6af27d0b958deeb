// Endpoint: see the header. Paths as in api.md section 2, at api_version.
// scope: none.
#include "core/notion/endpoint.hpp"

#include <charconv>

#include "core/notion/json.hpp"

namespace notion {
namespace {

/// Beyond this the list of properties is left out and all are returned: request lines of more than
/// 8 KB are refused by common proxies, and a query for so many properties saves little.
constexpr size_t properties_bytes_max = 6000;

bool is_unreserved(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

/// Everything but unreserved characters (RFC 3986) and those in `also` as %XX.
std::string encoded(std::string_view text, char also = '-') {
    static constexpr char hex[] = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        if (is_unreserved(c) || c == also) {
            out += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        out += {'%', hex[byte >> 4], hex[byte & 15]};
    }
    return out;
}

/// A property id is encoded already: its % stays. Anything else that could leave the path is not.
std::string property_part(std::string_view id) {
    return encoded(id, '%');
}

/// An id is checked where it comes in (parse_id); what is none cannot become another path here.
std::string id_part(std::string_view id) {
    const auto checked = parse_id(id);
    return checked ? *checked : encoded(id);
}

std::string filter_properties(const std::vector<std::string>& properties) {
    std::string out;
    for (const std::string& property : properties)
        out +=
            (out.empty() ? "?filter_properties=" : "&filter_properties=") + property_part(property);
    return out.size() > properties_bytes_max ? std::string() : out;
}

void add(std::string& body, std::string_view name, std::string_view json_value) {
    body += body.empty() ? "{" : ",";
    body += json::quote(name);
    body += ':';
    body += json_value;
}

std::string members(const std::vector<Member>& list) {
    std::string out;
    for (const Member& member : list)
        add(out, member.property_id, member.json);
    return out.empty() ? "{}" : out + "}";
}

} // namespace

Call query_data_source(const Query& query) {
    Call call;
    call.method = Method::post;
    call.path = "/v1/data_sources/" + id_part(query.data_source) + "/query";
    if (!query.all_properties)
        call.path += filter_properties(query.properties.empty() ? std::vector<std::string>{"title"}
                                                                : query.properties);
    if (!query.filter.empty())
        add(call.body, "filter", query.filter);
    if (!query.sorts.empty())
        add(call.body, "sorts", query.sorts);
    if (!query.cursor.empty())
        add(call.body, "start_cursor", json::quote(query.cursor));
    add(call.body, "page_size", std::to_string(query.page_size));
    // A wiki holds data sources beside pages; only pages are rows.
    add(call.body, "result_type", "\"page\"");
    call.body += '}';
    return call;
}

Call get_data_source(std::string_view id) {
    return {Method::get, "/v1/data_sources/" + id_part(id), ""};
}

std::string encode_part(std::string_view text) {
    return encoded(text);
}

std::string decode_part(std::string_view text) {
    std::string out;
    for (size_t at = 0; at < text.size(); ++at) {
        unsigned byte = 0;
        const char* digits = text.data() + at + 1;
        const bool coded = text[at] == '%' && at + 2 < text.size() &&
                           std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2;
        out += coded ? static_cast<char>(byte) : text[at];
        at += coded ? 2 : 0;
    }
    return out;
}

Call search_data_sources(std::string_view cursor) {
    return search_objects("data_source", cursor);
}

Call search_objects(std::string_view value, std::string_view cursor) {
    Call call{Method::post, "/v1/search", ""};
    add(call.body, "filter", "{\"property\":\"object\",\"value\":" + json::quote(value) + "}");
    if (!cursor.empty())
        add(call.body, "start_cursor", json::quote(cursor));
    add(call.body, "page_size", std::to_string(page_size_max));
    call.body += '}';
    return call;
}

Call get_database(std::string_view id) {
    return {Method::get, "/v1/databases/" + id_part(id), ""};
}

Call get_page(std::string_view id, const std::vector<std::string>& properties) {
    return {Method::get, "/v1/pages/" + id_part(id) + filter_properties(properties), ""};
}

Call get_property_items(std::string_view page, std::string_view property, std::string_view cursor) {
    std::string path = "/v1/pages/" + id_part(page) + "/properties/" + property_part(property) +
                       "?page_size=" + std::to_string(page_size_max);
    if (!cursor.empty())
        path += "&start_cursor=" + encoded(cursor);
    return {Method::get, std::move(path), ""};
}

Call create_page(std::string_view data_source, const std::vector<Member>& list,
                 const std::vector<Member>& beside) {
    Call call{Method::post, "/v1/pages", ""};
    std::string parent;
    add(parent, "type", R"("data_source_id")");
    const auto id = parse_id(data_source);
    add(parent, "data_source_id", json::quote(id ? std::string_view(*id) : data_source));
    add(call.body, "parent", parent + "}");
    add(call.body, "properties", members(list));
    for (const Member& member : beside)
        add(call.body, member.property_id, member.json);
    call.body += '}';
    return call;
}

Call update_page(std::string_view page, const std::vector<Member>& list,
                 const std::vector<Member>& beside) {
    Call call{Method::patch, "/v1/pages/" + id_part(page), ""};
    if (!list.empty() || beside.empty())
        add(call.body, "properties", members(list));
    for (const Member& member : beside)
        add(call.body, member.property_id, member.json);
    call.body += '}';
    return call;
}

Call set_trash(std::string_view page, bool in_trash) {
    return {Method::patch, "/v1/pages/" + id_part(page),
            in_trash ? R"({"in_trash":true})" : R"({"in_trash":false})"};
}

Call get_me() {
    return {Method::get, "/v1/users/me", ""};
}

Call list_users(std::string_view cursor) {
    std::string path = "/v1/users?page_size=" + std::to_string(page_size_max);
    if (!cursor.empty())
        path += "&start_cursor=" + encoded(cursor);
    return {Method::get, std::move(path), ""};
}

} // namespace notion
