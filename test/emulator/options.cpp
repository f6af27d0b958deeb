// Options of select, multi_select and status; see options.hpp and schema.hpp.
// scope: call.
#include "options.hpp"

#include "rich_text.hpp"

#include <algorithm>

namespace emulator {

namespace {

constexpr size_t longest_name = 100;
constexpr std::string_view colors[] = {"default", "gray", "brown",  "orange", "yellow",
                                       "green",   "blue", "purple", "pink",   "red"};

std::string checked_name(const Json& wish, const std::string& path) {
    const Json* name = member(wish, "name");
    if (!name)
        refuse_body(path + ".name", "defined", "undefined");
    require_text(*name, path + ".name", longest_name);
    if (view(*name).empty())
        refuse_body(path + ".name", "populated", "\"\"");
    if (view(*name).find(',') != std::string_view::npos)
        refuse("Invalid select option, commas not allowed: " + std::string(view(*name)));
    return std::string(view(*name));
}

Option new_option(World& world, const Json& wish, const std::string& path,
                  std::string_view usual_color) {
    Option option{dashed(world.store.new_id(4)), checked_name(wish, path), {}, {}};
    const auto color = text_member(wish, "color");
    if (color && std::ranges::find(colors, *color) == std::end(colors))
        refuse_body(path + ".color", "one of the option colors", quoted(*color));
    option.color = color.value_or(usual_color);
    if (const auto description = text_member(wish, "description"))
        option.description = *description;
    return option;
}

// Existing options keep id and colour; what is omitted is gone.
std::vector<Option> replaced(World& world, const Property& property, const Json& wishes,
                             const std::string& path, Trust trust) {
    require_array(wishes, path);
    std::vector<Option> options;
    for (unsigned i = 0; i < wishes.Size(); ++i) {
        const Json& wish = wishes[i];
        const std::string here = path + "[" + std::to_string(i) + "]";
        const auto id = text_member(wish, "id");
        const auto name = text_member(wish, "name");
        const Option* known = id     ? property.option(*id)
                              : name ? property.option_named(*name)
                                     : nullptr;
        if (known && trust == Trust::api) {
            const auto color = text_member(wish, "color");
            if (color && *color != known->color)
                refuse("Cannot update color of select with name: " + known->name + ".");
            options.push_back(*known);
            if (const auto description = text_member(wish, "description"))
                options.back().description = *description;
            continue;
        }
        Option option = new_option(world, wish, here, "default");
        if (id && trust == Trust::control)
            option.id = *id;
        options.push_back(std::move(option));
    }
    return options;
}

void default_status(World& world, Property& property) {
    constexpr const char* names[][4] = {{"Not started", "default", "To-do", "gray"},
                                        {"In progress", "blue", "In progress", "blue"},
                                        {"Done", "green", "Complete", "green"}};
    for (const auto& [name, color, group, group_color] : names) {
        const std::string id = dashed(world.store.new_id(4));
        property.options.push_back({id, name, color, {}});
        property.groups.push_back({dashed(world.store.new_id(4)), group, group_color, {id}});
    }
}

void read_groups(World& world, Property& property, const Json* groups) {
    if (groups && groups->IsArray()) {
        property.groups.clear();
        for (const auto& group : groups->GetArray()) {
            OptionGroup kept{std::string(text_member(group, "id").value_or("")),
                             std::string(text_member(group, "name").value_or("")),
                             std::string(text_member(group, "color").value_or("default")),
                             {}};
            if (const Json* ids = member(group, "option_ids"))
                for (const auto& id : ids->GetArray())
                    kept.option_ids.emplace_back(view(id));
            property.groups.push_back(std::move(kept));
        }
        return;
    }
    if (property.groups.empty())
        for (const auto& [name, color] :
             {std::pair{"To-do", "gray"}, std::pair{"In progress", "blue"},
              std::pair{"Complete", "green"}})
            property.groups.push_back({dashed(world.store.new_id(4)), name, color, {}});
    // New options belong to the first group; forgotten ones to none.
    for (auto& group : property.groups)
        std::erase_if(group.option_ids, [&](const auto& id) { return !property.option(id); });
    for (const auto& option : property.options) {
        const bool placed = std::ranges::any_of(property.groups, [&](const OptionGroup& group) {
            return std::ranges::find(group.option_ids, option.id) != group.option_ids.end();
        });
        if (!placed)
            property.groups.front().option_ids.push_back(option.id);
    }
}

} // namespace

void read_options(World& world, Property& property, const Json& config, const std::string& path,
                  Trust trust) {
    if (const Json* wishes = member(config, "options"))
        property.options = replaced(world, property, *wishes, path + ".options", trust);
    if (property.type != Type::status)
        return;
    if (property.options.empty() && !member(config, "options"))
        default_status(world, property);
    read_groups(world, property, trust == Trust::control ? member(config, "groups") : nullptr);
}

std::string use_option(World& world, DataSource& source, Property& property, const Json& wish,
                       const std::string& path, Trust trust) {
    if (const auto id = text_member(wish, "id")) {
        if (property.option(*id))
            return std::string(*id);
        if (!member(wish, "name"))
            refuse("Select option with id " + std::string(*id) + " does not exist.");
    }
    const std::string name = checked_name(wish, path);
    if (const Option* known = property.option_named(name))
        return known->id;
    if (property.type == Type::status && trust == Trust::api)
        refuse("Invalid status option. Status option \"" + name + "\" does not exist\".");
    // An option that a page brings gets some colour; one of a schema is "default" (recorded).
    const auto color = colors[world.store.random() % std::size(colors)];
    Option option = new_option(world, wish, path, color);
    if (const auto given = text_member(wish, "id"); given && trust == Trust::control)
        option.id = *given;
    const std::string id = option.id;
    property.options.push_back(std::move(option));
    ++source.schema_version;
    if (trust == Trust::api)
        world.webhooks.schema_updated(source, {{property.id, property.name, "updated"}});
    return id;
}

} // namespace emulator
