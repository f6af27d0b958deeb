// Whole objects as JSON; see render.hpp. scope: emulator.
#include "render.hpp"

#include "rich_text.hpp"
#include "value.hpp"

#include <algorithm>
#include <cctype>

namespace emulator {

namespace {

std::string slug(std::string_view title) {
    std::string text;
    for (const unsigned char byte : title) {
        if (std::isalnum(byte) || byte == '_')
            text.push_back(static_cast<char>(byte));
        else if (!text.empty() && text.back() != '-')
            text.push_back('-');
    }
    while (!text.empty() && text.back() == '-')
        text.pop_back();
    return text;
}

// Mentions are no part of an address (recorded).
std::string written_title(const World& world, const Page& page) {
    std::string title;
    for (const auto& property : world.store.schema_of(page).properties)
        if (property.type == Type::title)
            if (const auto* text = std::get_if<Text>(&stored(page, property)))
                for (const auto& run : *text)
                    if (!run.json.starts_with(R"({"type":"mention")"))
                        title += run.plain;
    return title;
}

void write_stamp(Out& out, const Stamp& stamp) {
    out.key("created_time").text(minute_text(stamp.created_at));
    out.key("last_edited_time").text(minute_text(stamp.edited_at));
    out.key("created_by");
    write_partial_user(out, stamp.created_by);
    out.key("last_edited_by");
    write_partial_user(out, stamp.edited_by);
}

// Members are joined by hand so that a projection can be cut out of the text.
Rendered render(World& world, const Page& page, const DataSource& source) {
    Rendered rendered;
    rendered.schema_version = source.schema_version;
    rendered.world_version = world.store.version();
    std::string& text = rendered.text;
    {
        Out out(text);
        out.open().key("object").text("page").key("id").text(dashed(page.id));
        write_stamp(out, page.stamp);
        out.key("cover").raw(page.cover).key("icon").raw(page.icon).key("parent");
        write_parent(out, world, page.parent);
        out.key("in_trash").boolean(page.in_trash).key("is_archived").boolean(page.is_archived);
        out.key("is_locked").boolean(page.is_locked);
    }
    text += R"(,"properties":{)";
    for (const size_t slot : source.order) {
        if (text.back() != '{')
            text.push_back(',');
        const size_t begin = text.size();
        const Property& property = source.properties[slot];
        text += quoted(property.name) + ":";
        Out out(text);
        write_property(out, world, property, page, Extent::cut);
        rendered.spans.push_back({slot, begin, text.size()});
    }
    const std::string title = slug(written_title(world, page));
    text +=
        R"(},"url":)" +
        quoted(world.semantics.url_base + (title.empty() ? "" : title + "-") + undashed(page.id)) +
        R"(,"public_url":null)";
    if (text.find("X-Amz-Signature") != text.npos)
        rendered.signed_at = world.clock.now();
    return rendered;
}

void append(std::string& into, const Rendered& rendered, Version version, bool in_trash,
            const Projection& projection) {
    const std::string_view text = rendered.text;
    if (!projection || rendered.spans.empty()) {
        into += text;
    } else {
        into += text.substr(0, rendered.spans.front().begin);
        bool first = true;
        for (const auto& span : rendered.spans) {
            if (std::ranges::find(*projection, span.slot) == projection->end())
                continue;
            if (!first)
                into.push_back(',');
            into += text.substr(span.begin, span.end - span.begin);
            first = false;
        }
        into += text.substr(rendered.spans.back().end);
    }
    if (version == Version::v2025_09_03)
        into += in_trash ? R"(,"archived":true)" : R"(,"archived":false)";
    into.push_back('}');
}

// What a page shows of other objects: related pages (rollups), users.
bool depends_on_others(const DataSource& source) {
    return std::ranges::any_of(source.order, [&](size_t slot) {
        const Type type = source.properties[slot].type;
        return type == Type::rollup;
    });
}

void write_archived(Out& out, Version version, bool in_trash) {
    if (version == Version::v2025_09_03)
        out.key("archived").boolean(in_trash);
}

} // namespace

std::string page_title(const World& world, const Page& page) {
    for (const auto& property : world.store.schema_of(page).properties)
        if (property.type == Type::title)
            if (const auto* text = std::get_if<Text>(&stored(page, property)))
                return plain_text(*text);
    return {};
}

void drop_rendered(World& world) {
    for (auto& [id, record] : world.store.pages)
        record->rendered = {};
    world.rendered_bytes = 0;
}

void append_page(std::string& into, World& world, PageRecord& record, Version version,
                 const Projection& projection) {
    const DataSource& source = world.store.schema_of(record.now);
    Rendered& kept = record.rendered;
    const bool fresh =
        !kept.text.empty() && kept.schema_version == source.schema_version &&
        (kept.world_version == world.store.version() || !depends_on_others(source)) &&
        (!kept.signed_at || *kept.signed_at == world.clock.now());
    if (!fresh) {
        if (world.rendered_bytes > world.limits.render_cache_bytes)
            drop_rendered(world);
        kept = render(world, record.now, source);
        world.rendered_bytes += kept.text.size();
    }
    append(into, kept, version, record.now.in_trash, projection);
}

void append_past_page(std::string& into, World& world, const Page& page, Version version,
                      const Projection& projection) {
    append(into, render(world, page, world.store.schema_of(page)), version, page.in_trash,
           projection);
}

void write_parent(Out& out, const World& world, const Parent& parent) {
    out.open().key("type");
    switch (parent.kind) {
    case Parent::Kind::workspace:
        out.text("workspace").key("workspace").boolean(true);
        break;
    case Parent::Kind::page:
        out.text("page_id").key("page_id").text(dashed(parent.id));
        break;
    case Parent::Kind::block:
        out.text("block_id").key("block_id").text(dashed(parent.id));
        break;
    case Parent::Kind::database:
        out.text("database_id").key("database_id").text(dashed(parent.id));
        break;
    case Parent::Kind::data_source: {
        const auto found = world.store.data_sources.find(parent.id);
        out.text("data_source_id").key("data_source_id").text(dashed(parent.id));
        if (found != world.store.data_sources.end())
            out.key("database_id").text(dashed(found->second.database));
        break;
    }
    }
    out.close();
}

void append_data_source(std::string& into, World& world, const DataSource& source,
                        Version version) {
    const Database* database = world.store.database(source.database);
    Out out(into);
    out.open().key("object").text("data_source").key("id").text(dashed(source.id));
    out.key("cover").raw(source.cover).key("icon").raw(source.icon);
    out.key("created_time").text(minute_text(source.stamp.created_at)).key("created_by");
    write_partial_user(out, source.stamp.created_by);
    out.key("last_edited_by");
    write_partial_user(out, source.stamp.edited_by);
    out.key("last_edited_time").text(minute_text(source.stamp.edited_at)).key("title");
    write_text(out, source.title);
    out.key("description");
    write_text(out, source.description);
    out.key("is_inline").boolean(database && database->is_inline).key("properties");
    write_schema(out, world, source);
    out.key("parent");
    write_parent(out, world, {Parent::Kind::database, source.database});
    out.key("database_parent");
    write_parent(out, world, database ? database->parent : Parent{});
    out.key("url").text(world.semantics.url_base + undashed(source.database));
    out.key("public_url").null().key("in_trash").boolean(source.in_trash);
    write_archived(out, version, source.in_trash);
    out.close();
}

namespace {

std::string source_name(const DataSource& source) {
    return source.title.empty() ? "New database" : plain_text(source.title);
}

} // namespace

void append_database(std::string& into, World& world, const Database& database, Version version) {
    Out out(into);
    out.open().key("object").text("database").key("id").text(dashed(database.id)).key("title");
    write_text(out, database.title.empty() ? plain_run("New database") : database.title);
    out.key("description");
    write_text(out, database.description);
    out.key("parent");
    write_parent(out, world, database.parent);
    out.key("is_inline").boolean(database.is_inline).key("in_trash").boolean(database.in_trash);
    out.key("is_locked").boolean(database.is_locked);
    out.key("created_time").text(database_time_text(database.stamp.created_at));
    out.key("last_edited_time").text(database_time_text(database.stamp.edited_at));
    out.key("data_sources").open_array();
    for (const Uuid id : database.data_sources)
        if (const DataSource* source = world.store.data_source(id); source && !source->in_trash)
            out.open().key("id").text(dashed(id)).key("name").text(source_name(*source)).close();
    out.close_array().key("icon").raw(database.icon).key("cover").raw(database.cover);
    out.key("url").text(world.semantics.url_base + undashed(database.id)).key("public_url").null();
    write_archived(out, version, database.in_trash);
    out.close();
}

} // namespace emulator
