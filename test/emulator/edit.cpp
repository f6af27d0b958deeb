// Every change of a workspace; see edit.hpp. scope: call.
#include "edit.hpp"

#include "render.hpp"

#include <algorithm>

namespace emulator {

namespace {

Event page_event(const Edit& edit, const Page& page, const char* type) {
    Event event;
    event.type = type;
    event.entity_type = "page";
    event.entity = page.id;
    event.parent = page.parent;
    if (page.parent.kind == Parent::Kind::data_source) {
        const DataSource* source = edit.world.store.data_source(page.parent.id);
        event.data_source = page.parent.id;
        event.parent = {Parent::Kind::database, source ? source->database : Uuid{}};
    }
    event.authors = {{edit.author, edit.person}};
    return event;
}

void raise_object_event(Edit& edit, const char* type, const char* entity_type, Uuid id,
                        Parent parent) {
    if (edit.silent)
        return;
    Event event;
    event.type = type;
    event.entity_type = entity_type;
    event.entity = id;
    event.parent = parent;
    event.authors = {{edit.author, edit.person}};
    edit.world.webhooks.raise(std::move(event));
}

// The other end of a two-way relation follows, without an event of its own.
void mirror_relation(Edit& edit, const Property& property, Uuid page, const Ids& before,
                     const Ids& after) {
    DataSource* target = edit.world.store.data_source(property.related_source);
    const Property* other = target ? target->by_id(property.synced_id) : nullptr;
    if (!property.dual || !other)
        return;
    const auto change_far_end = [&](Uuid far, bool present) {
        PageRecord* record = edit.world.store.page(far);
        if (!record)
            return;
        Page& far_page = edit.world.store.change(*record);
        far_page.values.resize(std::max(far_page.values.size(), target->properties.size()));
        Value& value = far_page.values[other->slot];
        if (!std::holds_alternative<Ids>(value))
            value = Ids{};
        Ids& ids = std::get<Ids>(value);
        std::erase(ids, page);
        if (present)
            ids.push_back(page);
        if (edit.world.semantics.far_relation_moves_time && !edit.silent)
            far_page.stamp.edited_at = edit.world.clock.now();
    };
    for (const Uuid far : before)
        if (std::ranges::find(after, far) == after.end())
            change_far_end(far, false);
    for (const Uuid far : after)
        if (std::ranges::find(before, far) == before.end())
            change_far_end(far, true);
}

Ids ids_in(const Value& value) {
    const auto* ids = std::get_if<Ids>(&value);
    return ids ? *ids : Ids{};
}

void write_values(Edit& edit, Page& page, const DataSource& source, Values& values) {
    page.values.resize(std::max(page.values.size(), source.properties.size()));
    for (auto& [slot, value] : values) {
        const Property& property = source.properties[slot];
        if (property.type == Type::relation) {
            const Ids before = ids_in(page.values[slot]);
            const Ids after = ids_in(value);
            page.values[slot] = std::move(value);
            mirror_relation(edit, property, page.id, before, after);
        } else {
            page.values[slot] = std::move(value);
        }
    }
}

void restamp(const Edit& edit, Stamp& stamp) {
    if (edit.silent)
        return;
    stamp.edited_at = edit.world.clock.now();
    stamp.edited_by = edit.author;
}

} // namespace

Stamp new_stamp(const Edit& edit) {
    const int64_t now = edit.world.clock.now();
    return {now, now, edit.author, edit.author};
}

void raise_page_event(Edit& edit, const Page& page, const char* type) {
    if (!edit.silent)
        edit.world.webhooks.raise(page_event(edit, page, type));
}

Values read_values(World& world, DataSource& source, const Json& properties,
                   const std::string& path, Trust trust) {
    if (!properties.IsObject())
        refuse_body(path, "an object", to_text(properties));
    Values values;
    for (const auto& entry : properties.GetObject()) {
        const std::string name(view(entry.name));
        Property* property = source.find(name);
        if (!property && world.semantics.unknown_property_ignored)
            continue;
        if (!property)
            refuse_missing_property(name);
        Value value = read_value(world, source, *property, entry.value, path + "." + name, trust);
        values.emplace_back(property->slot, std::move(value));
    }
    return values;
}

PageRecord& create_page(Edit& edit, Page page, Values values) {
    World& world = edit.world;
    DataSource& source = world.store.schema_of(page);
    if (static_cast<int64_t>(source.pages.size()) >= world.limits.rows_per_source)
        throw standard(406);
    page.values.resize(source.properties.size());
    for (auto& property : source.properties) {
        const bool given = std::ranges::any_of(
            values, [&](const auto& entry) { return entry.first == property.slot; });
        if (!property.removed && !given)
            page.values[property.slot] = default_value(property);
    }
    PageRecord& record = world.store.add(std::move(page));
    write_values(edit, record.now, source, values);
    raise_page_event(edit, record.now, "page.created");
    return record;
}

void touch_page(Edit& edit, PageRecord& record) {
    restamp(edit, edit.world.store.change(record).stamp);
}

void update_values(Edit& edit, PageRecord& record, Values values) {
    if (values.empty())
        return;
    Page& page = edit.world.store.change(record);
    const DataSource& source = edit.world.store.schema_of(page);
    Event event = page_event(edit, page, "page.properties_updated");
    bool title = false;
    for (const auto& [slot, value] : values) {
        title = title || source.properties[slot].type == Type::title;
        event.properties.insert(source.properties[slot].id);
    }
    write_values(edit, page, source, values);
    restamp(edit, page.stamp);
    if (title && edit.world.semantics.title_edit_is_content && values.size() == 1) {
        event.type = "page.content_updated";
        event.properties.clear();
    }
    if (!edit.silent)
        edit.world.webhooks.raise(std::move(event));
}

void set_trashed(Edit& edit, PageRecord& record, bool in_trash) {
    if (record.now.in_trash == in_trash)
        return;
    Page& page = edit.world.store.change(record);
    page.in_trash = in_trash;
    if (in_trash || edit.world.semantics.restore_moves_time)
        restamp(edit, page.stamp);
    raise_page_event(edit, page, in_trash ? "page.deleted" : "page.undeleted");
}

void set_trashed(Edit& edit, Database& database, bool in_trash) {
    if (database.in_trash == in_trash)
        return;
    edit.world.store.touch();
    database.in_trash = in_trash;
    restamp(edit, database.stamp);
    for (const Uuid id : database.data_sources)
        if (DataSource* source = edit.world.store.data_source(id))
            source->in_trash = in_trash;
    if (edit.world.semantics.trash_takes_pages) // of themselves, without an event or an edit
        for (auto& [id, record] : edit.world.store.pages)
            if (std::ranges::find(database.data_sources, record->now.parent.id) !=
                database.data_sources.end())
                edit.world.store.change(*record).in_trash = in_trash;
    raise_object_event(edit, in_trash ? "database.deleted" : "database.undeleted", "database",
                       database.id, database.parent);
}

void set_trashed(Edit& edit, DataSource& source, bool in_trash) {
    if (source.in_trash == in_trash)
        return;
    edit.world.store.touch();
    source.in_trash = in_trash;
    restamp(edit, source.stamp);
    raise_object_event(edit, in_trash ? "data_source.deleted" : "data_source.undeleted",
                       "data_source", source.id, {Parent::Kind::database, source.database});
}

// Values follow by name where the types agree.
void move_page(Edit& edit, PageRecord& record, Parent parent) {
    Store& store = edit.world.store;
    const DataSource& from = store.schema_of(record.now);
    store.unindex(record);
    Page& page = store.change(record);
    const std::vector<Value> before = std::move(page.values);
    page.parent = parent;
    DataSource& to = store.schema_of(page);
    page.values.assign(to.properties.size(), {});
    for (auto& property : to.properties) {
        const Property* same =
            property.type == Type::title ? from.by_id("title") : from.find(property.name);
        if (property.removed)
            continue;
        const bool option = property.type == Type::select || property.type == Type::status ||
                            property.type == Type::multi_select;
        if (same && same->type == property.type && same->slot < before.size() && !option)
            page.values[property.slot] = before[same->slot];
        else
            page.values[property.slot] = default_value(property);
    }
    restamp(edit, page.stamp);
    store.index(record);
    raise_page_event(edit, page, "page.moved");
}

PageRecord& duplicate_page(Edit& edit, const PageRecord& original) {
    Page copy = original.now;
    copy.id = edit.world.store.new_id();
    copy.stamp = new_stamp(edit);
    copy.children.clear();
    copy.in_trash = false;
    Values values;
    DataSource& source = edit.world.store.schema_of(copy);
    for (const auto& property : source.properties)
        if (!property.removed && property.type != Type::unique_id &&
            property.slot < copy.values.size())
            values.emplace_back(property.slot, copy.values[property.slot]);
    copy.values.clear();
    return create_page(edit, std::move(copy), std::move(values));
}

Database& create_database(Edit& edit, Database database) {
    Database& kept = edit.world.store.add(std::move(database));
    raise_object_event(edit, "database.created", "database", kept.id, kept.parent);
    return kept;
}

DataSource& create_data_source(Edit& edit, Uuid database, Text title, const Json* properties,
                               Trust trust, Uuid id) {
    Store& store = edit.world.store;
    DataSource source;
    source.id = id.nil() ? store.new_id() : id;
    source.database = database;
    source.title = std::move(title);
    source.stamp = new_stamp(edit);
    const Uuid new_id = source.id;
    DataSource& kept = store.add(std::move(source));
    try {
        create_schema(edit.world, kept, properties, trust);
    } catch (...) {
        store.data_sources.erase(new_id);
        throw;
    }
    if (Database* owner = store.database(database))
        owner->data_sources.push_back(new_id);
    raise_object_event(edit, "data_source.created", "data_source", new_id,
                       {Parent::Kind::database, database});
    return *store.data_source(new_id);
}

} // namespace emulator
