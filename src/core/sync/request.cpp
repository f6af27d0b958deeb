// Request: see the header.
// scope: none.
#include "core/sync/request.hpp"

#include <utility>

namespace notion::sync {
namespace {

Error about_column(const Field& field, const Error& error) {
    Error named = error;
    named.kind = ErrorKind::unsendable;
    named.message = "column \"" + field.column + "\" cannot be sent to Notion: " + error.message;
    return named;
}

/// The base with the one part of a date put in, so that the other part goes along.
Result<std::string> encode_over(const Field& field, const Cell& p, const std::string& base,
                                std::string& after) {
    const Result<Value> value = canonical(field, p);
    if (!value.ok())
        return about_column(field, value.error());
    Result<std::string> member = encode(*value, field.codec, base);
    if (!member.ok())
        return about_column(field, member.error());
    if (field.shares_property) {
        Result<std::string> half = expected_half(field, *value, base);
        if (!half.ok())
            return about_column(field, half.error());
        after = std::move(half.value());
    }
    return member;
}

Result<std::vector<Member>> members_of(const Link& link, const Mapping& mapping,
                                       const Fields& fields) {
    std::vector<Member> members;
    std::map<std::string, std::string, std::less<>> halves; // of properties in two columns
    for (const Field& field : link.fields) {
        const auto cell = fields.find(field.id);
        if (cell == fields.end())
            continue;
        if (!is_writable(field.codec.property))
            return fail(ErrorKind::unsendable, "column \"" + field.column +
                                                   "\" cannot be sent to Notion: its property is "
                                                   "computed there");
        std::string base;
        if (const auto other = halves.find(field.property_id); other != halves.end())
            base = other->second;
        else if (const auto entry = mapping.base.find(field.id); entry != mapping.base.end())
            base = entry->second.n.value_or("");
        std::string after;
        Result<std::string> json = encode_over(field, cell->second, base, after);
        if (!json.ok())
            return json.error();
        if (field.shares_property) {
            const bool is_second = halves.contains(field.property_id);
            halves[field.property_id] = std::move(after);
            if (is_second) {
                for (Member& member : members)
                    if (member.property_id == field.property_id)
                        member.json = json.value();
                continue;
            }
        }
        members.push_back({field.property_id, std::move(json.value())});
    }
    return members;
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
    request.call = create_page(link.data_source, *members);
    return request;
}

/// The filter member for a property's type, as Notion names it.
std::string marker_term(const Field& marker, const std::string& text) {
    const std::string type(property_type_name(marker.codec.property));
    const bool is_number = marker.codec.property == PropertyType::number;
    return "{\"property\":" + json::quote(marker.property_id) + "," + json::quote(type) +
           ":{\"equals\":" + (is_number ? text : json::quote(text)) + "}}";
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
    Query query;
    query.data_source = link.data_source;
    query.properties = link.property_ids();
    query.cursor = cursor;
    if (since.empty()) {
        query.sorts = R"([{"timestamp":"created_time","direction":"ascending"}])";
        return query_data_source(query);
    }
    query.filter = R"({"timestamp":"last_edited_time","last_edited_time":{"on_or_after":)" +
                   json::quote(since) + "}}";
    query.sorts = R"([{"timestamp":"last_edited_time","direction":"ascending"}])";
    return query_data_source(query);
}

} // namespace notion::sync
