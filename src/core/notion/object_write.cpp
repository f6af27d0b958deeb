// Writes of objects: see the header.
// scope: none.
#include "core/notion/object_write.hpp"

#include "core/notion/richtext.hpp"

namespace notion {
namespace {

constexpr std::string_view default_type = "paragraph";

const Value* field(const std::vector<ObjectField>& fields, std::string_view name) {
    for (const ObjectField& one : fields)
        if (one.column == name)
            return &one.value;
    return nullptr;
}

std::string text_of(const std::vector<ObjectField>& fields, std::string_view name) {
    const Value* value = field(fields, name);
    const auto* text = value == nullptr ? nullptr : std::get_if<std::string>(value);
    return text == nullptr ? std::string() : *text;
}

Error refused(std::string why, std::string hint = {}) {
    return fail(ErrorKind::invalid_argument, std::move(why), "", std::move(hint));
}

/// Only these columns can be written; what Notion decides cannot.
Status check_columns(const std::vector<ObjectField>& fields,
                     std::initializer_list<std::string_view> known) {
    for (const ObjectField& one : fields) {
        bool found = false;
        for (std::string_view name : known)
            found = found || one.column == name;
        if (!found)
            return refused("column \"" + one.column + "\" cannot be written here");
    }
    return Done{};
}

/// `{"rich_text":[…]}` of a plain text, or the content as it was given.
Result<std::string> content_of(const std::vector<ObjectField>& fields) {
    if (const std::string content = text_of(fields, "content"); !content.empty()) {
        auto document = json::parse(content);
        if (!document || !document->IsObject())
            return refused("column \"content\" is no JSON object");
        return json::write(*document);
    }
    auto runs = runs_to_send(splice({}, text_of(fields, "body")));
    if (!runs)
        return runs.error();
    return "{\"rich_text\":" + *runs + "}";
}

bool is_word(std::string_view type) {
    for (const char c : type)
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'))
            return false;
    return !type.empty();
}

Result<Call> append_block(const std::vector<ObjectField>& fields) {
    if (Status known = check_columns(fields, {"page_id", "parent_id", "type", "body", "content"});
        !known)
        return known.error();
    std::string parent = text_of(fields, "parent_id");
    if (parent.empty())
        parent = text_of(fields, "page_id");
    if (parent.empty())
        return refused("a block needs a parent", "Give page_id, or parent_id for a block in it.");
    std::string type = text_of(fields, "type");
    if (type.empty())
        type = default_type;
    if (!is_word(type))
        return refused("column \"type\" is no type of block");
    auto content = content_of(fields);
    if (!content)
        return content.error();
    return Call{Method::patch, "/v1/blocks/" + encode_part(parent) + "/children",
                "{\"children\":[{\"object\":\"block\",\"type\":\"" + type + "\",\"" + type +
                    "\":" + *content + "}]}"};
}

Result<Call> change_block(std::string_view id, std::string_view type,
                          const std::vector<ObjectField>& fields) {
    if (Status known = check_columns(fields, {"body", "content"}); !known)
        return known.error();
    if (!is_word(type))
        return refused("the block has no type");
    auto content = content_of(fields);
    if (!content)
        return content.error();
    return Call{Method::patch, "/v1/blocks/" + encode_part(id),
                "{\"" + std::string(type) + "\":" + *content + "}"};
}

Result<Call> make_comment(const std::vector<ObjectField>& fields) {
    if (Status known = check_columns(fields, {"parent_id", "discussion_id", "body", "rich_text"});
        !known)
        return known.error();
    const std::string parent = text_of(fields, "parent_id");
    const std::string discussion = text_of(fields, "discussion_id");
    std::string body;
    if (!discussion.empty())
        body = "{\"discussion_id\":" + json::quote(discussion);
    else if (!parent.empty())
        body = "{\"parent\":{\"page_id\":" + json::quote(parent) + "}";
    else
        return refused("a comment needs a parent", "Give parent_id (a page), or discussion_id.");
    std::string runs = text_of(fields, "rich_text");
    if (runs.empty()) {
        auto made = runs_to_send(splice({}, text_of(fields, "body")));
        if (!made)
            return made.error();
        runs = *made;
    } else if (auto given = json::parse(runs); !given || !given->IsArray()) {
        return refused("column \"rich_text\" is no JSON array");
    }
    return Call{Method::post, "/v1/comments", body + ",\"rich_text\":" + runs + "}"};
}

} // namespace

std::string_view object_key(ObjectKind kind) {
    return kind == ObjectKind::blocks     ? "block_id"
           : kind == ObjectKind::comments ? "comment_id"
                                          : "";
}

bool is_object_writable(ObjectKind kind, ObjectWrite what) {
    return kind == ObjectKind::blocks ||
           (kind == ObjectKind::comments && what == ObjectWrite::create);
}

Result<Call> write_object(ObjectKind kind, ObjectWrite what, std::string_view id,
                          std::string_view type, const std::vector<ObjectField>& fields) {
    if (!is_object_writable(kind, what))
        return refused(std::string(object_name(kind)) + " cannot be written so");
    if (kind == ObjectKind::comments)
        return make_comment(fields);
    if (what == ObjectWrite::remove)
        return Call{Method::del, "/v1/blocks/" + encode_part(id), ""};
    return what == ObjectWrite::create ? append_block(fields) : change_block(id, type, fields);
}

const json::Value* written_object(const json::Value& answer) {
    const json::Value* list = json::find(answer, "results");
    if (list == nullptr)
        return &answer;
    return list->IsArray() && list->Size() > 0 ? &(*list)[0] : nullptr;
}

} // namespace notion
