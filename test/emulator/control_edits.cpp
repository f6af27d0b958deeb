// What people do in the Notion app; see control_edits.hpp. scope: call.
#include "control_edits.hpp"

#include "edit.hpp"
#include "render.hpp"
#include "seed.hpp"

#include <algorithm>

namespace emulator {

namespace {

Edit edit_by_person(World& world, const Call& call) {
    Edit edit{world, {}, true, flag_member(call.body, "silent", false)};
    edit.author = named_user(world, text_member(call.body, "as").value_or("Somebody"));
    world.webhooks.act_as({edit.author, true});
    return edit;
}

Served page_served(World& world, PageRecord& record) {
    Served served;
    served.reply.add_request_id = false;
    append_page(served.reply.body, world, record, Version::v2026_03_11, std::nullopt);
    return served;
}

Uuid id_argument(const Call& call) {
    const auto id = read_uuid(call.arguments[0]);
    if (!id)
        refuse("not an id: " + call.arguments[0]);
    return *id;
}

void set_values(Edit& edit, PageRecord& record, const Call& call) {
    const Json* properties = member(call.body, "properties");
    if (!properties)
        refuse("properties: missing");
    DataSource& source = edit.world.store.schema_of(record.now);
    update_values(edit, record,
                  read_values(edit.world, source, *properties, "properties", Trust::control));
}

} // namespace

Served act_on_page(World& world, const Call& call) {
    Edit edit = edit_by_person(world, call);
    PageRecord* record = world.store.page(id_argument(call));
    if (!record)
        refuse("no such page");
    const std::string& action = call.arguments[1];
    if (action == "duplicate")
        return page_served(world, duplicate_page(edit, *record));
    if (action == "share" || action == "unshare")
        world.store.change(*record).hidden = action == "unshare";
    else if (action == "trash" || action == "restore")
        set_trashed(edit, *record, action == "trash");
    else if (action == "archive" || action == "unarchive")
        world.store.change(*record).is_archived = action == "archive";
    else if (action == "properties")
        set_values(edit, *record, call);
    else if (action == "touch")
        touch_page(edit, *record);
    else if (action == "erase") {
        world.store.erase(*record);
        Served served;
        served.reply.body = R"({"ok":true})";
        served.reply.add_request_id = false;
        return served;
    } else
        refuse("no such action: " + action);
    return page_served(world, *record);
}

Served act_on_database(World& world, const Call& call) {
    Edit edit = edit_by_person(world, call);
    Uuid id = id_argument(call);
    if (const DataSource* source = world.store.data_source(id))
        id = source->database;
    Database* database = world.store.database(id);
    if (!database)
        refuse("no such database");
    const std::string& action = call.arguments[1];
    if (action == "share" || action == "unshare")
        database->hidden = action == "unshare";
    else if (action == "trash" || action == "restore")
        set_trashed(edit, *database, action == "trash");
    else
        refuse("no such action: " + action);
    Served served;
    served.reply.add_request_id = false;
    append_database(served.reply.body, world, *database, Version::v2026_03_11);
    return served;
}

// {"property", "option", "name"}: renamed; without a name: deleted.
Served edit_option(World& world, const Call& call) {
    const Edit edit = edit_by_person(world, call);
    DataSource& source = named_source(world, call.arguments[0]);
    Property* property = source.find(text_member(call.body, "property").value_or(""));
    const auto wanted = text_member(call.body, "option");
    const Option* known = property && wanted ? property->option_named(*wanted) : nullptr;
    if (!known)
        refuse("no such property or option");
    const std::string id = known->id;
    if (const auto name = text_member(call.body, "name"))
        std::ranges::find(property->options, id, &Option::id)->name = *name;
    else
        std::erase_if(property->options, [&](const Option& option) { return option.id == id; });
    ++source.schema_version;
    world.store.touch();
    if (!edit.silent)
        world.webhooks.schema_updated(source, {{property->id, property->name, "updated"}});
    Served served;
    served.reply.add_request_id = false;
    append_data_source(served.reply.body, world, source, Version::v2026_03_11);
    return served;
}

Served expire_cursors(World& world, const Call&) {
    world.cursors.expire_all();
    Served served;
    served.reply.body = R"({"ok":true})";
    served.reply.add_request_id = false;
    return served;
}

} // namespace emulator
