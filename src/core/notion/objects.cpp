// Objects: see the header.
// scope: none.
#include "core/notion/objects.hpp"

#include <array>

#include "core/notion/answer.hpp"
#include "core/notion/moment.hpp"

namespace notion {
namespace {

using enum ColumnType;

constexpr ObjectColumn users[] = {
    {"user_id", uuid, "id"},
    {"name", text, "name"},
    {"type", text, "type"},
    {"email", text, "person.email"},
    {"avatar_url", text, "avatar_url"},
    {"raw", jsonb, "=raw"},
};
constexpr ObjectColumn pages[] = {
    {"page_id", uuid, "id"},
    {"title", text, "=title"},
    {"page_url", text, "url"},
    {"data_source_id", uuid, "parent.data_source_id"},
    {"parent_page_id", uuid, "parent.page_id"},
    {"parent", jsonb, "parent"},
    {"page_created_at", timestamptz, "created_time"},
    {"page_edited_at", timestamptz, "last_edited_time"},
    {"page_created_by", uuid, "created_by.id"},
    {"page_edited_by", uuid, "last_edited_by.id"},
    {"page_icon", jsonb, "icon"},
    {"page_cover", jsonb, "cover"},
    {"is_archived", boolean, "is_archived"},
    {"is_locked", boolean, "is_locked"},
    {"properties", jsonb, "properties"},
    {"raw", jsonb, "=raw"},
};
constexpr ObjectColumn databases[] = {
    {"database_id", uuid, "id"},
    {"title", text, "=plain title"},
    {"description", text, "=plain description"},
    {"url", text, "url"},
    {"parent", jsonb, "parent"},
    {"data_sources", jsonb, "data_sources"},
    {"is_inline", boolean, "is_inline"},
    {"is_locked", boolean, "is_locked"},
    {"created_at", timestamptz, "created_time"},
    {"edited_at", timestamptz, "last_edited_time"},
    {"icon", jsonb, "icon"},
    {"cover", jsonb, "cover"},
    {"raw", jsonb, "=raw"},
};
constexpr ObjectColumn data_sources[] = {
    {"data_source_id", uuid, "id"},
    {"title", text, "=plain title"},
    {"description", text, "=plain description"},
    {"url", text, "url"},
    {"database_id", uuid, "parent.database_id"},
    {"created_at", timestamptz, "created_time"},
    {"edited_at", timestamptz, "last_edited_time"},
    {"icon", jsonb, "icon"},
    {"properties", jsonb, "properties"},
    {"raw", jsonb, "=raw"},
};
constexpr ObjectColumn comments[] = {
    {"parent_id", uuid, "=root"},
    {"comment_id", uuid, "id"},
    {"discussion_id", uuid, "discussion_id"},
    {"body", text, "=plain rich_text"},
    {"rich_text", jsonb, "rich_text"},
    {"created_at", timestamptz, "created_time"},
    {"edited_at", timestamptz, "last_edited_time"},
    {"created_by", uuid, "created_by.id"},
    {"raw", jsonb, "=raw"},
};
constexpr ObjectColumn templates[] = {
    {"data_source_id", uuid, "=root"},
    {"template_id", uuid, "id"},
    {"name", text, "name"},
    {"is_default", boolean, "is_default"},
};
constexpr ObjectColumn blocks[] = {
    {"page_id", uuid, "=root"},
    {"block_id", uuid, "id"},
    {"parent_id", uuid, "=parent"},
    {"depth", int4, "=depth"},
    {"position", int8, "=position"},
    {"type", text, "type"},
    {"body", text, "=body"},
    {"content", jsonb, "=content"},
    {"has_children", boolean, "has_children"},
    {"created_at", timestamptz, "created_time"},
    {"edited_at", timestamptz, "last_edited_time"},
    {"created_by", uuid, "created_by.id"},
    {"edited_by", uuid, "last_edited_by.id"},
    {"raw", jsonb, "=raw"},
};

struct Kind {
    std::string_view name;
    std::span<const ObjectColumn> columns;
    std::string_view parent;
};
constexpr std::array<Kind, object_kinds> kinds = {{
    {"users", users, ""},
    {"pages", pages, ""},
    {"databases", databases, ""},
    {"data_sources", data_sources, ""},
    {"comments", comments, "parent_id"},
    {"templates", templates, "data_source_id"},
    {"blocks", blocks, "page_id"},
}};

const Kind& of(ObjectKind kind) {
    return kinds[static_cast<size_t>(kind)];
}

const json::Value* at_path(const json::Value& object, std::string_view path) {
    const json::Value* value = &object;
    while (value != nullptr && !path.empty()) {
        const size_t dot = std::min(path.find('.'), path.size());
        value = json::find(*value, path.substr(0, dot));
        path.remove_prefix(std::min(dot + 1, path.size()));
    }
    return value;
}

Value plain(const json::Value* runs) {
    if (runs == nullptr || !runs->IsArray())
        return {};
    std::string out;
    for (const json::Value& run : runs->GetArray())
        out += json::text(run, "plain_text");
    return out.empty() ? Value() : Value(std::move(out));
}

const json::Value* content_of(const json::Value& block) {
    return json::find(block, json::text(block, "type"));
}

Value title_of(const json::Value& page) {
    const json::Value* properties = json::find(page, "properties");
    if (properties == nullptr || !properties->IsObject())
        return {};
    for (const auto& member : properties->GetObject())
        if (json::text(member.value, "type") == "title")
            return plain(json::find(member.value, "title"));
    return {};
}

/// A code block's text, a heading's, a child page's title.
Value body_of(const json::Value& block) {
    const json::Value* content = content_of(block);
    if (content == nullptr)
        return {};
    Value text = plain(json::find(*content, "rich_text"));
    const std::string_view title = json::text(*content, "title");
    return is_null(text) && !title.empty() ? Value(std::string(title)) : text;
}

Value words(std::string_view view) {
    return view.empty() ? Value() : Value(std::string(view));
}

Value json_or_null(const json::Value* value) {
    return value == nullptr || value->IsNull() ? Value() : Value(json::write(*value));
}

Value made(const json::Value& object, std::string_view what, const ObjectPlace& place) {
    if (what == "=raw")
        return json_or_null(&object);
    if (what == "=title")
        return title_of(object);
    if (what == "=root")
        return words(place.root);
    if (what == "=parent")
        return words(place.parent);
    if (what == "=depth")
        return static_cast<int64_t>(place.depth);
    if (what == "=position")
        return place.position;
    if (what == "=body")
        return body_of(object);
    if (what == "=content")
        return json_or_null(content_of(object));
    constexpr std::string_view prefix = "=plain ";
    return plain(json::find(object, what.substr(prefix.size())));
}

void add_page(std::string& path, std::string_view cursor) {
    path += path.find('?') == path.npos ? '?' : '&';
    path += "page_size=" + std::to_string(page_size_max);
    if (!cursor.empty())
        path += "&start_cursor=" + encode_part(cursor);
}

} // namespace

std::string_view object_name(ObjectKind kind) {
    return of(kind).name;
}

std::optional<ObjectKind> object_kind(std::string_view name) {
    for (size_t at = 0; at < kinds.size(); at++)
        if (kinds[at].name == name)
            return static_cast<ObjectKind>(at);
    return std::nullopt;
}

std::span<const ObjectColumn> object_columns(ObjectKind kind) {
    return of(kind).columns;
}

const ObjectColumn* object_column(ObjectKind kind, std::string_view name) {
    for (const ObjectColumn& column : of(kind).columns)
        if (column.name == name)
            return &column;
    return nullptr;
}

std::string_view object_parent(ObjectKind kind) {
    return of(kind).parent;
}

Call list_objects(ObjectKind kind, std::string_view parent, std::string_view cursor) {
    std::string path;
    switch (kind) {
    case ObjectKind::pages:
        return search_objects("page", cursor);
    case ObjectKind::databases: // Notion lists what is in them
    case ObjectKind::data_sources:
        return search_data_sources(cursor);
    case ObjectKind::users:
        path = "/v1/users";
        break;
    case ObjectKind::comments:
        path = "/v1/comments?block_id=" + encode_part(parent);
        break;
    case ObjectKind::templates:
        path = "/v1/data_sources/" + encode_part(parent) + "/templates";
        break;
    case ObjectKind::blocks:
        path = "/v1/blocks/" + encode_part(parent) + "/children";
        break;
    }
    add_page(path, cursor);
    return {Method::get, std::move(path), ""};
}

Result<Value> object_value(const json::Value& object, const ObjectColumn& column,
                           const ObjectPlace& place) {
    if (column.path.starts_with('='))
        return made(object, column.path, place);
    const json::Value* value = at_path(object, column.path);
    if (value == nullptr || value->IsNull())
        return Value();
    if (column.type == jsonb)
        return json_or_null(value);
    if (column.type == boolean)
        return value->IsBool() ? Value(value->GetBool()) : Value();
    if (!value->IsString())
        return Value();
    if (column.type != timestamptz)
        return words(json::view(*value));
    const auto stamp = parse_stamp(json::view(*value));
    if (!stamp)
        return fail(ErrorKind::malformed, "Notion's answer holds a time that cannot be read");
    return Value(stamp->instant());
}

bool is_nested(const json::Value& block) {
    const std::string_view type = json::text(block, "type");
    return json::truth(block, "has_children") && type != "child_page" && type != "child_database";
}

Result<ObjectList> object_list(ObjectKind kind, const json::Value& answer) {
    ObjectList list;
    if (kind != ObjectKind::templates) {
        auto head = list_head(answer);
        if (!head)
            return head.error();
        return ObjectList{head->results, head->next_cursor, head->incomplete};
    }
    list.objects = json::find(answer, "templates");
    if (list.objects == nullptr || !list.objects->IsArray())
        return fail(ErrorKind::malformed, "Notion's answer is no list of templates");
    if (json::truth(answer, "has_more"))
        list.next_cursor = json::text(answer, "next_cursor");
    return list;
}

} // namespace notion
