// Users and identities in seeds and recorded objects; see seed.hpp.
// scope: call.
#include "seed.hpp"

#include <algorithm>

namespace emulator {

DataSource& named_source(World& world, std::string_view id_or_title) {
    if (const auto id = read_uuid(id_or_title))
        if (DataSource* source = world.store.data_source(*id))
            return *source;
    for (auto& [id, source] : world.store.data_sources)
        if (plain_text(source.title) == id_or_title)
            return source;
    refuse("no data source " + std::string(id_or_title));
}

Uuid seeded_user(World& world, const Json& json) {
    User user;
    user.name = text_member(json, "name").value_or("Somebody");
    user.is_bot = text_member(json, "type") == "bot";
    const auto id = text_member(json, "id");
    user.id = id ? read_uuid(*id).value_or(Uuid{})
                 : named_uuid(user.is_bot ? "bot" : "person", user.name);
    if (const auto avatar = text_member(json, "avatar_url"))
        user.avatar_url = *avatar;
    const Json* person = member(json, "person");
    auto email = text_member(json, "email");
    if (person && !email)
        email = text_member(*person, "email");
    user.email = email ? std::string(*email) : user.name + "@example.com";
    return world.store.add(std::move(user)).id;
}

Uuid named_user(World& world, std::string_view name) {
    if (const auto id = read_uuid(name))
        return *id;
    for (const auto& [id, user] : world.store.users)
        if (user.name == name || user.email == name)
            return id;
    User user;
    user.name = name;
    user.id = named_uuid("person", name);
    user.email = user.name + "@example.com";
    return world.store.add(std::move(user)).id;
}

void read_identity(World& world, const Json& object, Uuid& id, Stamp& stamp) {
    if (const auto text = text_member(object, "id"))
        if (const auto given = read_uuid(*text))
            id = *given;
    const auto time = [&](const char* name, int64_t& into) {
        const auto text = text_member(object, name);
        const auto moment = text ? read_moment(*text) : std::nullopt;
        if (moment)
            into = moment->at;
        return moment.has_value();
    };
    if (time("created_time", stamp.created_at))
        stamp.edited_at = stamp.created_at;
    time("last_edited_time", stamp.edited_at);
    const auto user = [&](const char* name, Uuid& into) {
        const Json* given = member(object, name);
        if (given && given->IsString())
            into = named_user(world, view(*given));
        else if (const auto text = given ? text_member(*given, "id") : std::nullopt)
            into = read_uuid(*text).value_or(into);
    };
    user("created_by", stamp.created_by);
    stamp.edited_by = stamp.created_by.nil() ? stamp.edited_by : stamp.created_by;
    user("last_edited_by", stamp.edited_by);
}

} // namespace emulator
