// GET /v1/pages/:id/properties/:id: single items, and pages of the items of lists.
// Titles, rich texts, relations, people and rollups are lists; everything else is one item.
// scope: call.
#include "handlers.hpp"
#include "rich_text.hpp"
#include "rollup.hpp"

#include <algorithm>

namespace emulator {

namespace {

void open_item(Out& out, const Property& property) {
    out.open().key("object").text("property_item").key("type").text(property.type_text());
    out.key("id").text(encoded_property_id(property.id)).key(property.type_text());
}

// One JSON value an item, without the wrapper.
std::vector<std::string> items_of(World& world, const Property& property, const Page& page) {
    std::vector<std::string> items;
    const Value& value = stored(page, property);
    if (const auto* text = std::get_if<Text>(&value)) {
        for (const auto& run : *text)
            items.push_back(run.json);
        return items;
    }
    const auto* ids = std::get_if<Ids>(&value);
    for (const Uuid id : ids ? *ids : Ids{}) {
        std::string item;
        Out out(item);
        if (property.type == Type::people)
            write_user(out, world.store, id);
        else
            out.open().key("id").text(dashed(id)).close();
        items.push_back(std::move(item));
    }
    return items;
}

// The items of a rollup are those of what it rolls up.
std::vector<std::string> rolled_items(World& world, const Rolled& rolled) {
    std::vector<std::string> items;
    for (const Cell& cell : rolled.cells) {
        std::string item;
        Out out(item);
        open_item(out, *cell.property);
        write_payload(out, world, *cell.property, *cell.page, Extent::whole);
        out.close();
        items.push_back(std::move(item));
    }
    return items;
}

bool is_list(Type type) {
    return type == Type::title || type == Type::rich_text || type == Type::relation ||
           type == Type::people || type == Type::rollup;
}

struct Window {
    size_t from;
    size_t to;
};

// A cursor is the number of the next item, in the form that Notion's have: opaque.
Window window_of(const Call& call, size_t count) {
    const std::string* size_text = call.parameter("page_size");
    const std::string* cursor = call.parameter("start_cursor");
    Json size;
    size.SetInt(size_text ? std::atoi(size_text->c_str()) : 100);
    size_t from = 0;
    if (cursor) {
        const auto id = read_uuid(*cursor);
        if (!id || id->high != 0x9A11C0DE00008000ull || (id->low & ~(3ull << 62)) >= count)
            refuse_cursor(*cursor);
        from = id->low & ~(3ull << 62);
    }
    const size_t to = std::min(count, from + page_size_of(&size, "query.page_size"));
    return {from, to};
}

std::string cursor_at(size_t position) {
    return dashed({0x9A11C0DE00008000ull, position | 2ull << 62});
}

// A rollup that lists values has them as items: here its list is empty.
void write_rolled_summary(Out& out, World& world, const Property& property, const Page& page) {
    std::string payload;
    {
        Out whole(payload);
        write_payload(whole, world, property, page, Extent::cut);
    }
    Document rolled;
    if (!parse(payload, rolled) || text_member(rolled, "type") != "array") {
        out.raw(payload);
        return;
    }
    out.open().key("type").text("array").key("array").open_array().close_array();
    out.key("function").text(property.function).close();
}

void write_summary(Out& out, World& world, const Property& property, const Page& page,
                   const std::string* next_url) {
    out.key("property_item").open().key("id").text(encoded_property_id(property.id));
    out.key("next_url");
    if (next_url)
        out.text(*next_url);
    else
        out.null();
    out.key("type").text(property.type_text()).key(property.type_text());
    if (property.type != Type::rollup)
        out.open().close();
    else if (next_url)
        out.open()
            .key("type")
            .text("incomplete")
            .key("incomplete")
            .open()
            .close()
            .key("function")
            .text(property.function)
            .close();
    else
        write_rolled_summary(out, world, property, page);
    out.close();
}

} // namespace

Reply get_property_item(World& world, const Call& call) {
    const PageRecord& record = visible_page(world, call, path_id(call, 0, "page_id"));
    const DataSource& source = world.store.schema_of(record.now);
    // The path was decoded once; what is still encoded was encoded twice (seratch issue 75).
    const Property* property = source.by_id(call.arguments[1]);
    if (!property && call.arguments[1].find('%') == std::string::npos)
        property = source.find(call.arguments[1]);
    if (!property)
        refuse_missing_property(call.arguments[1]);
    Reply reply;
    Out out(reply.body);
    if (!is_list(property->type)) {
        open_item(out, *property);
        write_payload(out, world, *property, record.now, Extent::whole);
        out.close();
        return reply;
    }
    const bool rollup = property->type == Type::rollup;
    const auto items = rollup ? rolled_items(world, roll_up(world, *property, record.now))
                              : items_of(world, *property, record.now);
    const Window window = window_of(call, items.size());
    out.open().key("object").text("list").key("results").open_array();
    for (size_t at = window.from; at < window.to; ++at) {
        if (rollup) {
            out.raw(items[at]);
            continue;
        }
        open_item(out, *property);
        out.raw(items[at]).close();
    }
    out.close_array().key("next_cursor");
    const bool more = window.to < items.size();
    const std::string next = cursor_at(window.to);
    const std::string url = "https://api.notion.com/v1/pages/" + dashed(record.now.id) +
                            "/properties/" + encoded_property_id(property->id) +
                            "?start_cursor=" + next;
    if (more)
        out.text(next);
    else
        out.null();
    out.key("has_more").boolean(more).key("type").text("property_item");
    write_summary(out, world, *property, record.now, more ? &url : nullptr);
    out.close();
    return reply;
}

} // namespace emulator
