// The friendly seed format: names instead of ids, plain values instead of API shapes.
// Three passes, since relations need data sources and their values need pages.
// scope: call.
#include "seed.hpp"

#include "blocks.hpp"
#include "rich_text.hpp"

#include <algorithm>

namespace emulator {

namespace {

Edit silent_edit(World& world) {
    const Uuid author =
        world.store.users.empty() ? named_user(world, "Seed") : world.store.users.begin()->first;
    return {world, author, true, true};
}

// "number", {"select": ["A", "B"]}, {"relation": "Tasks"} and the like become API shapes.
std::string schema_shape(World& world, const Json& wish) {
    std::string json;
    Out out(json);
    if (wish.IsString()) {
        out.open().key(view(wish)).open().close().close();
        return json;
    }
    out.open();
    for (const auto& entry : wish.GetObject()) {
        const auto type = view(entry.name);
        const Json& config = entry.value;
        out.key(type);
        if (config.IsArray()) { // options by name
            out.open().key("options").open_array();
            for (const auto& option : config.GetArray())
                if (option.IsString())
                    out.open().key("name").text(view(option)).close();
                else
                    out.json(option);
            out.close_array().close();
        } else if (type == "relation" && (config.IsString() || member(config, "data_source"))) {
            const auto target =
                config.IsString() ? view(config) : view(*member(config, "data_source"));
            const auto back = config.IsString() ? std::nullopt : text_member(config, "dual");
            out.open().key("data_source_id").text(dashed(named_source(world, target).id));
            if (back)
                out.key("dual_property").open().key("synced_property_name").text(*back).close();
            else
                out.key("single_property").open().close();
            out.close();
        } else if (type == "rollup" && member(config, "relation")) {
            out.open().key("relation_property_name").text(view(*member(config, "relation")));
            out.key("rollup_property_name").text(text_member(config, "property").value_or("Name"));
            out.key("function").text(text_member(config, "function").value_or("show_original"));
            out.close();
        } else if (type == "formula" && config.IsString()) {
            out.open().key("expression").text(view(config)).close();
        } else if (type == "unique_id" && config.IsString()) {
            out.open().key("prefix").text(view(config)).close();
        } else if (type == "number" && config.IsString()) {
            out.open().key("format").text(view(config)).close();
        } else {
            out.json(config);
        }
    }
    out.close();
    return json;
}

std::string_view type_in(const Json& wish) {
    if (wish.IsString())
        return view(wish);
    if (const auto type = text_member(wish, "type"))
        return *type;
    for (const auto& entry : wish.GetObject())
        if (type_named(view(entry.name)))
            return view(entry.name);
    return {};
}

enum class Pass : uint8_t { plain, relations, rollups };

Pass pass_of(const Json& wish) {
    const auto type = type_in(wish);
    return type == "relation" ? Pass::relations : type == "rollup" ? Pass::rollups : Pass::plain;
}

std::string schema_of_pass(World& world, const Json& properties, Pass pass) {
    std::string json;
    Out out(json);
    out.open();
    for (const auto& entry : properties.GetObject())
        if (pass_of(entry.value) == pass)
            out.key(view(entry.name)).raw(schema_shape(world, entry.value));
    out.close();
    return json;
}

void write_plain_text(Out& out, std::string_view text) {
    out.open_array().open().key("text").open().key("content").text(text).close().close();
    out.close_array();
}

std::vector<std::string_view> names_in(const Json& value) {
    std::vector<std::string_view> names;
    if (value.IsString())
        names.push_back(view(value));
    else if (value.IsArray())
        for (const auto& item : value.GetArray())
            if (item.IsString())
                names.push_back(view(item));
    return names;
}

Uuid titled_page(World& world, const Property& property, std::string_view title) {
    if (const auto id = read_uuid(title); id && world.store.page(*id))
        return *id;
    const DataSource* target = world.store.data_source(property.related_source);
    if (target)
        for (const PageRecord* record : target->pages)
            for (const auto& other : target->properties)
                if (other.type == Type::title &&
                    plain_text(std::get<Text>(stored(record->now, other))) == title)
                    return record->now.id;
    refuse("seed: no page titled \"" + std::string(title) + "\" to relate to");
}

// A value as a person would write it becomes the API's shape.
void write_value_shape(Out& out, World& world, const Property& property, const Json& value) {
    const auto type = property.type_text();
    out.open().key(type);
    switch (property.type) {
    case Type::title:
    case Type::rich_text:
        if (value.IsString())
            write_plain_text(out, view(value));
        else
            out.json(value);
        break;
    case Type::select:
    case Type::status:
        if (value.IsString())
            out.open().key("name").text(view(value)).close();
        else
            out.json(value);
        break;
    case Type::multi_select:
        out.open_array();
        for (const auto name : names_in(value))
            out.open().key("name").text(name).close();
        out.close_array();
        break;
    case Type::date:
        if (value.IsString()) {
            const auto text = view(value);
            const auto slash = std::min(text.find('/'), text.size());
            out.open().key("start").text(text.substr(0, slash));
            if (slash < text.size())
                out.key("end").text(text.substr(slash + 1));
            out.close();
        } else {
            out.json(value);
        }
        break;
    case Type::people:
    case Type::relation:
        out.open_array();
        for (const auto name : names_in(value)) {
            const Uuid id = property.type == Type::people ? named_user(world, name)
                                                          : titled_page(world, property, name);
            out.open().key("id").text(dashed(id)).close();
        }
        out.close_array();
        break;
    case Type::files:
        out.open_array();
        for (const auto url : names_in(value)) {
            out.open().key("name").text(url.substr(url.rfind('/') + 1));
            out.key("external").open().key("url").text(url).close().close();
        }
        out.close_array();
        break;
    default:
        out.json(value);
    }
    out.close();
}

bool is_api_shape(const Property& property, const Json& value) {
    return value.IsObject() && member(value, property.type_text());
}

std::string value_shapes(World& world, const DataSource& source, const Json& properties,
                         bool relations) {
    std::string json;
    Out out(json);
    out.open();
    for (const auto& entry : properties.GetObject()) {
        const Property* property = source.find(view(entry.name));
        if (!property)
            refuse("seed: " + std::string(view(entry.name)) + " is not a property of " +
                   plain_text(source.title));
        if ((property->type == Type::relation) != relations)
            continue;
        out.key(view(entry.name));
        if (is_api_shape(*property, entry.value))
            out.json(entry.value);
        else
            write_value_shape(out, world, *property, entry.value);
    }
    out.close();
    return json;
}

Values values_of(World& world, DataSource& source, const Json& page, bool relations) {
    const Json* properties = member(page, "properties");
    if (!properties)
        return {};
    Document shapes;
    const std::string json = value_shapes(world, source, *properties, relations);
    parse(json, shapes);
    return read_values(world, source, shapes, "seed", Trust::control);
}

PageRecord& seed_page(Edit& edit, const Json& json, Parent parent) {
    Page page;
    page.parent = parent;
    page.stamp = new_stamp(edit);
    page.id = edit.world.store.new_id();
    read_identity(edit.world, json, page.id, page.stamp);
    page.in_trash = flag_member(json, "in_trash", false);
    if (const auto emoji = text_member(json, "icon"))
        page.icon = R"({"type":"emoji","emoji":)" + quoted(*emoji) + "}";
    DataSource& source = edit.world.store.schema_of(page);
    Values values = values_of(edit.world, source, json, false);
    if (const auto title = text_member(json, "title"))
        for (const auto& property : source.properties)
            if (property.type == Type::title)
                values.emplace_back(property.slot, plain_run(*title));
    PageRecord& record = create_page(edit, std::move(page), std::move(values));
    if (const auto markdown = text_member(json, "markdown"))
        append_markdown(edit, {Parent::Kind::page, record.now.id}, *markdown, std::nullopt);
    return record;
}

/// A data source of the document and what it became.
struct Seeded {
    const Json* json;
    Uuid id;
    std::vector<Uuid> pages;
};

const Json* seed_properties(const Json& source) {
    return member(source, "properties");
}

Uuid seed_source(Edit& edit, Uuid database, const Json& json, const Text& title) {
    Document schema;
    const Json* properties = seed_properties(json);
    const std::string plain =
        properties ? schema_of_pass(edit.world, *properties, Pass::plain) : "null";
    parse(plain, schema);
    const auto own_title = text_member(json, "title");
    const auto id = text_member(json, "id");
    DataSource& source = create_data_source(
        edit, database, own_title ? plain_run(*own_title) : title, properties ? &schema : nullptr,
        Trust::control, id ? read_uuid(*id).value_or(Uuid{}) : Uuid{});
    Uuid same = source.id;
    read_identity(edit.world, json, same, source.stamp);
    if (const auto description = text_member(json, "description"))
        source.description = plain_run(*description);
    if (const Json* templates = member(json, "templates"); templates && templates->IsArray())
        for (const auto& one : templates->GetArray())
            source.templates.push_back({edit.world.store.new_id(),
                                        std::string(text_member(one, "name").value_or("Template")),
                                        flag_member(one, "is_default", false),
                                        std::string(text_member(one, "markdown").value_or(""))});
    return source.id;
}

void seed_database(Edit& edit, const Json& json, std::vector<Seeded>& seeded) {
    Database database;
    database.id = edit.world.store.new_id(4);
    database.stamp = new_stamp(edit);
    read_identity(edit.world, json, database.id, database.stamp);
    database.title = plain_run(text_member(json, "title").value_or("Untitled"));
    if (const auto emoji = text_member(json, "icon"))
        database.icon = R"({"type":"emoji","emoji":)" + quoted(*emoji) + "}";
    database.hidden = flag_member(json, "hidden", false);
    const Text title = database.title;
    const Uuid id = create_database(edit, std::move(database)).id;
    if (const Json* sources = member(json, "data_sources"))
        for (const auto& source : sources->GetArray())
            seeded.push_back({&source, seed_source(edit, id, source, title), {}});
    else
        seeded.push_back({&json, seed_source(edit, id, json, title), {}});
}

void seed_later_schema(Edit& edit, const Seeded& seeded, Pass pass) {
    const Json* properties = seed_properties(*seeded.json);
    if (!properties)
        return;
    Document schema;
    const std::string json = schema_of_pass(edit.world, *properties, pass);
    parse(json, schema);
    patch_schema(edit.world, *edit.world.store.data_source(seeded.id), schema, "seed",
                 Trust::control);
}

void seed_pages(Edit& edit, Seeded& seeded) {
    const Json* pages = member(*seeded.json, "pages");
    if (!pages)
        return;
    for (const auto& page : pages->GetArray())
        seeded.pages.push_back(
            seed_page(edit, page, {Parent::Kind::data_source, seeded.id}).now.id);
}

void seed_relations(Edit& edit, const Seeded& seeded) {
    const Json* pages = member(*seeded.json, "pages");
    DataSource& source = *edit.world.store.data_source(seeded.id);
    for (unsigned i = 0; pages && i < pages->Size(); ++i)
        update_values(edit, *edit.world.store.page(seeded.pages[i]),
                      values_of(edit.world, source, (*pages)[i], true));
}

bool is_recorded(const Json& document) {
    if (member(document, "data_sources"))
        return true;
    for (const char* name : {"databases", "pages"})
        if (const Json* list = member(document, name); list && list->IsArray())
            for (const auto& item : list->GetArray())
                if (member(item, "object"))
                    return true;
    return false;
}

} // namespace

void load_workspace(World& world, const Json& document) {
    if (!document.IsObject())
        refuse("load: a JSON object is expected");
    if (flag_member(document, "replace", false)) {
        world.store.clear();
        world.cursors.expire_all();
    }
    if (const auto name = text_member(document, "workspace"))
        world.store.workspace_name = world.webhooks.workspace_name = *name;
    if (const Json* users = member(document, "users"))
        for (const auto& user : users->GetArray())
            seeded_user(world, user);
    if (is_recorded(document))
        return load_recorded(world, document);
    Edit edit = silent_edit(world);
    std::vector<Seeded> seeded;
    if (const Json* databases = member(document, "databases"))
        for (const auto& database : databases->GetArray())
            seed_database(edit, database, seeded);
    for (const Pass pass : {Pass::relations, Pass::rollups})
        for (const auto& source : seeded)
            seed_later_schema(edit, source, pass);
    for (auto& source : seeded)
        seed_pages(edit, source);
    for (const auto& source : seeded)
        seed_relations(edit, source);
    if (const Json* pages = member(document, "pages"))
        for (const auto& page : pages->GetArray())
            seed_page(edit, page, {});
}

} // namespace emulator
