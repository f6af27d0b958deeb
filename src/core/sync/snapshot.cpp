// Snapshot: see the header.
// scope: none.
#include "core/sync/snapshot.hpp"

#include <algorithm>
#include <utility>

#include "core/notion/answer.hpp"

namespace notion::sync {
namespace {

/// The marker as text, byte for byte what was sent as long as nobody touched it.
Cell marker_of(const Link& link, const Halves& properties) {
    const Field* field = link.marker();
    if (!field)
        return std::nullopt;
    const auto half = properties.find(field->property_id);
    if (half == properties.end())
        return std::nullopt;
    const Result<Value> value = decoded(*field, half->second);
    if (!value.ok() || is_null(*value))
        return std::nullopt;
    return to_text(*value, field->codec.column);
}

int64_t us_of(std::string_view iso) {
    const Result<Moment> moment = parse_moment(iso);
    return moment.ok() ? moment->instant.us : 0;
}

/// Of the type that the link knows. One that became another is as good as gone: what it shows is no
/// edit of a value, and its column is about to be set aside (extension/58-drift.sql).
bool is_of_type(const Link& link, const std::string& id, const json::Value& property) {
    const auto field = std::ranges::find(link.fields, id, &Field::property_id);
    const PropertyType type = field->codec.property;
    return type == PropertyType::unknown ||
           json::text(property, "type") == property_type_name(type);
}

void take_properties(const Link& link, const PageHead& head, Snapshot& snapshot) {
    for (const std::string& id : link.property_ids()) {
        const json::Value* property = property_by_id(head, id);
        if (!property)
            snapshot.absent.push_back(id);
        if (!property || !is_of_type(link, id, *property))
            continue;
        if (is_cut(*property))
            snapshot.cut.push_back(id);
        snapshot.properties.insert_or_assign(id, half(*property));
    }
    snapshot.marker = marker_of(link, snapshot.properties);
}

/// Start and end of one date merge apart: a new end is no news for the column with the start.
bool same_part(const Field& field, std::string_view one, std::string_view other) {
    const Result<Value> left = decoded(field, one);
    const Result<Value> right = decoded(field, other);
    return left.ok() && right.ok() && same(field, *left, *right);
}

bool is_ungenerated_news(const Link& link, const Mapping& mapping, const Snapshot& snapshot,
                         bool& generated) {
    for (const Field& field : link.fields) {
        const auto half = snapshot.properties.find(field.property_id);
        if (half == snapshot.properties.end() || !is_news(field, mapping, half->second))
            continue;
        if (!field.is_generated)
            return true;
        generated = true;
    }
    return false;
}

} // namespace

Result<Snapshot> take_snapshot(const Link& link, const json::Value& page) {
    const Result<PageHead> head = page_head(page);
    if (!head.ok())
        return head.error();
    Snapshot snapshot;
    snapshot.page = head->id;
    snapshot.url = head->url;
    snapshot.created = format_instant(head->created);
    snapshot.edited = format_instant(head->edited);
    snapshot.created_us = head->created.us;
    snapshot.edited_us = head->edited.us;
    snapshot.created_by = head->created_by;
    snapshot.edited_by = head->edited_by;
    snapshot.in_trash = head->in_trash;
    snapshot.data_source = head->data_source;
    take_properties(link, *head, snapshot);
    return snapshot;
}

Result<SnapshotList> take_snapshots(const Link& link, const json::Value& list) {
    const Result<ListHead> head = list_head(list);
    if (!head.ok())
        return head.error();
    SnapshotList taken;
    taken.next_cursor = head->next_cursor;
    taken.incomplete = head->incomplete;
    for (const json::Value& item : head->results->GetArray()) {
        if (json::text(item, "object") != "page")
            continue;
        Result<Snapshot> snapshot = take_snapshot(link, item);
        if (!snapshot.ok())
            return snapshot.error();
        taken.snapshots.push_back(std::move(snapshot.value()));
    }
    return taken;
}

Result<Snapshot> parse_snapshot(const json::Value& value) {
    if (!value.IsObject())
        return fail(ErrorKind::malformed, "a snapshot is not a JSON object");
    Snapshot snapshot;
    snapshot.page = json::text(value, "page");
    snapshot.url = json::text(value, "url");
    snapshot.created = json::text(value, "created");
    snapshot.edited = json::text(value, "edited");
    snapshot.created_us = us_of(snapshot.created);
    snapshot.edited_us = us_of(snapshot.edited);
    snapshot.created_by = json::text(value, "created_by");
    snapshot.edited_by = json::text(value, "edited_by");
    snapshot.in_trash = json::truth(value, "in_trash");
    snapshot.data_source = json::text(value, "data_source");
    snapshot.is_source_told = json::find(value, "data_source") != nullptr;
    if (const json::Value* marker = json::find(value, "marker"); marker && marker->IsString())
        snapshot.marker = std::string(json::view(*marker));
    snapshot.cut = json::texts(value, "cut");
    snapshot.absent = json::texts(value, "absent");
    const json::Value* properties = json::find(value, "properties");
    if (!properties || !properties->IsObject())
        return fail(ErrorKind::malformed, "a snapshot lacks its properties");
    for (const auto& member : properties->GetObject())
        snapshot.properties.insert_or_assign(std::string(json::view(member.name)),
                                             json::write(member.value));
    return snapshot;
}

bool is_news(const Field& field, const Mapping& mapping, std::string_view half) {
    const auto entry = mapping.base.find(field.id);
    if (entry == mapping.base.end()) {
        // No base: an empty property is no evidence that anybody edited it.
        const Result<Value> value = decoded(field, half);
        return !value.ok() || !is_empty(*value);
    }
    const BaseEntry& base = entry->second;
    const auto held = mapping.held.find(field.id);
    if (held != mapping.held.end() && is_open(held->second))
        return true; // to be merged whatever it shows: a decision waits for it
    if (held != mapping.held.end() && base.seen && same_half(*base.seen, half))
        return false;
    if (!base.n)
        return true;
    if (same_half(*base.n, half))
        return false;
    return !(field.shares_property && same_part(field, *base.n, half));
}

bool is_elsewhere(const Link& link, const Snapshot& snapshot) {
    return snapshot.is_source_told && snapshot.data_source != link.data_source;
}

News news_of(const Link& link, const Mapping& mapping, const Snapshot& snapshot) {
    const bool elsewhere = is_elsewhere(link, snapshot);
    if (!mapping.exists || mapping.page.empty())
        return snapshot.in_trash || elsewhere ? News::none : News::some;
    if (elsewhere != (mapping.page_state == PageState::moved))
        return News::some;
    if (elsewhere)
        return News::none;
    if (snapshot.in_trash != (mapping.page_state == PageState::trashed))
        return News::some;
    if (snapshot.in_trash) {
        // The second look, after the grace, before its row is deleted.
        const bool awaited = link.on_notion_trash == OnNotionTrash::remove && link.creates_rows() &&
                             !mapping.row_deleted;
        return awaited ? News::some : News::none;
    }
    if (mapping.page_state != PageState::live)
        return News::some; // unreachable or gone, and now it is there
    if (const auto whole = mapping.held.find(hold::whole);
        whole != mapping.held.end() && is_resolved(whole->second))
        return News::some;
    bool generated = false;
    if (is_ungenerated_news(link, mapping, snapshot, generated))
        return News::some;
    return generated ? News::generated : News::none;
}

Status complete(const Link& link, Snapshot& snapshot, std::string_view property_id,
                const json::Value& items) {
    const auto cut = std::find(snapshot.cut.begin(), snapshot.cut.end(), property_id);
    const auto known = snapshot.properties.find(property_id);
    if (cut == snapshot.cut.end() || known == snapshot.properties.end() || !items.IsArray())
        return fail(ErrorKind::malformed, "the items complete no property of this page");
    const Field* field = nullptr;
    for (const Field& candidate : link.fields)
        if (candidate.property_id == property_id)
            field = &candidate;
    if (!field)
        return fail(ErrorKind::malformed, "the items are of a property that is not paired");
    const std::string type(property_type_name(field->codec.property));
    json::Document property;
    property.SetObject();
    auto& memory = property.GetAllocator();
    json::Value members(rapidjson::kArrayType);
    for (const json::Value& item : items.GetArray()) {
        const json::Value* member = json::find(item, type);
        if (json::text(item, "object") != "property_item" || !member)
            return fail(ErrorKind::malformed, "a property item is not of type " + type);
        members.PushBack(json::Value(*member, memory), memory);
    }
    property.AddMember("id", json::Value(field->property_id.c_str(), memory), memory);
    property.AddMember("type", json::Value(type.c_str(), memory), memory);
    property.AddMember(json::Value(type.c_str(), memory), members, memory);
    known->second = half(property);
    snapshot.cut.erase(cut);
    snapshot.marker = marker_of(link, snapshot.properties);
    return Done{};
}

} // namespace notion::sync
