// Answer: pages and lists, as far as their shape is believed.
// scope: none.
#include "core/notion/answer.hpp"

#include "core/notion/moment.hpp"

namespace notion {
namespace {

Error malformed(std::string what) {
    return fail(ErrorKind::malformed, "Notion's answer is not what its documentation says",
                std::move(what));
}

std::string_view author(const json::Value& page, std::string_view name) {
    const json::Value* user = json::find(page, name);
    return user == nullptr ? std::string_view() : json::text(*user, "id");
}

} // namespace

Result<PageHead> page_head(const json::Value& page) {
    PageHead head;
    if (json::text(page, "object") != "page")
        return malformed("It holds an object that is no page.");
    head.id = json::text(page, "id");
    head.properties = json::find(page, "properties");
    if (head.id.empty() || head.properties == nullptr || !head.properties->IsObject())
        return malformed("It holds a page without id or properties.");
    const auto created = parse_stamp(json::text(page, "created_time"));
    const auto edited = parse_stamp(json::text(page, "last_edited_time"));
    if (!created || !edited)
        return malformed("It holds a page whose times cannot be read.");
    head.created = created->instant();
    head.edited = edited->instant();
    head.url = json::text(page, "url");
    head.created_by = author(page, "created_by");
    head.edited_by = author(page, "last_edited_by");
    if (const json::Value* parent = json::find(page, "parent"))
        head.data_source = json::text(*parent, "data_source_id");
    // Version 2025-09-03 says both `archived` and `in_trash`, with one meaning.
    head.in_trash = json::truth(page, "in_trash") || json::truth(page, "archived");
    head.is_archived = json::truth(page, "is_archived");
    return head;
}

const json::Value* property_by_id(const PageHead& page, std::string_view property_id) {
    for (const auto& member : page.properties->GetObject())
        if (json::text(member.value, "id") == property_id)
            return &member.value;
    return nullptr;
}

const json::Value* property_by_id(const PageHead& page, std::string_view property_id,
                                  unsigned& place) {
    const auto& members = page.properties->GetObject();
    if (place < members.MemberCount()) {
        const json::Value& value = (members.MemberBegin() + place)->value;
        if (json::text(value, "id") == property_id)
            return &value;
    }
    unsigned at = 0;
    for (const auto& member : members) {
        if (json::text(member.value, "id") == property_id) {
            place = at;
            return &member.value;
        }
        at++;
    }
    return nullptr;
}

Result<ListHead> list_head(const json::Value& list) {
    ListHead head;
    head.results = json::find(list, "results");
    if (json::text(list, "object") != "list" || head.results == nullptr || !head.results->IsArray())
        return malformed("It is no list.");
    const json::Value* more = json::find(list, "has_more");
    if (more == nullptr || !more->IsBool())
        return malformed("It is a list that does not say whether it goes on.");
    if (more->IsTrue()) {
        head.next_cursor = json::text(list, "next_cursor");
        if (head.next_cursor.empty())
            return malformed("It is a list that goes on but does not say where.");
    }
    const json::Value* status = json::find(list, "request_status");
    head.incomplete = status != nullptr && json::text(*status, "type") == "incomplete";
    return head;
}

} // namespace notion
