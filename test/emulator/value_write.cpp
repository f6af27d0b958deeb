// Values of properties: the JSON of answers, key order as recorded; see value.hpp.
// scope: call.
#include "value.hpp"

#include "rich_text.hpp"
#include "rollup.hpp"

namespace emulator {

namespace {

void write_option(Out& out, const Property& property, const std::string& id) {
    const Option* option = property.option(id);
    if (!option) {
        out.null();
        return;
    }
    out.open().key("id").text(option->id).key("name").text(option->name);
    out.key("color").text(option->color).close();
}

void write_options(Out& out, const Property& property, const Value& value) {
    const auto* ids = std::get_if<OptionIds>(&value);
    if (property.type != Type::multi_select) {
        if (ids && !ids->empty())
            write_option(out, property, ids->front());
        else
            out.null();
        return;
    }
    out.open_array();
    if (ids)
        for (const auto& id : *ids)
            if (property.option(id))
                write_option(out, property, id);
    out.close_array();
}

/// People, or pages of a relation, as answers name them.
Ids named(World& world, const Property& property, const Value& value) {
    const auto* stored_ids = std::get_if<Ids>(&value);
    Ids ids = stored_ids ? *stored_ids : Ids{};
    if (property.type == Type::relation && world.semantics.trashed_leave_relations)
        std::erase_if(ids, [&](Uuid id) {
            const PageRecord* page = world.store.page(id);
            return page && page->now.in_trash;
        });
    return ids;
}

size_t shown(const World& world, const Ids& ids, Extent extent) {
    return extent == Extent::whole ? ids.size()
                                   : std::min(ids.size(), world.limits.references_shown);
}

void write_ids(Out& out, World& world, const Property& property, const Value& value,
               Extent extent) {
    const Ids ids = named(world, property, value);
    out.open_array();
    for (size_t i = 0; i < shown(world, ids, extent); ++i) {
        if (property.type == Type::people)
            write_user(out, world.store, ids[i]);
        else
            out.open().key("id").text(dashed(ids[i])).close();
    }
    out.close_array();
}

void write_formula(Out& out, const Value& value) {
    if (const auto* raw = std::get_if<Raw>(&value)) {
        out.raw(raw->json);
        return;
    }
    out.open().key("type");
    if (const auto* number = std::get_if<double>(&value))
        out.text("number").key("number").number(*number);
    else if (const auto* flag = std::get_if<bool>(&value))
        out.text("boolean").key("boolean").boolean(*flag);
    else if (const auto* date = std::get_if<DateValue>(&value)) {
        out.text("date").key("date");
        write_date(out, *date);
    } else {
        const auto* text = std::get_if<std::string>(&value);
        out.text("string").key("string");
        out.text_or_null(text ? std::optional(*text) : std::nullopt);
    }
    out.close();
}

void write_raw(Out& out, const Value& value, std::string_view empty) {
    const auto* raw = std::get_if<Raw>(&value);
    out.raw(raw ? std::string_view(raw->json) : empty);
}

constexpr int64_t hour_ms = 3'600'000;

/// Addresses of Notion's own files are signed for whoever reads them, and good for an hour.
void write_files(Out& out, const World& world, const Value& value) {
    Document files;
    const auto* raw = std::get_if<Raw>(&value);
    if (!raw || !parse(raw->json, files))
        return write_raw(out, value, "[]");
    const std::string now = instant_text(world.clock.now());
    const std::string expiry = instant_text(world.clock.now() + hour_ms);
    out.open_array();
    for (const auto& file : files.GetArray()) {
        const Json* hosted = member(file, "file");
        if (!hosted || member(*hosted, "expiry_time")) {
            out.json(file);
            continue;
        }
        const std::string url(*text_member(*hosted, "url"));
        const size_t signature = std::hash<std::string>{}(url + now);
        out.open().key("name").text(*text_member(file, "name")).key("type").text("file");
        out.key("file").open().key("url").text(
            url + "?X-Amz-Expires=3600&X-Amz-Signature=" + std::to_string(signature));
        out.key("expiry_time").text(expiry).close().close();
    }
    out.close_array();
}

void write_date_or_null(Out& out, const Value& value) {
    if (const auto* date = std::get_if<DateValue>(&value))
        write_date(out, *date);
    else
        out.null();
}

void write_number_or_null(Out& out, const Value& value) {
    if (const auto* number = std::get_if<double>(&value))
        out.number(*number);
    else
        out.null();
}

constexpr size_t mentions_shown = 25;

// Text is answered whole, except under the reading that its mentions are cut.
void write_page_text(Out& out, const World& world, const Value& value, Extent extent) {
    const auto* text = std::get_if<Text>(&value);
    if (!text) {
        out.open_array().close_array();
        return;
    }
    if (!world.semantics.mentions_cut || extent == Extent::whole)
        return write_text(out, *text);
    size_t mentions = 0;
    out.open_array();
    for (const auto& run : *text) {
        const bool mention = run.json.starts_with(R"({"type":"mention")");
        if (mention && ++mentions > mentions_shown)
            break;
        out.raw(run.json);
    }
    out.close_array();
}

} // namespace

void write_payload(Out& out, World& world, const Property& property, const Page& page,
                   Extent extent) {
    const Value& value = stored(page, property);
    switch (property.type) {
    case Type::title:
    case Type::rich_text:
        return write_page_text(out, world, value, extent);
    case Type::number:
        return write_number_or_null(out, value);
    case Type::select:
    case Type::multi_select:
    case Type::status:
        return write_options(out, property, value);
    case Type::date:
        return write_date_or_null(out, value);
    case Type::people:
    case Type::relation:
        return write_ids(out, world, property, value, extent);
    case Type::files:
        return write_files(out, world, value);
    case Type::checkbox:
        out.boolean(std::holds_alternative<bool>(value) && std::get<bool>(value));
        return;
    case Type::url:
    case Type::email:
    case Type::phone_number: {
        const auto* text = std::get_if<std::string>(&value);
        out.text_or_null(text ? std::optional(*text) : std::nullopt);
        return;
    }
    case Type::formula:
        return write_formula(out, value);
    case Type::rollup:
        return write_rollup(out, world, property, page);
    case Type::unique_id:
        out.open().key("prefix").text_or_null(property.prefix).key("number");
        write_number_or_null(out, value);
        out.close();
        return;
    case Type::created_time:
        out.text(minute_text(page.stamp.created_at));
        return;
    case Type::last_edited_time:
        out.text(minute_text(page.stamp.edited_at));
        return;
    case Type::created_by:
        return write_user(out, world.store, page.stamp.created_by);
    case Type::last_edited_by:
        return write_user(out, world.store, page.stamp.edited_by);
    case Type::verification:
        return write_raw(out, value, R"({"state":"unverified","verified_by":null,"date":null})");
    case Type::button:
        out.open().close();
        return;
    case Type::place:
    case Type::other:
        return write_raw(out, value, "null");
    }
}

void write_property(Out& out, World& world, const Property& property, const Page& page,
                    Extent extent) {
    out.open().key("id").text(encoded_property_id(property.id));
    out.key("type").text(property.type_text()).key(property.type_text());
    write_payload(out, world, property, page, extent);
    const bool people = property.type == Type::people && world.semantics.people_have_more;
    if (property.type == Type::relation || people) {
        const Ids ids = named(world, property, stored(page, property));
        out.key("has_more").boolean(shown(world, ids, extent) < ids.size());
    }
    out.close();
}

} // namespace emulator
