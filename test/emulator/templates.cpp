// Templates of data sources: listed by name, and chosen when a page is made or changed.
// Notion fills a page from its template a while after it was made; here it is done at once.
// scope: call.
#include "handlers.hpp"

#include <algorithm>

namespace emulator {

namespace {

bool holds_name(std::string_view name, std::string_view part) {
    const auto same = [](char a, char b) {
        return std::tolower(static_cast<unsigned char>(a)) ==
               std::tolower(static_cast<unsigned char>(b));
    };
    return part.empty() ||
           std::search(name.begin(), name.end(), part.begin(), part.end(), same) != name.end();
}

} // namespace

Reply list_templates(World& world, const Call& call) {
    const DataSource& source = visible_data_source(world, call, path_id(call, 0, "data_source_id"));
    Json size_json;
    const std::string* size_text = call.parameter("page_size");
    size_json.SetInt(size_text ? std::atoi(size_text->c_str()) : 100);
    const size_t size = page_size_of(&size_json, "query.page_size");
    const std::string* name = call.parameter("name");
    const std::string* cursor = call.parameter("start_cursor");
    auto at = source.templates.begin();
    if (cursor) {
        const auto id = read_uuid(*cursor);
        at = std::ranges::find_if(source.templates,
                                  [&](const Template& it) { return id && it.id == *id; });
        if (at == source.templates.end())
            refuse_cursor(*cursor);
    }
    Reply reply;
    reply.add_request_id = false;
    Out out(reply.body);
    out.open().key("templates").open_array();
    for (size_t given = 0; given < size && at != source.templates.end(); ++at) {
        if (name && !holds_name(at->name, *name))
            continue;
        ++given;
        out.open().key("id").text(dashed(at->id)).key("name").text(at->name);
        out.key("is_default").boolean(at->is_default).close();
    }
    const bool more = at != source.templates.end();
    out.close_array().key("has_more").boolean(more).key("next_cursor");
    if (more)
        out.text(dashed(at->id));
    else
        out.null();
    out.close();
    return reply;
}

const Template* wanted_template(const DataSource& source, const Json& body) {
    const Json* wish = member(body, "template");
    if (!wish)
        return nullptr;
    const auto type = text_member(*wish, "type");
    if (!type)
        refuse_body("body.template.type", "defined", "undefined");
    if (*type == "none")
        return nullptr;
    for (const char* other : {"children", "content", "markdown"})
        if (const Json* given = member(body, other))
            refuse_body("body." + std::string(other), "not present", to_text(*given));
    const auto text = text_member(*wish, "template_id");
    const auto id = text ? read_uuid(*text) : std::nullopt;
    const auto found = std::ranges::find_if(source.templates, [&](const Template& it) {
        return *type == "default" ? it.is_default : id && it.id == *id;
    });
    if (found == source.templates.end())
        refuse(*type == "default" ? "The data source has no default template."
                                  : "Could not find template with ID: " +
                                        std::string(text.value_or("undefined")) + ".");
    return &*found;
}

} // namespace emulator
