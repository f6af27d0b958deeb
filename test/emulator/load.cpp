// Recorded objects in, dumps out: databases, data sources and pages as the API answers them.
// Pages come oldest first, or newest first where the document says so.
// scope: call.
#include "seed.hpp"

#include "blocks.hpp"
#include "render.hpp"
#include "rich_text.hpp"

#include <algorithm>
#include <utility>

namespace emulator {

namespace {

Text recorded_text(const Json* items) {
    Text text;
    if (items && items->IsArray())
        for (const auto& item : items->GetArray())
            text.push_back(
                {std::string(text_member(item, "plain_text").value_or("")), to_text(item)});
    return text;
}

std::string raw_member(const Json& object, const char* name) {
    const Json* found = member(object, name);
    return found ? to_text(*found) : "null";
}

Parent recorded_parent(const Json& object, const char* name_of_parent = "parent") {
    const Json* parent = member(object, name_of_parent);
    constexpr std::pair<const char*, Parent::Kind> kinds[] = {
        {"data_source_id", Parent::Kind::data_source},
        {"page_id", Parent::Kind::page},
        {"block_id", Parent::Kind::block},
        {"database_id", Parent::Kind::database}};
    for (const auto& [name, kind] : kinds)
        if (const auto id = parent ? text_member(*parent, name) : std::nullopt)
            return {kind, read_uuid(*id).value_or(Uuid{})};
    return {};
}

Edit silent_edit(World& world) {
    return {world, {}, true, true};
}

void load_database(World& world, const Json& json) {
    Database database;
    database.id = world.store.new_id(4);
    read_identity(world, json, database.id, database.stamp);
    database.title = recorded_text(member(json, "title"));
    database.description = recorded_text(member(json, "description"));
    database.parent = recorded_parent(json);
    database.icon = raw_member(json, "icon");
    database.cover = raw_member(json, "cover");
    database.is_inline = flag_member(json, "is_inline", false);
    database.in_trash = flag_member(json, "in_trash", false);
    database.is_locked = flag_member(json, "is_locked", false);
    database.hidden = flag_member(json, "hidden", false);
    if (const Database* known = world.store.database(database.id))
        database.data_sources = known->data_sources;
    world.store.add(std::move(database));
}

// Where the database itself was not recorded, it is made from its data source.
void load_source(World& world, const Json& json) {
    const Parent parent = recorded_parent(json);
    if (!world.store.database(parent.id)) {
        Database database;
        database.id = parent.id;
        database.title = recorded_text(member(json, "title"));
        database.parent = recorded_parent(json, "database_parent");
        Uuid ignored;
        read_identity(world, json, ignored, database.stamp);
        world.store.add(std::move(database));
    }
    DataSource source;
    source.id = world.store.new_id();
    read_identity(world, json, source.id, source.stamp);
    source.database = parent.id;
    source.title = recorded_text(member(json, "title"));
    source.description = recorded_text(member(json, "description"));
    source.icon = raw_member(json, "icon");
    source.cover = raw_member(json, "cover");
    source.in_trash = flag_member(json, "in_trash", false);
    const Uuid id = source.id;
    world.store.add(std::move(source));
    auto& siblings = world.store.database(parent.id)->data_sources;
    if (std::ranges::find(siblings, id) == siblings.end())
        siblings.push_back(id);
}

bool is_late(const Json& config) {
    const auto type = text_member(config, "type");
    return type && *type == "rollup";
}

// Rollups after all relations: they look their relation up.
void load_schema(World& world, const Json& json, bool late) {
    const Json* properties = member(json, "properties");
    const auto id = text_member(json, "id");
    if (!properties || !id)
        return;
    std::string part;
    Out out(part);
    out.open();
    for (const auto& entry : properties->GetObject())
        if (is_late(entry.value) == late)
            out.key(view(entry.name)).json(entry.value);
    out.close();
    Document schema;
    parse(part, schema);
    DataSource& source = *world.store.data_source(*read_uuid(*id));
    try {
        patch_schema(world, source, schema, "load", Trust::control);
    } catch (const Refusal&) {
        if (!late)
            throw;
        // A rollup over a relation that was not recorded: its values are loaded as they are.
        for (const auto& entry : std::as_const(schema).GetObject()) {
            Property property;
            property.name = view(entry.name);
            property.id = decoded_property_id(text_member(entry.value, "id").value_or(""));
            property.type = Type::rollup;
            property.slot = source.properties.size();
            if (const Json* rollup = member(entry.value, "rollup"))
                property.function = text_member(*rollup, "function").value_or("show_original");
            source.properties.push_back(std::move(property));
        }
        source.reorder();
    }
}

void learn_people(World& world, const Json& value) {
    const Json* people = member(value, "people");
    if (people && people->IsArray())
        for (const auto& person : people->GetArray())
            if (member(person, "name"))
                seeded_user(world, person);
    for (const char* name : {"created_by", "last_edited_by"})
        if (const Json* user = member(value, name); user && member(*user, "name"))
            seeded_user(world, *user);
}

Values recorded_values(World& world, DataSource& source, const Json& json) {
    Values values;
    const Json* properties = member(json, "properties");
    if (!properties)
        return values;
    for (const auto& entry : properties->GetObject()) {
        learn_people(world, entry.value);
        const auto id = text_member(entry.value, "id");
        Property* property = id ? source.find(*id) : source.find(view(entry.name));
        if (!property)
            refuse("load: " + std::string(view(entry.name)) + " is not a property of " +
                   plain_text(source.title));
        const Type type = property->type;
        if (type == Type::created_time || type == Type::last_edited_time ||
            type == Type::created_by || type == Type::last_edited_by || type == Type::button)
            continue;
        values.emplace_back(property->slot, read_value(world, source, *property, entry.value,
                                                       "load", Trust::control));
    }
    return values;
}

void load_page(World& world, const Json& json) {
    Page page;
    page.id = world.store.new_id();
    read_identity(world, json, page.id, page.stamp);
    if (PageRecord* known = world.store.page(page.id))
        world.store.erase(*known);
    page.parent = recorded_parent(json);
    if (page.parent.kind == Parent::Kind::data_source && !world.store.data_source(page.parent.id))
        refuse("load: no data source " + dashed(page.parent.id) + " for page " + dashed(page.id));
    page.icon = raw_member(json, "icon");
    page.cover = raw_member(json, "cover");
    page.in_trash = flag_member(json, "in_trash", false);
    page.is_archived = flag_member(json, "is_archived", false);
    page.is_locked = flag_member(json, "is_locked", false);
    page.hidden = flag_member(json, "hidden", false);
    Values values = recorded_values(world, world.store.schema_of(page), json);
    Edit edit = silent_edit(world);
    PageRecord& record = create_page(edit, std::move(page), std::move(values));
    if (const auto markdown = text_member(json, "markdown"))
        append_markdown(edit, {Parent::Kind::page, record.now.id}, *markdown, std::nullopt);
}

// A page for a dump: whole references, no computed rollups, content as Markdown.
void dump_page(Out& out, World& world, const Page& page) {
    const DataSource& source = world.store.schema_of(page);
    out.open().key("object").text("page").key("id").text(dashed(page.id));
    out.key("created_time").text(instant_text(page.stamp.created_at));
    out.key("last_edited_time").text(instant_text(page.stamp.edited_at)).key("created_by");
    write_partial_user(out, page.stamp.created_by);
    out.key("last_edited_by");
    write_partial_user(out, page.stamp.edited_by);
    out.key("cover").raw(page.cover).key("icon").raw(page.icon).key("parent");
    write_parent(out, world, page.parent);
    out.key("in_trash").boolean(page.in_trash).key("is_archived").boolean(page.is_archived);
    out.key("is_locked").boolean(page.is_locked).key("hidden").boolean(page.hidden);
    out.key("properties").open();
    for (const size_t slot : source.order) {
        const Property& property = source.properties[slot];
        if (property.type == Type::rollup && !std::holds_alternative<Raw>(stored(page, property)))
            continue;
        out.key(property.name);
        write_property(out, world, property, page, Extent::whole);
    }
    out.close();
    if (!page.children.empty())
        out.key("markdown").text(markdown_of(world, page.children));
    out.close();
}

} // namespace

void load_recorded(World& world, const Json& document) {
    const auto each = [&](const char* name, auto&& load) {
        const Json* list = member(document, name);
        for (unsigned i = 0; list && i < list->Size(); ++i)
            load((*list)[i]);
    };
    each("databases", [&](const Json& json) { load_database(world, json); });
    each("data_sources", [&](const Json& json) { load_source(world, json); });
    each("data_sources", [&](const Json& json) { load_schema(world, json, false); });
    each("data_sources", [&](const Json& json) { load_schema(world, json, true); });
    const Json* pages = member(document, "pages");
    const unsigned count = pages ? pages->Size() : 0;
    const bool newest_first = flag_member(document, "newest_first", false);
    for (unsigned i = 0; i < count; ++i)
        load_page(world, (*pages)[newest_first ? count - 1 - i : i]);
}

std::string dump_workspace(World& world) {
    std::string text;
    Out out(text);
    out.open().key("workspace").text(world.store.workspace_name).key("users").open_array();
    for (const auto& [id, user] : world.store.users)
        write_user(out, user);
    out.close_array().key("databases").open_array();
    for (const auto& [id, database] : world.store.databases) {
        std::string json;
        append_database(json, world, database, Version::v2026_03_11);
        if (database.hidden)
            json.insert(json.size() - 1, R"(,"hidden":true)");
        out.raw(json);
    }
    out.close_array().key("data_sources").open_array();
    for (const auto& [id, source] : world.store.data_sources) {
        std::string json;
        append_data_source(json, world, source, Version::v2026_03_11);
        out.raw(json);
    }
    out.close_array().key("pages").open_array();
    std::vector<const PageRecord*> records;
    for (const auto& [id, record] : world.store.pages)
        records.push_back(record.get());
    std::ranges::sort(records, {}, [](const auto* record) { return record->now.sequence; });
    for (const auto* record : records)
        dump_page(out, world, record->now);
    out.close_array().close();
    return text;
}

} // namespace emulator
