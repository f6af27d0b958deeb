// Blocks: their content, where they stand, and their trash; see blocks.hpp.
// scope: call.
#include "blocks.hpp"

#include "rich_text.hpp"

#include <algorithm>
#include <utility>

namespace emulator {

namespace {

constexpr std::string_view block_types[] = {"paragraph",
                                            "heading_1",
                                            "heading_2",
                                            "heading_3",
                                            "heading_4",
                                            "bulleted_list_item",
                                            "numbered_list_item",
                                            "to_do",
                                            "toggle",
                                            "quote",
                                            "callout",
                                            "code",
                                            "equation",
                                            "divider",
                                            "breadcrumb",
                                            "table_of_contents",
                                            "column_list",
                                            "column",
                                            "link_to_page",
                                            "table",
                                            "table_row",
                                            "embed",
                                            "bookmark",
                                            "image",
                                            "video",
                                            "pdf",
                                            "file",
                                            "audio",
                                            "synced_block",
                                            "template",
                                            "tab",
                                            "link_preview",
                                            "meeting_notes"};

bool has_color(std::string_view type) {
    static constexpr std::string_view plain[] = {"code",        "equation", "divider", "breadcrumb",
                                                 "column_list", "column",   "table",   "table_row"};
    return std::ranges::find(plain, type) == std::end(plain);
}

std::string type_of(const Json& wish, const std::string& path) {
    if (!wish.IsObject())
        refuse_body(path, "an object", to_text(wish));
    for (const auto type : block_types)
        if (member(wish, type))
            return std::string(type);
    std::vector<std::string> paths;
    for (const char* type : {"embed", "bookmark", "image", "code", "divider", "paragraph"})
        paths.push_back(path + "." + type);
    refuse_union(paths);
}

bool is_one_of(std::string_view type, std::initializer_list<std::string_view> types) {
    return std::ranges::find(types, type) != types.end();
}

bool has_file(std::string_view type) {
    return is_one_of(type, {"image", "video", "pdf", "file", "audio"});
}

bool has_caption(std::string_view type) {
    return has_file(type) || is_one_of(type, {"code", "embed", "bookmark"});
}

// The last part of the address, as Notion names a file that came without a name.
std::string file_name_of(const Json& content) {
    const Json* external = member(content, "external");
    const std::string url(external ? text_member(*external, "url").value_or("") : "");
    const std::string path = url.substr(0, url.find_first_of("?#"));
    return path.substr(path.rfind('/') + 1);
}

void write_cells(Out& out, Edit& edit, const Json& rows, const std::string& path) {
    require_array(rows, path);
    out.key("cells").open_array();
    for (const auto& cell : rows.GetArray())
        write_text(out,
                   read_rich_text(cell, path, edit.world.store, edit.world.semantics.url_base));
    out.close_array();
}

// Captions and rich text, which stand first: new, or as they were, or empty where they belong.
void fill_texts(Out& out, Edit& edit, Block& block, const Json& content, const Json& old,
                const std::string& path) {
    World& world = edit.world;
    for (const char* name : {"caption", "rich_text"}) {
        const bool is_caption = std::string_view(name) == "caption";
        if (const Json* text = member(content, name)) {
            const Text runs =
                read_rich_text(*text, path + "." + name, world.store, world.semantics.url_base);
            out.key(name);
            write_text(out, runs);
            if (!is_caption)
                block.plain = plain_text(runs);
        } else if (const Json* kept = member(old, name)) {
            out.key(name).json(*kept);
        } else if (is_caption && has_caption(block.type)) {
            out.key(name).open_array().close_array();
        }
    }
}

// What a new block has although nobody said so.
void fill_defaults(Out& out, const Block& block, const Json& content) {
    const auto lacks = [&](const char* name) { return !member(content, name); };
    if (is_one_of(block.type, {"paragraph", "callout"}) && lacks("icon"))
        out.key("icon").null();
    if (block.type.starts_with("heading_") && lacks("is_toggleable"))
        out.key("is_toggleable").boolean(false);
    if (block.type == "to_do" && lacks("checked"))
        out.key("checked").boolean(false);
    if (block.type == "code" && lacks("language"))
        out.key("language").text("plain text");
    if (has_file(block.type) && lacks("type"))
        out.key("type").text(member(content, "file") ? "file" : "external");
    if (block.type == "file" && lacks("name"))
        out.key("name").text(file_name_of(content));
    if (block.type == "table")
        for (const char* name : {"has_column_header", "has_row_header"})
            if (lacks(name))
                out.key(name).boolean(false);
}

// Members in the order that recordings have for text blocks; others as they came, then those
// that an update left alone.
void fill(Edit& edit, Block& block, const Json& content, const std::string& path) {
    const std::string before = std::exchange(block.content, {});
    Document old;
    parse(before, old);
    Out out(block.content);
    out.open();
    fill_texts(out, edit, block, content, old, path);
    if (old.ObjectEmpty())
        fill_defaults(out, block, content);
    const auto is_apart = [](std::string_view name) {
        return is_one_of(name, {"rich_text", "caption", "children", "color"});
    };
    for (const auto& entry : content.GetObject()) {
        const auto name = view(entry.name);
        if (name == "cells")
            write_cells(out, edit, entry.value, path + ".cells");
        else if (!is_apart(name))
            out.key(name).json(entry.value);
    }
    for (const auto& entry : old.GetObject())
        if (!is_apart(view(entry.name)) && !member(content, view(entry.name)))
            out.key(view(entry.name)).json(entry.value);
    const bool colored = member(content, "rich_text") || member(old, "rich_text") ||
                         block.type == "table_of_contents";
    if (colored && has_color(block.type))
        out.key("color").text(
            text_member(content, "color").value_or(text_member(old, "color").value_or("default")));
    out.close();
}

Uuid append_one(Edit& edit, Parent parent, const Json& wish, const std::string& path) {
    Block block;
    block.id = edit.world.store.new_id();
    block.parent = parent;
    block.stamp = new_stamp(edit);
    block.type = type_of(wish, path);
    const Json& content = *member(wish, block.type);
    fill(edit, block, content, path + "." + block.type);
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
        const std::string type = type_of(children[i], here);
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
    fill(edit, block, content, path);
    block.stamp.edited_at = edit.world.clock.now();
    block.stamp.edited_by = edit.author;
}

} // namespace emulator
