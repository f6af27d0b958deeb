// The endpoints of blocks. A page or a database answers to a block's id as its child block.
// scope: call.
#include "blocks.hpp"
#include "handlers.hpp"
#include "rich_text.hpp"

#include <algorithm>
#include <tuple>

namespace emulator {

namespace {

void write_head(Out& out, const World& world, Uuid id, const Parent& parent, const Stamp& stamp) {
    out.open().key("object").text("block").key("id").text(dashed(id)).key("parent");
    write_parent(out, world, parent);
    out.key("created_time").text(minute_text(stamp.created_at));
    out.key("last_edited_time").text(minute_text(stamp.edited_at)).key("created_by");
    write_partial_user(out, stamp.created_by);
    out.key("last_edited_by");
    write_partial_user(out, stamp.edited_by);
}

void write_tail(Out& out, const Call& call, bool has_children, bool in_trash, std::string_view type,
                std::string_view content) {
    out.key("has_children").boolean(has_children).key("in_trash").boolean(in_trash);
    out.key("type").text(type).key(type).raw(content);
    if (call.version == Version::v2025_09_03)
        out.key("archived").boolean(in_trash);
    out.close();
}

std::string titled(const std::string& title) {
    std::string json;
    Out(json).open().key("title").text(title).close();
    return json;
}

bool in_trash(World& world, Uuid id);

bool any_alive(World& world, const Ids& ids) {
    return std::ranges::any_of(ids, [&](Uuid id) { return !in_trash(world, id); });
}

bool has_children(World& world, const Page& page) {
    const Parent here{Parent::Kind::page, page.id};
    return any_alive(world, page.children) ||
           std::ranges::any_of(world.store.databases,
                               [&](const auto& entry) {
                                   return entry.second.parent == here && !entry.second.in_trash;
                               }) ||
           std::ranges::any_of(world.store.pages, [&](const auto& entry) {
               return entry.second->now.parent == here && !entry.second->now.in_trash;
           });
}

bool write_any(Out& out, World& world, const Call& call, Uuid id) {
    if (const PageRecord* record = world.store.page(id)) {
        const Page& page = record->now;
        write_head(out, world, id, page.parent, page.stamp);
        write_tail(out, call, has_children(world, page), page.in_trash, "child_page",
                   titled(page_title(world, page)));
        return true;
    }
    if (const Database* database = world.store.database(id)) {
        write_head(out, world, id, database->parent, database->stamp);
        write_tail(out, call, false, database->in_trash, "child_database",
                   titled(database->title.empty() ? "New database" : plain_text(database->title)));
        return true;
    }
    const Block* block = world.store.block(id);
    if (!block)
        return false;
    write_head(out, world, id, block->parent, block->stamp);
    write_tail(out, call, any_alive(world, block->children), block->in_trash, block->type,
               block->content);
    return true;
}

bool in_trash(World& world, Uuid id) {
    if (const PageRecord* record = world.store.page(id))
        return record->now.in_trash;
    if (const Database* database = world.store.database(id))
        return database->in_trash;
    const Block* block = world.store.block(id);
    return !block || block->in_trash;
}

Reply answer(World& world, const Call& call, Uuid id) {
    Reply reply;
    Out out(reply.body);
    if (!write_any(out, world, call, id))
        refuse_not_found(world, call, "block", id);
    return reply;
}

// The pages and databases under a page come after its own blocks.
Ids listed(World& world, const Call& call, Uuid id) {
    Ids* own = children_of(world, id);
    if (!own)
        refuse_not_found(world, call, "block", id);
    Ids ids;
    for (const Uuid child : *own)
        if (!in_trash(world, child))
            ids.push_back(child);
    std::vector<std::tuple<int64_t, uint64_t, Uuid>> objects;
    for (const auto& [child, record] : world.store.pages)
        if (record->now.parent == Parent{Parent::Kind::page, id} && !record->now.in_trash)
            objects.emplace_back(record->now.stamp.created_at, record->now.sequence, child);
    for (const auto& [child, database] : world.store.databases)
        if (database.parent == Parent{Parent::Kind::page, id} && !database.in_trash)
            objects.emplace_back(database.stamp.created_at, uint64_t{0}, child);
    std::ranges::sort(objects);
    for (const auto& object : objects)
        ids.push_back(std::get<Uuid>(object));
    return ids;
}

void write_blocks(Out& out, World& world, const Call& call, const Ids& ids, size_t from,
                  size_t to) {
    out.open().key("object").text("list").key("results").open_array();
    for (size_t at = from; at < to; ++at)
        write_any(out, world, call, ids[at]);
    out.close_array();
}

std::optional<Place> place_of(World& world, const Call& call) {
    const Json* after = member(call.body, "after");
    const Json* position = member(call.body, "position");
    if (after && call.version == Version::v2026_03_11)
        refuse_body("body.after", "not present", to_text(*after));
    if (after) {
        const auto id = after->IsString() ? read_valid_uuid(view(*after)) : std::nullopt;
        if (!id)
            refuse_body("body.after", "a valid uuid", to_text(*after));
        return Place{false, *id};
    }
    const auto type = position ? text_member(*position, "type") : std::nullopt;
    if (!type || *type == "end")
        return std::nullopt;
    if (*type == "start")
        return Place{true, {}};
    const Json* block = member(*position, "after_block");
    const auto text = block ? text_member(*block, "id") : std::nullopt;
    const auto id = text ? read_valid_uuid(*text) : std::nullopt;
    if (!id || !world.store.block(*id))
        refuse_body("body.position.after_block.id", "a valid uuid",
                    text ? quoted(*text) : "undefined");
    return Place{false, *id};
}

// An append in the middle is answered with the new blocks and those after them (recorded).
Ids from_here_on(World& world, Uuid parent, Uuid first) {
    const Ids& siblings = *children_of(world, parent);
    Ids ids(std::ranges::find(siblings, first), siblings.end());
    std::erase_if(ids, [&](Uuid id) { return in_trash(world, id); });
    ids.resize(std::min<size_t>(ids.size(), 100));
    return ids;
}

} // namespace

Reply get_block(World& world, const Call& call) {
    return answer(world, call, path_id(call, 0, "block_id"));
}

Reply list_children(World& world, const Call& call) {
    const Ids ids = listed(world, call, path_id(call, 0, "block_id"));
    const std::string* size_text = call.parameter("page_size");
    const std::string* cursor = call.parameter("start_cursor");
    Json size_json;
    size_json.SetInt(size_text ? std::atoi(size_text->c_str()) : 100);
    const size_t size = page_size_of(&size_json, "query.page_size");
    size_t from = 0;
    if (cursor) {
        const auto id = read_uuid(*cursor);
        const auto at = id ? std::ranges::find(ids, *id) : ids.end();
        if (at == ids.end())
            refuse_cursor(*cursor);
        from = static_cast<size_t>(at - ids.begin());
    }
    const size_t to = std::min(ids.size(), from + size);
    Reply reply;
    Out out(reply.body);
    write_blocks(out, world, call, ids, from, to);
    const std::string next = to < ids.size() ? dashed(ids[to]) : "";
    close_list(out, next.empty() ? nullptr : &next, "block");
    out.close();
    return reply;
}

Reply append_children(World& world, const Call& call) {
    Edit edit = edit_of(world, call);
    const Uuid id = path_id(call, 0, "block_id");
    if (!children_of(world, id))
        refuse_not_found(world, call, "block", id);
    const Json* children = member(call.body, "children");
    if (!children)
        refuse_body("body.children", "defined", "undefined");
    check_children(*children, "body.children", 0);
    const auto kind = world.store.page(id) ? Parent::Kind::page : Parent::Kind::block;
    const auto place = place_of(world, call);
    Ids ids = append_blocks(edit, {kind, id}, *children, place);
    if (place && !ids.empty())
        ids = from_here_on(world, id, ids.front());
    Reply reply;
    Out out(reply.body);
    write_blocks(out, world, call, ids, 0, ids.size());
    close_list(out, nullptr, "block");
    out.close();
    return reply;
}

// A page or a database is its own child block: only its trash can be set from here.
static bool trash_page_or_database(Edit& edit, Uuid id, std::optional<bool> trashed) {
    PageRecord* record = edit.world.store.page(id);
    Database* database = record ? nullptr : edit.world.store.database(id);
    if (record && trashed)
        set_trashed(edit, *record, *trashed);
    if (database && trashed)
        set_trashed(edit, *database, *trashed);
    return record || database;
}

Reply patch_block(World& world, const Call& call) {
    Edit edit = edit_of(world, call);
    const Uuid id = path_id(call, 0, "block_id");
    const auto trashed = trash_wish(call);
    if (trash_page_or_database(edit, id, trashed))
        return answer(world, call, id);
    Block* block = world.store.block(id);
    if (!block)
        refuse_not_found(world, call, "block", id);
    if (const Json* content = member(call.body, block->type))
        refill(edit, *block, *content, "body." + block->type);
    if (trashed)
        block->in_trash = *trashed;
    raise_content_event(edit, page_of(world, id), {id});
    return answer(world, call, id);
}

Reply delete_block(World& world, const Call& call) {
    Edit edit = edit_of(world, call);
    const Uuid id = path_id(call, 0, "block_id");
    if (trash_page_or_database(edit, id, true))
        return answer(world, call, id);
    if (Block* block = world.store.block(id)) {
        block->in_trash = true;
        raise_content_event(edit, page_of(world, id), {id});
    }
    return answer(world, call, id);
}

} // namespace emulator
