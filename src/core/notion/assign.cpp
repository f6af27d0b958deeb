// Assign: see the header.
// scope: none.
#include "core/notion/assign.hpp"

#include <algorithm>
#include <utility>

#include "core/notion/misfit.hpp"

namespace notion {
namespace {

// What a body holds beside its properties (parent, braces) has less than this.
constexpr size_t envelope_bytes = 1'000;
// Names listed in an error; a Fault has room for about 1,000 bytes of detail.
constexpr size_t names_max = 25;

Error about(const Assignment& assignment, Error error) {
    error.message =
        "column \"" + assignment.column + "\" cannot be sent to Notion: " + error.message;
    return error;
}

const json::Value* value_in(const json::Value* base, const std::string& property) {
    if (base == nullptr || !base->IsObject())
        return nullptr;
    for (const auto& member : base->GetObject())
        if (json::text(member.value, "id") == property)
            return &member.value;
    return json::find(*base, property);
}

bool is_date_part(const Codec& codec) {
    return codec.property == PropertyType::date &&
           (codec.column == ColumnType::timestamptz || codec.column == ColumnType::date);
}

/// The other column of the same date, or nullptr.
const Assignment* other_part(const std::vector<Assignment>& all, const Assignment& one) {
    for (const Assignment& other : all)
        if (&other != &one && other.property == one.property && is_date_part(one.codec) &&
            is_date_part(other.codec) && other.codec.part != one.codec.part)
            return &other;
    return nullptr;
}

Status check_twice(const std::vector<Assignment>& all) {
    for (const Assignment& one : all)
        for (const Assignment& other : all)
            if (&one < &other && one.beside == other.beside && one.property == other.property &&
                other_part(all, one) != &other)
                return fail(ErrorKind::invalid_argument,
                            "columns \"" + one.column + "\" and \"" + other.column +
                                "\" would both write one property",
                            "", "Write one of them.");
    return Done{};
}

Result<std::string> json_of(const std::vector<Assignment>& all, const Assignment& one,
                            const json::Value* base) {
    const json::Value* old = value_in(base, one.property);
    const std::string base_half = old == nullptr ? std::string() : half(*old);
    if (const Assignment* other = other_part(all, one))
        return encode_parts(one.value, other->value, one.codec, base_half);
    return encode(one.value, one.codec, base_half);
}

/// JSON as it was given; checked so that the body stays one document.
Result<std::string> beside_json(const Assignment& one) {
    const auto* text = std::get_if<std::string>(&one.value);
    if (one.property == content_member)
        return json::quote(text == nullptr ? std::string_view() : std::string_view(*text));
    if (one.property == template_member)
        return template_json(text == nullptr ? std::string_view("none") : std::string_view(*text));
    if (is_null(one.value))
        return std::string("null");
    if (text == nullptr)
        return unsendable(one.codec, "It is no JSON.");
    auto document = json::parse(*text);
    if (!document || !document->IsObject())
        return fail(ErrorKind::unsendable, "it is no JSON object", "",
                    "An icon is {\"type\": \"emoji\", \"emoji\": \"…\"} or {\"type\": "
                    "\"external\", \"external\": {\"url\": \"…\"}}.");
    return json::write(*document);
}

size_t bytes_of(const Member& member) {
    return member.property_id.size() + member.json.size() + 8;
}

} // namespace

bool needs_base(const Assignment& one) {
    const Codec& codec = one.codec;
    if (one.beside || codec.column == ColumnType::jsonb)
        return false;
    switch (codec.property) {
    case PropertyType::title:
    case PropertyType::rich_text:
        return !one.was_null && !is_null(one.value);
    case PropertyType::date:
        return is_date_part(codec) && (codec.part == DatePart::end || !one.was_null);
    case PropertyType::people:
        return codec.column != ColumnType::uuid_array && !is_null(one.value);
    case PropertyType::files:
        return !one.was_null;
    default:
        return false;
    }
}

Result<std::string> template_json(std::string_view wanted) {
    if (wanted == "default" || wanted == "none")
        return "{\"type\":\"" + std::string(wanted) + "\"}";
    const auto id = parse_id(wanted);
    if (!id)
        return fail(ErrorKind::unsendable, "it names no template", "It is " + quoted(wanted) + ".",
                    "default, none, or a template's id: SELECT id, name FROM notion.templates(…).");
    return "{\"type\":\"template_id\",\"template_id\":" + json::quote(*id) + "}";
}

Result<PageMembers> members_of(const std::vector<Assignment>& assignments,
                               const json::Value* base) {
    if (Status once = check_twice(assignments); !once)
        return std::move(once).error();
    PageMembers members;
    for (const Assignment& one : assignments) {
        if (one.beside) {
            auto json = beside_json(one);
            if (!json)
                return about(one, std::move(json).error());
            members.beside.push_back({one.property, std::move(*json)});
            continue;
        }
        if (one.codec.part == DatePart::end && other_part(assignments, one) != nullptr)
            continue; // goes with the start
        auto json = json_of(assignments, one, base);
        if (!json)
            return about(one, std::move(json).error());
        members.properties.push_back({one.property, std::move(*json)});
    }
    return members;
}

Status check_status(const Assignment& one) {
    const auto* name = std::get_if<std::string>(&one.value);
    if (one.codec.property != PropertyType::status || one.codec.options == nullptr ||
        name == nullptr || name->empty() || one.codec.column == ColumnType::jsonb)
        return Done{};
    Codec closed = one.codec;
    closed.new_options = false;
    if (canon(one.value, closed).ok())
        return Done{};
    std::string names;
    size_t count = 0;
    for (const Option& option : *one.codec.options)
        if (++count <= names_max)
            names += (names.empty() ? "" : ", ") + quoted(option.name);
    if (count > names_max)
        names += " and " + std::to_string(count - names_max) + " more";
    return about(one, fail(ErrorKind::unsendable, "the property has no such status",
                           "It is " + quoted(*name) + "; the property has " + names + ".",
                           "Statuses are added in Notion only."));
}

Result<std::vector<PageMembers>> split(PageMembers members, size_t bytes_max) {
    std::vector<PageMembers> parts(1);
    parts.back().beside = std::move(members.beside);
    size_t used = envelope_bytes;
    for (const Member& member : parts.back().beside)
        used += bytes_of(member);
    for (Member& member : members.properties) {
        const size_t bytes = bytes_of(member);
        if (bytes + envelope_bytes > bytes_max)
            return fail(ErrorKind::unsendable, "a value is larger than a request to Notion may be",
                        "Property " + member.property_id + " would take " + std::to_string(bytes) +
                            " bytes; a request may have " + std::to_string(bytes_max) + ".");
        if (used + bytes > bytes_max) {
            parts.emplace_back();
            used = envelope_bytes;
        }
        used += bytes;
        parts.back().properties.push_back(std::move(member));
    }
    return parts;
}

} // namespace notion
