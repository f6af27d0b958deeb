// Schemas of data sources: reading and editing; see schema.hpp.
// scope: call.
#include "schema.hpp"

#include "options.hpp"
#include "rich_text.hpp"

#include <algorithm>

namespace emulator {

namespace {

constexpr size_t longest_description = 280;

struct TypeKey {
    std::string name;
    const Json* config;
};

// `type` where it is said, else the first key that is the name of a type.
std::optional<TypeKey> type_key(const Json& wish, Trust trust) {
    if (const auto said = text_member(wish, "type"); said && (member(wish, *said)))
        if (type_named(*said) || trust == Trust::control)
            return TypeKey{std::string(*said), member(wish, *said)};
    for (const auto& entry : wish.GetObject())
        if (view(entry.name) != "description" && type_named(view(entry.name)))
            return TypeKey{std::string(view(entry.name)), &entry.value};
    return std::nullopt;
}

// prop("Name") becomes the token that recordings show.
std::string stored_expression(const DataSource& source, const World& world, std::string_view text) {
    std::string stored;
    while (!text.empty()) {
        const auto at = text.find("prop(\"");
        const auto end = at == text.npos ? text.npos : text.find("\")", at);
        if (end == text.npos)
            break;
        stored += text.substr(0, at);
        const auto name = text.substr(at + 6, end - at - 6);
        if (const Property* used = source.find(name))
            stored += "{{notion:block_property:" + encoded_property_id(used->id) + ":" +
                      dashed(source.id) + ":" + dashed(world.store.workspace_id) + "}}";
        else
            stored += text.substr(at, end + 2 - at);
        text.remove_prefix(end + 2);
    }
    return stored.append(text);
}

void require_id(const Json& config, const char* name, const std::string& path, Uuid& into) {
    const Json* sent = member(config, name);
    if (!sent)
        refuse_body(path + "." + name, "defined", "undefined");
    const auto id = sent->IsString() ? read_valid_uuid(view(*sent)) : std::nullopt;
    if (!id)
        refuse_body(path + "." + name, "a valid uuid", to_text(*sent));
    into = *id;
}

// A recorded relation knows its other end already; whether it was recorded.
bool keep_recorded(Property& property, const Json& config, const Json* dual) {
    if (const auto database = text_member(config, "database_id"))
        property.related_database = read_uuid(*database).value_or(Uuid{});
    const auto id = dual ? text_member(*dual, "synced_property_id") : std::nullopt;
    if (!id)
        return false;
    property.synced_id = decoded_property_id(*id);
    property.synced_name = text_member(*dual, "synced_property_name").value_or("");
    return true;
}

void configure_relation(World& world, DataSource& source, Property& property, const Json& config,
                        const std::string& path, Trust trust) {
    if (trust == Trust::api && member(config, "database_id"))
        refuse_body(path + ".database_id", "not present", to_text(*member(config, "database_id")));
    require_id(config, "data_source_id", path, property.related_source);
    DataSource* target = world.store.data_source(property.related_source);
    if (!target && trust == Trust::api)
        throw not_found("database", dashed(property.related_source), "", "");
    const Json* dual = member(config, "dual_property");
    property.dual = dual != nullptr;
    if (trust == Trust::control && keep_recorded(property, config, dual))
        return;
    if (!dual || !target)
        return;
    const auto wished = text_member(*dual, "synced_property_name");
    Property other;
    other.id = world.store.new_property_id(*target);
    other.name = wished ? std::string(*wished)
                        : "Related to " + plain_text(source.title) + " (" + property.name + ")";
    other.type = Type::relation;
    other.dual = true;
    other.related_source = source.id;
    other.synced_id = property.id;
    other.slot = target->properties.size();
    property.synced_id = other.id;
    target->properties.push_back(std::move(other)); // may move `property` where target is source
    target->reorder();
}

void configure_rollup(World& world, DataSource& source, Property& property, const Json& config,
                      const std::string& path) {
    const auto pick = [&](const DataSource& from, const char* by_id, const char* by_name) {
        const auto key =
            text_member(config, by_id) ? text_member(config, by_id) : text_member(config, by_name);
        if (!key)
            refuse_body(path + "." + by_name, "defined", "undefined");
        const Property* found = from.find(*key);
        if (!found)
            refuse("Could not find property with name or id: " + std::string(*key));
        return found;
    };
    const Property* relation = pick(source, "relation_property_id", "relation_property_name");
    property.relation_id = relation->id;
    const DataSource* target = world.store.data_source(relation->related_source);
    if (target)
        property.rolled_id = pick(*target, "rollup_property_id", "rollup_property_name")->id;
    property.function = text_member(config, "function").value_or("show_original");
}

void configure(World& world, DataSource& source, size_t slot, const Json& config,
               const std::string& path, Trust trust) {
    Property& property = source.properties[slot];
    switch (property.type) {
    case Type::number:
        if (const auto format = text_member(config, "format"))
            property.format = *format;
        return;
    case Type::select:
    case Type::multi_select:
    case Type::status:
        return read_options(world, property, config, path, trust);
    case Type::formula:
        if (const auto expression = text_member(config, "expression"))
            property.expression = stored_expression(source, world, *expression);
        return;
    case Type::relation:
        return configure_relation(world, source, property, config, path, trust);
    case Type::rollup:
        return configure_rollup(world, source, property, config, path);
    case Type::unique_id:
        // `{}` leaves the prefix as it is (recorded); null takes it away.
        if (const Json* prefix = member(config, "prefix"))
            property.prefix =
                prefix->IsString() ? std::optional<std::string>(view(*prefix)) : std::nullopt;
        return;
    case Type::other:
        property.raw_config = to_text(config);
        return;
    default:
        return;
    }
}

void describe(Property& property, const Json& wish, const std::string& path) {
    const Json* description = member(wish, "description");
    if (!description)
        return;
    if (description->IsNull()) {
        property.description.reset();
        return;
    }
    require_text(*description, path + ".description", longest_description);
    property.description = view(*description);
}

void number_existing_pages(World& world, DataSource& source, Property& property) {
    for (PageRecord* record : source.pages) {
        Page& page = world.store.change(*record);
        page.values.resize(source.properties.size());
        page.values[property.slot] = static_cast<double>(property.next_number++);
    }
}

size_t add_property(World& world, DataSource& source, std::string_view name, const Json& wish,
                    const std::string& path, Trust trust) {
    const auto key = type_key(wish, trust);
    if (!key)
        refuse_union({path + ".title", path + ".rich_text", path + ".number", path + ".select"});
    if (static_cast<int64_t>(source.order.size()) >= world.limits.properties_per_source)
        refuse("A data source cannot have more than 500 properties.");
    if (key->name == "title" && source.by_id("title"))
        refuse("A data source must have exactly one title property.");
    Property property;
    property.name = name;
    property.type = type_named(key->name).value_or(Type::other);
    property.other_type = key->name;
    property.slot = source.properties.size();
    const auto id = text_member(wish, "id");
    property.id = property.type == Type::title    ? "title"
                  : id && trust == Trust::control ? decoded_property_id(*id)
                                                  : world.store.new_property_id(source);
    if (trust == Trust::api &&
        (property.type == Type::button || property.type == Type::verification))
        refuse_body(path + "." + key->name, "not present", to_text(*key->config));
    describe(property, wish, path);
    const size_t slot = property.slot;
    source.properties.push_back(std::move(property));
    configure(world, source, slot, *key->config, path + "." + key->name, trust);
    source.reorder();
    if (source.properties[slot].type == Type::unique_id && trust == Trust::api)
        number_existing_pages(world, source, source.properties[slot]);
    return slot;
}

void change_type(World& world, DataSource& source, Property& property, Type type) {
    if (property.type == Type::title || type == Type::title)
        refuse("Cannot change the type of the title property.");
    const Property before = property;
    property = {};
    property.id = before.id;
    property.name = before.name;
    property.description = before.description;
    property.slot = before.slot;
    property.type = type;
    for (PageRecord* record : source.pages) {
        Page& page = world.store.change(*record);
        if (property.slot < page.values.size())
            page.values[property.slot] = {};
    }
}

// The other end of a two-way relation goes with it.
void remove_property(World& world, DataSource& source, Property& property) {
    property.removed = true;
    if (property.type == Type::relation && property.dual)
        if (DataSource* target = world.store.data_source(property.related_source))
            for (auto& other : target->properties)
                if (!other.removed && other.id == property.synced_id && other.dual) {
                    other.removed = true;
                    target->reorder();
                }
    source.reorder();
}

} // namespace

void create_schema(World& world, DataSource& source, const Json* properties, Trust trust) {
    Document fallback;
    if (!properties || !properties->IsObject()) {
        parse(R"({"Name":{"title":{}}})", fallback);
        properties = &fallback;
    }
    int titles = 0;
    for (const auto& entry : properties->GetObject()) {
        const auto key = entry.value.IsObject() ? type_key(entry.value, trust) : std::nullopt;
        titles += key && key->name == "title" ? 1 : 0;
    }
    if (titles == 0)
        refuse("Title is not provided");
    if (titles > 1)
        refuse("A data source must have exactly one title property.");
    patch_schema(world, source, *properties, "body.properties", trust);
}

std::vector<SchemaChange> patch_schema(World& world, DataSource& source, const Json& properties,
                                       const std::string& path, Trust trust) {
    if (!properties.IsObject())
        refuse_body(path, "an object", to_text(properties));
    std::vector<SchemaChange> changes;
    for (const auto& entry : properties.GetObject()) {
        const std::string name(view(entry.name));
        const std::string here = path + "." + name;
        Property* known = source.find(name);
        if (entry.value.IsNull()) {
            if (!known)
                refuse_missing_property(name);
            if (known->type == Type::title)
                refuse("Cannot delete the title property.");
            changes.push_back({known->id, known->name, "deleted"});
            remove_property(world, source, *known);
            continue;
        }
        if (!entry.value.IsObject())
            refuse_body(here, "an object or `null`", to_text(entry.value));
        if (!known) {
            const size_t slot = add_property(world, source, name, entry.value, here, trust);
            changes.push_back({source.properties[slot].id, name, "created"});
            continue;
        }
        if (const auto renamed = text_member(entry.value, "name");
            renamed && *renamed != known->name) {
            if (source.find(*renamed))
                refuse("Property with name " + std::string(*renamed) + " already exists.");
            known->name = *renamed;
        }
        describe(*known, entry.value, here);
        if (const auto key = type_key(entry.value, trust)) {
            const Type type = type_named(key->name).value_or(Type::other);
            if (type != known->type)
                change_type(world, source, *known, type);
            const size_t slot = known->slot;
            configure(world, source, slot, *key->config, here + "." + key->name, trust);
            known = &source.properties[slot]; // the other end of a relation may have moved it
        }
        changes.push_back(
            {source.find(encoded_property_id(known->id))->id, known->name, "updated"});
        source.reorder();
    }
    world.store.touch();
    return changes;
}

} // namespace emulator
