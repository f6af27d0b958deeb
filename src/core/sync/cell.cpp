// Cell: see the header.
// scope: none.
#include "core/sync/cell.hpp"

#include <algorithm>
#include <set>

namespace notion::sync {
namespace {

using Members = std::vector<std::string>;

Members members_of(const Value& value) {
    const Members* members = std::get_if<Members>(&value);
    return members ? *members : Members{};
}

bool has(const Members& members, const std::string& member) {
    return std::find(members.begin(), members.end(), member) != members.end();
}

bool same_members(const Value& one, const Value& other) {
    const Members left = members_of(one);
    const Members right = members_of(other);
    return std::set<std::string>(left.begin(), left.end()) ==
           std::set<std::string>(right.begin(), right.end());
}

} // namespace

Result<Value> canonical(const Field& field, const Cell& text) {
    if (!text)
        return canon(Value{}, field.codec);
    const Result<Value> value = from_text(*text, field.codec.column);
    if (!value.ok())
        return value.error();
    return canon(*value, field.codec);
}

Result<Value> decoded(const Field& field, std::string_view half) {
    return decode_half(half, field.codec);
}

bool same(const Field& field, const Value& one, const Value& other) {
    if (field.is_set())
        return same_members(one, other);
    const std::string* left = std::get_if<std::string>(&one);
    const std::string* right = std::get_if<std::string>(&other);
    if (field.codec.column == ColumnType::jsonb && left && right)
        return same_half(*left, *right);
    return one == other;
}

bool agrees(const Field& field, const Value& here, const Value& there) {
    const Result<Value> shown = canon(there, field.codec);
    return same(field, here, shown.ok() ? *shown : there);
}

bool same_cell(const Field& field, const Cell& one, const Cell& other) {
    if (one == other)
        return true;
    const Result<Value> left = canonical(field, one);
    const Result<Value> right = canonical(field, other);
    return left.ok() && right.ok() && same(field, *left, *right);
}

bool same_half(std::string_view one, std::string_view other) {
    if (one == other)
        return true;
    const Result<json::Document> left = json::parse(one);
    const Result<json::Document> right = json::parse(other);
    return left.ok() && right.ok() && json::canonical(*left) == json::canonical(*right);
}

bool is_empty(const Value& value) {
    if (const bool* truth = std::get_if<bool>(&value))
        return !*truth;
    if (const Members* members = std::get_if<Members>(&value))
        return members->empty();
    return is_null(value);
}

Cell to_cell(const Field& field, const Value& value) {
    if (!is_null(value))
        return to_text(value, field.codec.column);
    if (field.not_null && field.codec.column == ColumnType::text)
        return std::string();
    return std::nullopt;
}

Value unite(const Value& base, const Value& here, const Value& there) {
    const Members before = members_of(base);
    const Members left = members_of(here);
    const Members right = members_of(there);
    Members united;
    for (const Members* side : {&right, &left}) {
        for (const std::string& member : *side) {
            const bool removed = has(before, member) && !(has(left, member) && has(right, member));
            if (!removed && !has(united, member))
                united.push_back(member);
        }
    }
    return united;
}

Result<std::string> expected_half(const Field& field, const Value& value,
                                  std::string_view base_half) {
    const Result<std::string> member = encode(value, field.codec, base_half);
    if (!member.ok())
        return member.error();
    Result<json::Document> parsed = json::parse(*member);
    if (!parsed.ok() || !parsed->IsObject())
        return fail(ErrorKind::internal, "an encoded property is not a JSON object");
    json::Document& property = parsed.value();
    auto& memory = property.GetAllocator();
    if (!property.HasMember("id"))
        property.AddMember("id", json::Value(field.property_id.c_str(), memory), memory);
    if (!property.HasMember("type")) {
        const std::string type(property_type_name(field.codec.property));
        property.AddMember("type", json::Value(type.c_str(), memory), memory);
    }
    return half(property);
}

} // namespace notion::sync
