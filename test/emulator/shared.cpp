// What the endpoints share: ids in paths, visibility, parents, projections; see handlers.hpp.
// scope: call.
#include "handlers.hpp"

#include "rich_text.hpp"

#include <algorithm>

namespace emulator {

const std::string* Call::parameter(std::string_view name) const {
    for (const auto& [key, value] : query)
        if (key == name)
            return &value;
    return nullptr;
}

Edit edit_of(World& world, const Call& call) {
    return {world, call.caller.user, call.caller.person, false};
}

Uuid path_id(const Call& call, size_t at, const char* name) {
    const auto id = read_valid_uuid(call.arguments[at]);
    if (!id)
        refuse("path failed validation: path." + std::string(name) +
               " should be a valid uuid, instead was `" + quoted(call.arguments[at]) + "`.");
    return *id;
}

void refuse_not_found(World& world, const Call& call, const char* kind, Uuid id) {
    const User* bot = world.store.user(call.caller.user);
    throw not_found(kind, dashed(id), bot ? bot->name : call.caller.name, dashed(call.caller.user));
}

namespace {

// A hidden database hides its pages.
bool is_hidden(const World& world, const Page& page) {
    if (page.hidden)
        return true;
    if (page.parent.kind != Parent::Kind::data_source)
        return false;
    const auto source = world.store.data_sources.find(page.parent.id);
    if (source == world.store.data_sources.end())
        return true;
    const auto database = world.store.databases.find(source->second.database);
    return database != world.store.databases.end() && database->second.hidden;
}

} // namespace

bool is_visible(const World& world, const Call& call, const Page& page) {
    return call.caller.person || !is_hidden(world, page);
}

PageRecord& visible_page(World& world, const Call& call, Uuid id, const char* kind) {
    PageRecord* record = world.store.page(id);
    if (!record || !is_visible(world, call, record->now))
        refuse_not_found(world, call, kind, id);
    return *record;
}

Database& visible_database(World& world, const Call& call, Uuid id) {
    Database* database = world.store.database(id);
    if (!database || (database->hidden && !call.caller.person))
        refuse_not_found(world, call, "database", id);
    return *database;
}

bool is_visible(const World& world, const Call& call, const DataSource& source) {
    const auto database = world.store.databases.find(source.database);
    return database != world.store.databases.end() &&
           (!database->second.hidden || call.caller.person);
}

// A missing data source is called a database (recorded).
DataSource& visible_data_source(World& world, const Call& call, Uuid id) {
    DataSource* source = world.store.data_source(id);
    if (!source || !is_visible(world, call, *source))
        refuse_not_found(world, call, "database", id);
    return *source;
}

std::string icon_json(const Json& icon, const std::string& path) {
    if (icon.IsNull())
        return "null";
    if (!icon.IsObject())
        refuse_body(path, "an object or `null`", to_text(icon));
    for (const char* kind : {"emoji", "external", "file", "file_upload", "custom_emoji", "icon"})
        if (const Json* found = member(icon, kind)) {
            std::string json;
            Out(json).open().key("type").text(kind).key(kind).json(*found).close();
            return json;
        }
    refuse_union({path + ".emoji", path + ".external", path + ".file_upload"});
}

void apply_looks(const Json& body, std::string& icon, std::string& cover) {
    if (const Json* sent = member(body, "icon"))
        icon = icon_json(*sent, "body.icon");
    if (const Json* sent = member(body, "cover"))
        cover = icon_json(*sent, "body.cover");
}

Text body_text(World& world, const Json& body, const char* name) {
    const Json* sent = member(body, name);
    return sent ? read_rich_text(*sent, std::string("body.") + name, world.store,
                                 world.semantics.url_base)
                : Text{};
}

namespace {

Uuid parent_id(const Json& parent, const char* name) {
    const Json* text = member(parent, name);
    const auto id = text->IsString() ? read_valid_uuid(view(*text)) : std::nullopt;
    if (!id)
        refuse_body(std::string("body.parent.") + name, "a valid uuid", to_text(*text));
    return *id;
}

Parent database_parent(World& world, const Call& call, Uuid id) {
    Database& database = visible_database(world, call, id);
    if (database.data_sources.size() == 1)
        return {Parent::Kind::data_source, database.data_sources.front()};
    Refusal refusal;
    refusal.message = "Databases with multiple data sources are not supported in this API version.";
    std::string ids;
    Out out(ids);
    out.open_array();
    for (const Uuid child : database.data_sources)
        out.text(dashed(child));
    out.close_array();
    refusal.additional = {{"error_type", quoted("multiple_data_sources_for_database")},
                          {"database_id", quoted(dashed(id))},
                          {"child_data_source_ids", ids},
                          {"minimum_api_version", quoted("2025-09-03")}};
    throw refusal;
}

} // namespace

Parent read_parent(World& world, const Call& call, const Json& body) {
    const Json* parent = member(body, "parent");
    if (!parent || !parent->IsObject())
        refuse_body("body.parent", "defined", parent ? to_text(*parent) : "undefined");
    if (member(*parent, "data_source_id")) {
        const DataSource& source =
            visible_data_source(world, call, parent_id(*parent, "data_source_id"));
        if (source.in_trash)
            refuse("Can't edit block that is archived. You must unarchive the block before "
                   "editing.");
        return {Parent::Kind::data_source, source.id};
    }
    if (member(*parent, "database_id"))
        return database_parent(world, call, parent_id(*parent, "database_id"));
    if (member(*parent, "page_id")) {
        const auto& record = visible_page(world, call, parent_id(*parent, "page_id"));
        return {Parent::Kind::page, record.now.id};
    }
    if (member(*parent, "workspace"))
        return {};
    refuse_union({"body.parent.page_id", "body.parent.database_id", "body.parent.data_source_id",
                  "body.parent.workspace"});
}

std::optional<bool> trash_wish(const Call& call) {
    const Json* archived = member(call.body, "archived");
    if (archived && call.version == Version::v2026_03_11)
        refuse_body("body.archived", "not present", to_text(*archived));
    const Json* wish = member(call.body, "in_trash");
    if (!wish)
        wish = archived;
    if (!wish)
        return std::nullopt;
    if (!wish->IsBool())
        refuse_body("body.in_trash", "a boolean or `undefined`", to_text(*wish));
    return wish->GetBool();
}

void refuse_unknown_members(const Json& body, std::initializer_list<std::string_view> known) {
    for (const auto& entry : body.GetObject())
        if (std::ranges::find(known, view(entry.name)) == known.end())
            refuse_body("body." + std::string(view(entry.name)), "not present",
                        to_text(entry.value));
}

Projection projection_of(const Call& call, const DataSource& source) {
    Projection projection;
    for (const auto& [key, value] : call.query) {
        if (key != "filter_properties" && key != "filter_properties[]" &&
            !key.starts_with("filter_properties["))
            continue;
        if (!projection)
            projection.emplace();
        if (const Property* property = source.find(value))
            projection->push_back(property->slot);
        else
            refuse_missing_property(value);
    }
    return projection;
}

size_t page_size_of(const Json* sent, const std::string& path) {
    if (!sent)
        return 100;
    if (!sent->IsNumber())
        refuse_body(path, "a number", to_text(*sent));
    const double size = sent->GetDouble();
    if (size > 100)
        refuse_body(path, "≤ `100`", number_text(size));
    if (size < 1)
        refuse_body(path, "≥ `1`", number_text(size));
    return static_cast<size_t>(size);
}

void close_list(Out& out, const std::string* next_cursor, const char* type) {
    out.key("next_cursor");
    if (next_cursor)
        out.text(*next_cursor);
    else
        out.null();
    out.key("has_more").boolean(next_cursor != nullptr);
    out.key("type").text(type).key(type).open().close();
}

} // namespace emulator
