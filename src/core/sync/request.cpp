// Request: see the header.
// scope: none.
#include "core/sync/request.hpp"

#include <utility>

#include "core/notion/assign.hpp"

namespace notion::sync {
namespace {

Error about_column(const Field& field, const Error& error) {
    Error named = error;
    named.kind = ErrorKind::unsendable;
    named.message = "column \"" + field.column + "\" cannot be sent to Notion: " + error.message;
    return named;
}

std::string base_half(const Mapping& mapping, const Field& field) {
    const auto entry = mapping.base.find(field.id);
    return entry == mapping.base.end() ? "" : entry->second.n.value_or("");
}

/// The wished field of the same date's other part, or nullptr.
const Field* other_part(const Link& link, const Field& field, const Fields& fields) {
    if (!field.shares_property)
        return nullptr;
    for (const Field& other : link.fields)
        if (other.property_id == field.property_id && other.id != field.id &&
            fields.contains(other.id))
            return &other;
    return nullptr;
}

Result<std::string> encode_field(const Link& link, const Mapping& mapping, const Field& field,
                                 const Fields& fields) {
    const Result<Value> value = canonical(field, fields.find(field.id)->second);
    if (!value.ok())
        return about_column(field, value.error());
    const std::string base = base_half(mapping, field);
    const Field* end = other_part(link, field, fields);
    Result<std::string> json = fail(ErrorKind::unsendable, "");
    if (end) {
        const Result<Value> until = canonical(*end, fields.find(end->id)->second);
        if (!until.ok())
            return about_column(*end, until.error());
        json = encode_parts(*value, *until, field.codec, base);
    } else {
        json = encode(*value, field.codec, base);
    }
    if (!json.ok())
        return about_column(field, json.error());
    return json;
}

Result<std::vector<Member>> members_of(const Link& link, const Mapping& mapping,
                                       const Fields& fields) {
    std::vector<Member> members;
    for (const Field& field : link.fields) {
        if (!fields.contains(field.id))
            continue;
        const bool goes_with_start =
            field.codec.part == DatePart::end && other_part(link, field, fields);
        if (goes_with_start)
            continue;
        if (!is_writable(field.codec.property))
            return fail(ErrorKind::unsendable, "column \"" + field.column +
                                                   "\" cannot be sent to Notion: its property is "
                                                   "computed there");
        Result<std::string> json = encode_field(link, mapping, field, fields);
        if (!json.ok())
            return json.error();
        members.push_back({field.property_id, std::move(json.value())});
    }
    return members;
}

/// What goes beside the properties of a new page: Notion takes a template or a content, not both.
Result<std::vector<Member>> beside_of(const Wish& wish) {
    std::vector<Member> beside;
    if (wish.page_template) {
        auto json = template_json(*wish.page_template);
        if (!json.ok())
            return json.error();
        beside.push_back({std::string(template_member), std::move(*json)});
    } else if (wish.content && !wish.content->empty()) {
        beside.push_back({std::string(content_member), json::quote(*wish.content)});
    }
    return beside;
}

Result<Request> create(const Link& link, const Wish& wish, std::string_view key) {
    Request request;
    Fields fields = wish.fields;
    const Mapping nothing; // a new page has no base
    if (const Field* marker = link.marker()) {
        const Result<Value> value = canonical(*marker, std::string(key));
        if (!value.ok())
            return about_column(*marker, value.error());
        if (is_null(*value))
            return fail(ErrorKind::unsendable,
                        "column \"" + marker->column +
                            "\" cannot be sent to Notion: an empty key marks no page");
        request.marker = to_text(*value, marker->codec.column);
        fields[marker->id] = request.marker;
    }
    Result<std::vector<Member>> members = members_of(link, nothing, fields);
    if (!members.ok())
        return members.error();
    Result<std::vector<Member>> beside = beside_of(wish);
    if (!beside.ok())
        return beside.error();
    request.call = create_page(link.data_source, *members, *beside);
    if (request.call.body.size() > request_bytes_max)
        return fail(ErrorKind::unsendable, "the page is longer than Notion takes at once",
                    std::to_string(request.call.body.size()) + " bytes as JSON; " +
                        std::to_string(request_bytes_max) + " go.");
    return request;
}

/// The filter member for a property's type, as Notion names it.
std::string marker_term(const Field& marker, const std::string& text) {
    const std::string type(property_type_name(marker.codec.property));
    const bool is_number = marker.codec.property == PropertyType::number;
    return "{\"property\":" + json::quote(marker.property_id) + "," + json::quote(type) +
           ":{\"equals\":" + (is_number ? text : json::quote(text)) + "}}";
}

/// The pages at and after a minute, in its order.
Call walk(const Link& link, std::string_view timestamp, std::string_view since,
          std::string_view cursor) {
    Query query;
    query.data_source = link.data_source;
    query.properties = link.property_ids();
    query.cursor = cursor;
    const std::string name = json::quote(timestamp);
    if (!since.empty())
        query.filter = "{\"timestamp\":" + name + "," + name +
                       ":{\"on_or_after\":" + json::quote(since) + "}}";
    query.sorts = "[{\"timestamp\":" + name + ",\"direction\":\"ascending\"}]";
    return query_data_source(query);
}

} // namespace

Result<Request> request_of(const Link& link, const Mapping& mapping, const Wish& wish,
                           std::string_view key) {
    if (wish.action == FlightKind::create)
        return create(link, wish, key);
    if (mapping.page.empty())
        return fail(ErrorKind::invalid_argument, "the mapping has no page to write to");
    Request request;
    if (wish.action != FlightKind::patch) {
        request.call = set_trash(mapping.page, wish.action == FlightKind::trash);
        return request;
    }
    Result<std::vector<Member>> members = members_of(link, mapping, wish.fields);
    if (!members.ok())
        return members.error();
    if (members->empty())
        return fail(ErrorKind::invalid_argument, "the wish names no field of the link");
    request.call = update_page(mapping.page, *members);
    return request;
}

Result<Call> look_up(const Link& link, const std::vector<std::string>& markers) {
    const Field* marker = link.marker();
    if (!marker)
        return fail(ErrorKind::invalid_argument, "the link has no marker to look for");
    if (markers.empty() || markers.size() > markers_max)
        return fail(ErrorKind::invalid_argument, "a look-up takes 1 to 100 markers");
    std::string filter;
    for (const std::string& text : markers) {
        const Result<Value> value = from_text(text, marker->codec.column);
        if (!value.ok())
            return value.error();
        filter += filter.empty() ? "{\"or\":[" : ",";
        filter += marker_term(*marker, text);
    }
    filter += "]}";
    Query query;
    query.data_source = link.data_source;
    query.filter = std::move(filter);
    query.properties = link.property_ids();
    return query_data_source(query);
}

Call poll(const Link& link, std::string_view since, std::string_view cursor) {
    return walk(link, "last_edited_time", since, cursor);
}

Call scan(const Link& link, std::string_view since, std::string_view cursor) {
    return walk(link, "created_time", since, cursor);
}

} // namespace notion::sync
