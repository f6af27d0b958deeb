// Schemas of data sources: the JSON that is answered; see schema.hpp.
// Key order as recorded. Assumes that ids are raw and encodes them.
// scope: call.
#include "schema.hpp"

namespace emulator {

namespace {

void write_options(Out& out, const Property& property) {
    out.key("options").open_array();
    for (const auto& option : property.options) {
        out.open().key("id").text(option.id).key("name").text(option.name);
        out.key("color").text(option.color).key("description").text_or_null(option.description);
        out.close();
    }
    out.close_array();
    if (property.type != Type::status)
        return;
    out.key("groups").open_array();
    for (const auto& group : property.groups) {
        out.open().key("id").text(group.id).key("name").text(group.name);
        out.key("color").text(group.color).key("option_ids").open_array();
        for (const auto& id : group.option_ids)
            out.text(id);
        out.close_array().close();
    }
    out.close_array();
}

void write_relation(Out& out, World& world, const Property& property) {
    const DataSource* target = world.store.data_source(property.related_source);
    out.key("database_id").text(dashed(target ? target->database : property.related_database));
    out.key("data_source_id").text(dashed(property.related_source));
    if (!property.dual) {
        out.key("type").text("single_property").key("single_property").open().close();
        return;
    }
    const Property* other = target ? target->by_id(property.synced_id) : nullptr;
    out.key("type").text("dual_property").key("dual_property").open();
    out.key("synced_property_name").text(other ? other->name : property.synced_name);
    out.key("synced_property_id").text(encoded_property_id(property.synced_id)).close();
}

// The one place where Notion answers raw ids.
void write_rollup(Out& out, World& world, const DataSource& source, const Property& property) {
    const Property* relation = source.by_id(property.relation_id);
    const DataSource* target =
        relation ? world.store.data_source(relation->related_source) : nullptr;
    const Property* rolled = target ? target->by_id(property.rolled_id) : nullptr;
    out.key("rollup_property_name").text(rolled ? rolled->name : "");
    out.key("relation_property_name").text(relation ? relation->name : "");
    out.key("rollup_property_id").text(property.rolled_id);
    out.key("relation_property_id").text(property.relation_id);
    out.key("function").text(property.function);
}

void write_config(Out& out, World& world, const DataSource& source, const Property& property) {
    if (property.type == Type::other && !property.raw_config.empty()) {
        out.raw(property.raw_config);
        return;
    }
    out.open();
    switch (property.type) {
    case Type::number:
        out.key("format").text(property.format);
        break;
    case Type::select:
    case Type::multi_select:
    case Type::status:
        write_options(out, property);
        break;
    case Type::formula:
        out.key("expression").text(property.expression);
        break;
    case Type::relation:
        write_relation(out, world, property);
        break;
    case Type::rollup:
        write_rollup(out, world, source, property);
        break;
    case Type::unique_id:
        out.key("prefix").text_or_null(property.prefix);
        break;
    default:
        break;
    }
    out.close();
}

} // namespace

void write_schema(Out& out, World& world, const DataSource& source) {
    out.open();
    for (const size_t slot : source.order) {
        const Property& property = source.properties[slot];
        out.key(property.name).open().key("id").text(encoded_property_id(property.id));
        out.key("name").text(property.name);
        out.key("description").text_or_null(property.description);
        out.key("type").text(property.type_text()).key(property.type_text());
        write_config(out, world, source, property);
        out.close();
    }
    out.close();
}

} // namespace emulator
