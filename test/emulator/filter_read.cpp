// The filter grammar: parsing and checking; see filter.hpp.
// scope: call.
#include "filter.hpp"

#include "rich_text.hpp"

#include <algorithm>

namespace emulator {

namespace {

constexpr std::pair<std::string_view, Family> families[] = {
    {"title", Family::text},
    {"rich_text", Family::text},
    {"url", Family::text},
    {"email", Family::text},
    {"phone_number", Family::text},
    {"number", Family::number},
    {"unique_id", Family::number},
    {"checkbox", Family::checkbox},
    {"select", Family::option},
    {"status", Family::option},
    {"multi_select", Family::options},
    {"date", Family::date},
    {"created_time", Family::date},
    {"last_edited_time", Family::date},
    {"people", Family::people},
    {"created_by", Family::people},
    {"last_edited_by", Family::people},
    {"relation", Family::relation},
    {"files", Family::files},
    {"verification", Family::verification},
};

std::optional<Family> family_of(std::string_view key) {
    const auto* found =
        std::ranges::find(families, key, &std::pair<std::string_view, Family>::first);
    return found == std::end(families) ? std::nullopt : std::optional(found->second);
}

// rich_text is accepted for every property that holds text (recorded).
bool key_fits(std::string_view key, const Property& property) {
    if (key == property.type_text())
        return true;
    return key == "rich_text" && family_of(property.type_text()) == Family::text;
}

struct Reader {
    World& world;
    const DataSource& source;
    Uuid me;

    Filter read(const Json& json, const std::string& path, int64_t depth);
    Filter read_group(const Json& parts, const std::string& path, Filter::Kind kind, int64_t depth);
    Filter read_timestamp(const Json& json, const std::string& path);
    Filter read_property(const Json& json, const std::string& path);
    void read_rollup(const Json& conditions, const std::string& path, Filter& filter);
    void read_formula(const Json& conditions, const std::string& path, Filter& filter);
};

Filter Reader::read(const Json& json, const std::string& path, int64_t depth) {
    if (!json.IsObject())
        refuse_body(path, "an object", to_text(json));
    const Json* all = member(json, "and");
    const Json* any = member(json, "or");
    if (all || any) {
        if (json.MemberCount() != 1)
            refuse_body(path + "." + (all ? "and" : "or"), "the only member", to_text(json));
        if (depth >= world.semantics.deepest_filter)
            refuse_body(path + "." + (all ? "and" : "or"), "not present",
                        to_text(all ? *all : *any));
        return read_group(all ? *all : *any, path + "." + (all ? "and" : "or"),
                          all ? Filter::Kind::all : Filter::Kind::any, depth);
    }
    if (member(json, "timestamp"))
        return read_timestamp(json, path);
    return read_property(json, path);
}

Filter Reader::read_group(const Json& parts, const std::string& path, Filter::Kind kind,
                          int64_t depth) {
    require_array(parts, path);
    Filter filter;
    filter.kind = kind;
    for (unsigned i = 0; i < parts.Size(); ++i)
        filter.parts.push_back(read(parts[i], path + "[" + std::to_string(i) + "]", depth + 1));
    return filter;
}

Filter Reader::read_timestamp(const Json& json, const std::string& path) {
    const auto which = text_member(json, "timestamp");
    if (!which || (*which != "created_time" && *which != "last_edited_time"))
        refuse_body(path + ".timestamp", "`\"created_time\"` or `\"last_edited_time\"`",
                    to_text(*member(json, "timestamp")));
    if (const Json* property = member(json, "property"))
        refuse_body(path + ".property", "not present", to_text(*property));
    const std::string key(*which);
    const Json* conditions = member(json, key);
    if (!conditions)
        refuse_body(path + "." + key, "defined", "undefined");
    Filter filter;
    filter.kind = Filter::Kind::leaf;
    filter.subject =
        key == "created_time" ? Filter::Subject::created_time : Filter::Subject::last_edited_time;
    filter.condition = read_condition(world, Family::date, *conditions, path + "." + key, me);
    return filter;
}

Filter Reader::read_property(const Json& json, const std::string& path) {
    const auto name = text_member(json, "property");
    if (!name)
        refuse_union({path + ".or", path + ".and", path + ".property", path + ".timestamp"});
    const Property* property = source.find(*name);
    if (!property)
        refuse("Could not find property with name or id: " + std::string(*name));
    Filter filter;
    filter.kind = Filter::Kind::leaf;
    filter.slot = property->slot;
    for (const auto& entry : json.GetObject()) {
        const std::string key(view(entry.name));
        if (key == "property" || key == "type")
            continue;
        const auto family = family_of(key);
        if (!family && key != "formula" && key != "rollup")
            refuse_body(path + "." + key, "not present", to_text(entry.value));
        if (!key_fits(key, *property))
            refuse("database property " + std::string(property->type_text()) +
                   " does not match filter " + key);
        if (key == "rollup")
            read_rollup(entry.value, path + ".rollup", filter);
        else if (key == "formula")
            read_formula(entry.value, path + ".formula", filter);
        else
            filter.condition = read_condition(world, *family, entry.value, path + "." + key, me);
        return filter;
    }
    refuse_union({path + ".title",
                  path + ".rich_text",
                  path + ".number",
                  path + ".checkbox",
                  path + ".select",
                  path + ".multi_select",
                  path + ".status",
                  path + ".date",
                  path + ".people",
                  path + ".files",
                  path + ".url",
                  path + ".email",
                  path + ".phone_number",
                  path + ".relation",
                  path + ".created_by",
                  path + ".created_time",
                  path + ".last_edited_by",
                  path + ".last_edited_time",
                  path + ".formula",
                  path + ".unique_id",
                  path + ".rollup"});
}

void Reader::read_rollup(const Json& conditions, const std::string& path, Filter& filter) {
    using Quantifier = Filter::Quantifier;
    constexpr std::pair<const char*, Quantifier> quantifiers[] = {
        {"any", Quantifier::any}, {"every", Quantifier::every}, {"none", Quantifier::none}};
    for (const auto& [name, quantifier] : quantifiers)
        if (const Json* inner = member(conditions, name)) {
            filter.quantifier = quantifier;
            for (const auto& entry : inner->GetObject()) {
                const auto family = family_of(view(entry.name));
                const std::string here = path + "." + name + "." + std::string(view(entry.name));
                if (!family)
                    refuse_body(here, "not present", to_text(entry.value));
                filter.condition = read_condition(world, *family, entry.value, here, me);
                return;
            }
        }
    for (const char* name : {"number", "date"})
        if (const Json* inner = member(conditions, name)) {
            filter.condition =
                read_condition(world, *family_of(name), *inner, path + "." + name, me);
            return;
        }
    refuse_union(
        {path + ".any", path + ".every", path + ".none", path + ".date", path + ".number"});
}

void Reader::read_formula(const Json& conditions, const std::string& path, Filter& filter) {
    constexpr std::pair<const char*, Family> kinds[] = {{"string", Family::text},
                                                        {"checkbox", Family::checkbox},
                                                        {"number", Family::number},
                                                        {"date", Family::date}};
    for (const auto& [name, family] : kinds)
        if (const Json* inner = member(conditions, name)) {
            filter.condition = read_condition(world, family, *inner, path + "." + name, me);
            return;
        }
    refuse_union({path + ".string", path + ".checkbox", path + ".number", path + ".date"});
}

} // namespace

Filter read_filter(World& world, const DataSource& source, const Json& filter, Uuid me) {
    return Reader{world, source, me}.read(filter, "body.filter", 0);
}

} // namespace emulator
