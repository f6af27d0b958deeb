// Values of properties: reading what a client wrote; see value.hpp.
// scope: call.
#include "value.hpp"

#include "rich_text.hpp"

#include <algorithm>

namespace emulator {

namespace {

constexpr size_t longest_url = 2000;
constexpr size_t longest_email = 200;

std::string read_short_text(const Json& value, const std::string& path, size_t longest) {
    require_text(value, path, longest);
    if (view(value).empty())
        refuse_body(path, "populated or `null`", "\"\"");
    return std::string(view(value));
}

Ids read_ids(const Json& value, const std::string& path) {
    require_array(value, path);
    Ids ids;
    for (unsigned i = 0; i < value.Size(); ++i) {
        const std::string here = path + "[" + std::to_string(i) + "].id";
        const Json* text = member(value[i], "id");
        const auto id = text && text->IsString() ? read_valid_uuid(view(*text)) : std::nullopt;
        if (!id)
            refuse_body(here, text ? "a valid uuid" : "defined",
                        text ? to_text(*text) : "undefined");
        if (std::find(ids.begin(), ids.end(), *id) == ids.end())
            ids.push_back(*id);
    }
    return ids;
}

Ids read_people(World& world, const Json& value, const std::string& path, Trust trust) {
    Ids ids = read_ids(value, path);
    if (trust == Trust::api)
        for (const Uuid id : ids)
            if (!world.store.user(id))
                throw user_not_found(dashed(id), "");
    return ids;
}

Ids read_relation(World& world, const Property& property, const Json& value,
                  const std::string& path, Trust trust) {
    Ids ids = read_ids(value, path);
    if (trust == Trust::api)
        for (const Uuid id : ids) {
            const PageRecord* target = world.store.page(id);
            if (!target || target->now.hidden)
                throw not_found("page", dashed(id), "", "");
            if (target->now.parent.id != property.related_source)
                refuse("Page " + dashed(id) + " is not in the related data source.");
        }
    return ids;
}

OptionIds read_options_used(World& world, DataSource& source, Property& property, const Json& value,
                            const std::string& path, Trust trust) {
    require_array(value, path);
    OptionIds ids;
    for (unsigned i = 0; i < value.Size(); ++i) {
        auto id = use_option(world, source, property, value[i],
                             path + "[" + std::to_string(i) + "]", trust);
        if (std::find(ids.begin(), ids.end(), id) == ids.end())
            ids.push_back(std::move(id));
    }
    return ids;
}

/// A file that was uploaded becomes one of Notion's own, kept without signature: value_write.cpp
/// signs its address for who reads it.
void write_attached(Out& out, World& world, const Json& upload,
                    std::optional<std::string_view> name, const std::string& path) {
    const auto text = text_member(upload, "id");
    const auto id = text ? read_uuid(*text) : std::nullopt;
    const auto found = id ? world.uploads.find(*id) : world.uploads.end();
    if (found == world.uploads.end() || found->second.status != "uploaded")
        refuse(path + ": file upload " + std::string(text.value_or("undefined")) +
               " is not there, or not uploaded.");
    out.open().key("name").text(name ? *name : std::string_view(found->second.filename));
    out.key("type").text("file").key("file").open().key("url");
    out.text("https://prod-files-secure.s3.us-west-2.amazonaws.com/" + dashed(*id) + "/" +
             found->second.filename);
    out.close().close();
}

// A file of Notion's own may be written back as it was read; what was recorded keeps its times.
void write_hosted(Out& out, const Json& hosted, const std::string& path, Trust trust) {
    const auto url = text_member(hosted, "url");
    if (!url)
        refuse_body(path + ".file.url", "defined", "undefined");
    if (trust == Trust::control && member(hosted, "expiry_time"))
        out.json(hosted);
    else
        out.open().key("url").text(url->substr(0, url->find('?'))).close();
}

void write_file(Out& out, World& world, const Json& file, const std::string& path, Trust trust) {
    const auto name = text_member(file, "name");
    const Json* external = member(file, "external");
    const Json* hosted = member(file, "file");
    const Json* upload = member(file, "file_upload");
    const char* kind = external ? "external" : "file";
    if (!external && !hosted && !upload)
        refuse_union({path + ".file", path + ".external", path + ".file_upload"});
    if (!external && !hosted)
        return write_attached(out, world, *upload, name, path);
    if (external && !name)
        refuse_body(path + ".name", "defined", "undefined");
    if (external) {
        const Json* url = member(*external, "url");
        if (!url)
            refuse_body(path + ".external.url", "defined", "undefined");
        require_text(*url, path + ".external.url", longest_url);
    }
    out.open().key("name").text(name.value_or("")).key("type").text(kind);
    out.key(kind);
    if (external)
        out.json(*external);
    else
        write_hosted(out, *hosted, path, trust);
    out.close();
}

Raw read_files(World& world, const Json& value, const std::string& path, Trust trust) {
    require_array(value, path);
    Raw files;
    Out out(files.json);
    out.open_array();
    for (unsigned i = 0; i < value.Size(); ++i)
        write_file(out, world, value[i], path + "[" + std::to_string(i) + "]", trust);
    out.close_array();
    return files;
}

Value read_place(const Json& value, const std::string& path) {
    if (value.IsNull())
        return {};
    const Json* latitude = member(value, "lat");
    const Json* longitude = member(value, "lon");
    if (!latitude || !latitude->IsNumber() || !longitude || !longitude->IsNumber())
        refuse_body(path + (latitude ? ".lon" : ".lat"), "a number", "undefined");
    Raw place;
    Out out(place.json);
    out.open().key("lat").json(*latitude).key("lon").json(*longitude);
    for (const char* name : {"name", "address", "aws_place_id", "google_place_id"}) {
        const auto text = text_member(value, name);
        out.key(name).text_or_null(text ? std::optional<std::string>(*text) : std::nullopt);
    }
    out.close();
    return place;
}

Value read_number(const Json& value, const std::string& path) {
    if (value.IsNull())
        return {};
    if (!value.IsNumber())
        refuse_body(path, "a number", to_text(value));
    return value.GetDouble();
}

Value read_option(World& world, DataSource& source, Property& property, const Json& value,
                  const std::string& path, Trust trust) {
    if (value.IsNull())
        return property.type == Type::status ? default_value(property) : Value{};
    if (!value.IsObject())
        refuse_body(path, "an object or `null`", to_text(value));
    return OptionIds{use_option(world, source, property, value, path, trust)};
}

// What was recorded is kept as it is; what is written by hand is read as from a client.
Text kept_text(World& world, const Json& value, const std::string& path) {
    const bool recorded = value.IsArray() && !value.Empty() && member(value[0], "annotations") &&
                          member(value[0], "plain_text");
    if (!recorded)
        return read_rich_text(value, path, world.store, world.semantics.url_base);
    Text text;
    for (const auto& item : value.GetArray())
        text.push_back({std::string(text_member(item, "plain_text").value_or("")), to_text(item)});
    return text;
}

// A formula, rollup, unique id or verification set by hand: typed where filters need it.
Value read_computed(Property& property, const Json& value) {
    if (property.type == Type::unique_id) {
        const int64_t number =
            value.IsNumber() ? value.GetInt64() : integer_member(value, "number", 0);
        property.next_number = std::max(property.next_number, number + 1);
        return static_cast<double>(number);
    }
    if (property.type != Type::formula)
        return value.IsNull() ? Value{} : Value{Raw{to_text(value)}};
    const auto type = text_member(value, "type");
    const Json* result = type ? member(value, *type) : &value;
    if (!result || result->IsNull())
        return type && *type != "string" ? Value{Raw{to_text(value)}} : Value{};
    if (result->IsString())
        return std::string(view(*result));
    if (result->IsBool())
        return result->GetBool();
    if (result->IsNumber())
        return result->GetDouble();
    if (type && *type == "date")
        return read_date(*result, "formula");
    return Raw{to_text(value)};
}

[[noreturn]] void refuse_type(const Property& property) {
    refuse(property.name + " is expected to be " + std::string(property.type_text()) + ".");
}

Value read_by_type(World& world, DataSource& source, Property& property, const Json& value,
                   const std::string& path, Trust trust) {
    switch (property.type) {
    case Type::title:
    case Type::rich_text:
        return trust == Trust::control
                   ? kept_text(world, value, path)
                   : read_rich_text(value, path, world.store, world.semantics.url_base);
    case Type::number:
        return read_number(value, path);
    case Type::select:
    case Type::status:
        return read_option(world, source, property, value, path, trust);
    case Type::multi_select:
        return read_options_used(world, source, property, value, path, trust);
    case Type::date:
        return value.IsNull() ? Value{} : Value{read_date(value, path)};
    case Type::people:
        return read_people(world, value, path, trust);
    case Type::relation:
        return read_relation(world, property, value, path, trust);
    case Type::files:
        return read_files(world, value, path, trust);
    case Type::checkbox:
        if (!value.IsBool())
            refuse_body(path, "a boolean", to_text(value));
        return value.GetBool();
    case Type::url:
        return value.IsNull() ? Value{} : Value{read_short_text(value, path, longest_url)};
    case Type::email:
    case Type::phone_number:
        return value.IsNull() ? Value{} : Value{read_short_text(value, path, longest_email)};
    case Type::place:
        return read_place(value, path);
    default:
        return read_computed(property, value);
    }
}

bool writable(Type type) {
    switch (type) {
    case Type::formula:
    case Type::rollup:
    case Type::unique_id:
    case Type::created_time:
    case Type::last_edited_time:
    case Type::created_by:
    case Type::last_edited_by:
    case Type::button:
    case Type::other:
        return false;
    default:
        return true;
    }
}

} // namespace

const Value& stored(const Page& page, const Property& property) {
    static const Value nothing;
    return property.slot < page.values.size() ? page.values[property.slot] : nothing;
}

Value read_value(World& world, DataSource& source, Property& property, const Json& wish,
                 const std::string& path, Trust trust) {
    const std::string type(property.type_text());
    // A title may be written as the bare array.
    if (wish.IsArray() && property.type == Type::title)
        return read_by_type(world, source, property, wish, path, trust);
    if (!wish.IsObject())
        refuse_body(path, "an object", to_text(wish));
    const Json* value = member(wish, type);
    if (trust == Trust::api && !writable(property.type)) {
        if (value)
            refuse_union({path + ".title", path + ".rich_text", path + ".number"});
        refuse_type(property);
    }
    if (!value) {
        const bool other_type =
            std::any_of(wish.MemberBegin(), wish.MemberEnd(),
                        [](const auto& entry) { return type_named(view(entry.name)).has_value(); });
        if (other_type)
            refuse_type(property);
        refuse_body(path + "." + type, "defined", "undefined");
    }
    return read_by_type(world, source, property, *value, path + "." + type, trust);
}

Value default_value(Property& property) {
    if (property.type == Type::unique_id)
        return static_cast<double>(property.next_number++);
    if (property.type == Type::status && !property.options.empty()) {
        for (const auto& group : property.groups)
            if (!group.option_ids.empty())
                return OptionIds{group.option_ids.front()};
        return OptionIds{property.options.front().id};
    }
    return {};
}

} // namespace emulator
