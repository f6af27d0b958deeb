// Blocks: their content, where they stand, and their trash; see blocks.hpp.
// scope: call.
#include "blocks.hpp"

#include "block_content.hpp"
#include "rich_text.hpp"

#include <algorithm>

namespace emulator {

namespace {

Uuid append_one(Edit& edit, Parent parent, const Json& wish, const std::string& path) {
    Block block;
    block.id = edit.world.store.new_id();
    block.parent = parent;
    block.stamp = new_stamp(edit);
    block.type = block_type_of(wish, path);
    const Json& content = *member(wish, block.type);
    fill_content(edit.world, block, content, path + "." + block.type);
    const Uuid id = block.id;
    edit.world.store.add(std::move(block));
    const Json* children = member(content, "children");
    if (!children)
        children = member(wish, "children");
    if (children && children->IsArray()) {
        Ids ids;
        for (unsigned i = 0; i < children->Size(); ++i)
            ids.push_back(append_one(edit, {Parent::Kind::block, id}, (*children)[i], path));
        edit.world.store.block(id)->children = std::move(ids);
    }
    return id;
}

void place_ids(Ids& siblings, const Ids& ids, const std::optional<Place>& place) {
    auto at = siblings.end();
    if (place && place->at_start) {
        at = siblings.begin();
    } else if (place) {
        at = std::ranges::find(siblings, place->after);
        if (at == siblings.end())
            refuse("Block " + dashed(place->after) + " is not a child of the parent block.");
        ++at;
    }
    siblings.insert(at, ids.begin(), ids.end());
}

} // namespace

void check_children(const Json& children, const std::string& path, int depth) {
    require_array(children, path);
    for (unsigned i = 0; i < children.Size(); ++i) {
        const std::string here = path + "[" + std::to_string(i) + "]";
        const std::string type = block_type_of(children[i], here);
        const Json& content = *member(children[i], type);
        if (!content.IsObject())
            refuse_body(here + "." + type, "an object", to_text(content));
        const Json* inner = member(content, "children");
        if (!inner)
            continue;
        if (depth >= 2)
            refuse_body(here + "." + type + ".children", "not present", to_text(*inner));
        check_children(*inner, here + "." + type + ".children", depth + 1);
    }
}

Ids* children_of(World& world, Uuid id) {
    if (PageRecord* record = world.store.page(id))
        return &record->now.children;
    Block* block = world.store.block(id);
    return block ? &block->children : nullptr;
}

Uuid page_of(const World& world, Uuid id) {
    for (auto found = world.store.blocks.find(id); found != world.store.blocks.end();
         found = world.store.blocks.find(id)) {
        const Parent& parent = found->second.parent;
        if (parent.kind != Parent::Kind::block)
            return parent.id;
        id = parent.id;
    }
    return id;
}

void raise_content_event(Edit& edit, Uuid page, const Ids& blocks) {
    PageRecord* record = edit.world.store.page(page);
    if (!record || edit.silent)
        return;
    touch_page(edit, *record);
    Event event;
    event.type = "page.content_updated";
    event.entity_type = "page";
    event.entity = page;
    event.parent = record->now.parent;
    if (event.parent.kind == Parent::Kind::data_source) {
        const DataSource* source = edit.world.store.data_source(event.parent.id);
        event.data_source = event.parent.id;
        event.parent = {Parent::Kind::database, source ? source->database : Uuid{}};
    }
    event.authors = {{edit.author, edit.person}};
    for (const Uuid id : blocks)
        if (const Block* block = edit.world.store.block(id))
            event.blocks[id] = block->type;
    edit.world.webhooks.raise(std::move(event));
}

Ids append_blocks(Edit& edit, Parent parent, const Json& children, std::optional<Place> place) {
    Ids ids;
    for (unsigned i = 0; i < children.Size(); ++i)
        ids.push_back(
            append_one(edit, parent, children[i], "body.children[" + std::to_string(i) + "]"));
    place_ids(*children_of(edit.world, parent.id), ids, place);
    raise_content_event(
        edit, parent.kind == Parent::Kind::block ? page_of(edit.world, parent.id) : parent.id, ids);
    return ids;
}

void erase_content(Edit& edit, PageRecord& record) {
    Ids gone = record.now.children;
    for (const Uuid id : gone)
        if (Block* block = edit.world.store.block(id))
            block->in_trash = true;
    record.now.children.clear();
    raise_content_event(edit, record.now.id, gone);
}

void refill(Edit& edit, Block& block, const Json& content, const std::string& path) {
    fill_content(edit.world, block, content, path);
    block.stamp.edited_at = edit.world.clock.now();
    block.stamp.edited_by = edit.author;
}

} // namespace emulator
