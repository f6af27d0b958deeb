// Pages: create, read, change, trash and restore, move, and single property items.
// scope: call.
#include "handlers.hpp"

#include "blocks.hpp"
#include "rich_text.hpp"
#include "value.hpp"

#include <algorithm>

namespace emulator {

namespace {

Reply answer(World& world, const Call& call, PageRecord& record) {
    Reply reply;
    append_page(reply.body, world, record, call.version,
                projection_of(call, world.store.schema_of(record.now)));
    return reply;
}

constexpr const char* archived_text =
    "Can't edit block that is archived. You must unarchive the block before editing.";

// The person who acts is who a new page names, whatever the body says.
Page new_page(World& world, const Call& call, const Edit& edit) {
    Page page;
    page.parent = read_parent(world, call, call.body);
    page.stamp = new_stamp(edit);
    apply_looks(call.body, page.icon, page.cover);
    return page;
}

} // namespace

Reply post_page(World& world, const Call& call) {
    Edit edit = edit_of(world, call);
    Page page = new_page(world, call, edit);
    DataSource& source = world.store.schema_of(page);
    const Json* properties = member(call.body, "properties");
    Values values = properties
                        ? read_values(world, source, *properties, "body.properties", Trust::api)
                        : Values{};
    const Json* children = member(call.body, "children");
    const Json* markdown = member(call.body, "markdown");
    if (children && markdown)
        refuse_body("body.markdown", "not present", to_text(*markdown));
    if (children)
        check_children(*children, "body.children", 0);
    const Template* chosen = wanted_template(source, call.body);
    page.id = world.store.new_id();
    PageRecord& record = create_page(edit, std::move(page), std::move(values));
    if (children)
        append_blocks(edit, {Parent::Kind::page, record.now.id}, *children, std::nullopt);
    if (markdown && markdown->IsString())
        append_markdown(edit, {Parent::Kind::page, record.now.id}, view(*markdown), std::nullopt);
    if (chosen)
        append_markdown(edit, {Parent::Kind::page, record.now.id}, chosen->markdown, std::nullopt);
    return answer(world, call, record);
}

Reply get_page(World& world, const Call& call) {
    return answer(world, call, visible_page(world, call, path_id(call, 0, "page_id")));
}

Reply patch_page(World& world, const Call& call) {
    Edit edit = edit_of(world, call);
    PageRecord& record = visible_page(world, call, path_id(call, 0, "page_id"));
    const auto trashed = trash_wish(call);
    DataSource& source = world.store.schema_of(record.now);
    if (source.in_trash || (record.now.in_trash && !(trashed && !*trashed)))
        refuse(archived_text);
    const Json* properties = member(call.body, "properties");
    Values values = properties
                        ? read_values(world, source, *properties, "body.properties", Trust::api)
                        : Values{};
    std::string icon = record.now.icon;
    std::string cover = record.now.cover;
    apply_looks(call.body, icon, cover);
    if (trashed && !*trashed)
        set_trashed(edit, record, false);
    if (icon != record.now.icon || cover != record.now.cover) {
        touch_page(edit, record);
        record.now.icon = icon;
        record.now.cover = cover;
    }
    if (const Json* locked = member(call.body, "is_locked"); locked && locked->IsBool()) {
        if (record.now.is_locked != locked->GetBool()) {
            touch_page(edit, record);
            record.now.is_locked = locked->GetBool();
            raise_page_event(edit, record.now, locked->GetBool() ? "page.locked" : "page.unlocked");
        }
    }
    if (const Json* archived = member(call.body, "is_archived"); archived && archived->IsBool()) {
        touch_page(edit, record);
        record.now.is_archived = archived->GetBool();
    }
    update_values(edit, record, std::move(values));
    const Template* chosen = wanted_template(source, call.body);
    if (flag_member(call.body, "erase_content", false))
        erase_content(edit, record);
    if (chosen)
        append_markdown(edit, {Parent::Kind::page, record.now.id}, chosen->markdown, std::nullopt);
    if (trashed && *trashed)
        set_trashed(edit, record, true);
    return answer(world, call, record);
}

Reply post_page_move(World& world, const Call& call) {
    Edit edit = edit_of(world, call);
    PageRecord& record = visible_page(world, call, path_id(call, 0, "page_id"));
    if (record.now.in_trash)
        refuse(archived_text);
    move_page(edit, record, read_parent(world, call, call.body));
    return answer(world, call, record);
}

} // namespace emulator
