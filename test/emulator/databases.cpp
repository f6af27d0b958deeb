// Databases and data sources: the containers and the schemas.
// scope: call.
#include "handlers.hpp"
#include "rich_text.hpp"

#include <algorithm>
#include <tuple>

namespace emulator {

namespace {

Reply answer(World& world, const Call& call, const Database& database) {
    Reply reply;
    append_database(reply.body, world, database, call.version);
    return reply;
}

Reply answer(World& world, const Call& call, const DataSource& source) {
    Reply reply;
    append_data_source(reply.body, world, source, call.version);
    return reply;
}

Parent container_parent(World& world, const Call& call) {
    const Parent parent = read_parent(world, call, call.body);
    if (parent.kind == Parent::Kind::data_source)
        refuse_body("body.parent.page_id", "defined", "undefined");
    return parent;
}

} // namespace

Reply post_database(World& world, const Call& call) {
    Edit edit = edit_of(world, call);
    Database database;
    database.parent = container_parent(world, call);
    database.id = world.store.new_id(4);
    database.title = body_text(world, call.body, "title");
    database.description = body_text(world, call.body, "description");
    database.is_inline = flag_member(call.body, "is_inline", false);
    database.stamp = new_stamp(edit);
    apply_looks(call.body, database.icon, database.cover);
    const Json* initial = member(call.body, "initial_data_source");
    const Json* properties = initial ? member(*initial, "properties") : nullptr;
    const Uuid id = database.id;
    const Text title = database.title;
    create_database(edit, std::move(database));
    try {
        DataSource& source = create_data_source(edit, id, title, properties, Trust::api);
        source.description = world.store.database(id)->description;
    } catch (...) {
        world.store.databases.erase(id);
        throw;
    }
    return answer(world, call, *world.store.database(id));
}

Reply get_database(World& world, const Call& call) {
    return answer(world, call, visible_database(world, call, path_id(call, 0, "database_id")));
}

Reply patch_database(World& world, const Call& call) {
    Edit edit = edit_of(world, call);
    Database& database = visible_database(world, call, path_id(call, 0, "database_id"));
    if (const Json* properties = member(call.body, "properties"))
        refuse_body("body.properties", "not present", to_text(*properties));
    const auto trashed = trash_wish(call);
    apply_looks(call.body, database.icon, database.cover);
    if (member(call.body, "parent"))
        database.parent = container_parent(world, call);
    // The only data source of a database shares its title and description.
    DataSource* only = database.data_sources.size() == 1
                           ? world.store.data_source(database.data_sources.front())
                           : nullptr;
    for (const auto& [name, own, shared] :
         {std::tuple{"title", &database.title, only ? &only->title : nullptr},
          std::tuple{"description", &database.description, only ? &only->description : nullptr}}) {
        if (!member(call.body, name))
            continue;
        *own = body_text(world, call.body, name);
        if (shared)
            *shared = *own;
    }
    database.is_inline = flag_member(call.body, "is_inline", database.is_inline);
    database.is_locked = flag_member(call.body, "is_locked", database.is_locked);
    database.stamp.edited_at = world.clock.now();
    database.stamp.edited_by = call.caller.user;
    if (trashed)
        set_trashed(edit, database, *trashed);
    world.store.touch();
    return answer(world, call, database);
}

Reply post_data_source(World& world, const Call& call) {
    Edit edit = edit_of(world, call);
    const Json* parent = member(call.body, "parent");
    const auto text = parent ? text_member(*parent, "database_id") : std::nullopt;
    const auto id = text ? read_valid_uuid(*text) : std::nullopt;
    if (!id)
        refuse_body("body.parent.database_id", text ? "a valid uuid" : "defined",
                    text ? quoted(*text) : "undefined");
    visible_database(world, call, *id);
    const Json* properties = member(call.body, "properties");
    if (!properties)
        refuse_body("body.properties", "defined", "undefined");
    Text title = body_text(world, call.body, "title");
    if (title.empty())
        title = plain_run("New data source");
    DataSource& source = create_data_source(edit, *id, std::move(title), properties, Trust::api);
    apply_looks(call.body, source.icon, source.cover);
    return answer(world, call, source);
}

Reply get_data_source(World& world, const Call& call) {
    return answer(world, call,
                  visible_data_source(world, call, path_id(call, 0, "data_source_id")));
}

namespace {

void move_source(World& world, const Call& call, DataSource& source, const Json& parent) {
    const auto text = text_member(parent, "database_id");
    const auto id = text ? read_valid_uuid(*text) : std::nullopt;
    if (!id)
        refuse_body("body.parent.database_id", "a valid uuid", to_text(parent));
    Database& to = visible_database(world, call, *id);
    if (Database* from = world.store.database(source.database))
        std::erase(from->data_sources, source.id);
    source.database = to.id;
    to.data_sources.push_back(source.id);
}

} // namespace

Reply patch_data_source(World& world, const Call& call) {
    Edit edit = edit_of(world, call);
    DataSource& source = visible_data_source(world, call, path_id(call, 0, "data_source_id"));
    const auto trashed = trash_wish(call);
    if (source.in_trash && !(trashed && !*trashed))
        refuse("Can't edit block that is archived. You must unarchive the block before editing.");
    apply_looks(call.body, source.icon, source.cover);
    Database* database = world.store.database(source.database);
    const bool shares = database && database->data_sources.size() == 1;
    if (member(call.body, "title")) {
        source.title = body_text(world, call.body, "title");
        if (shares)
            database->title = source.title;
    }
    if (const Json* parent = member(call.body, "parent"))
        move_source(world, call, source, *parent);
    if (const Json* properties = member(call.body, "properties")) {
        const auto changes =
            patch_schema(world, source, *properties, "body.properties", Trust::api);
        if (!changes.empty())
            world.webhooks.schema_updated(source, changes);
    }
    source.stamp.edited_at = world.clock.now();
    source.stamp.edited_by = call.caller.user;
    ++source.schema_version;
    if (trashed)
        set_trashed(edit, source, *trashed);
    world.store.touch();
    return answer(world, call, source);
}

} // namespace emulator
