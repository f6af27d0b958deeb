// The content of a block; see block_content.hpp. scope: call.
#include "block_content.hpp"

#include "rich_text.hpp"

#include <algorithm>
#include <utility>

namespace emulator {

namespace {

/// A member and what it is where nobody said: empty for nothing.
struct Default {
    std::string_view name;
    std::string_view json;
};

struct Layout {
    std::string_view type;
    std::array<Default, 4> members;
};

constexpr std::string_view plain_color = R"("default")";

constexpr Layout layouts[] = {
    {"paragraph", {{{"rich_text", "[]"}, {"icon", "null"}, {"color", plain_color}}}},
    {"heading_1", {{{"rich_text", "[]"}, {"is_toggleable", "false"}, {"color", plain_color}}}},
    {"heading_2", {{{"rich_text", "[]"}, {"is_toggleable", "false"}, {"color", plain_color}}}},
    {"heading_3", {{{"rich_text", "[]"}, {"is_toggleable", "false"}, {"color", plain_color}}}},
    {"heading_4", {{{"rich_text", "[]"}, {"is_toggleable", "false"}, {"color", plain_color}}}},
    {"bulleted_list_item", {{{"rich_text", "[]"}, {"color", plain_color}}}},
    {"numbered_list_item", {{{"rich_text", "[]"}, {"color", plain_color}}}},
    {"to_do", {{{"rich_text", "[]"}, {"checked", "false"}, {"color", plain_color}}}},
    {"toggle", {{{"rich_text", "[]"}, {"color", plain_color}}}},
    {"quote", {{{"rich_text", "[]"}, {"color", plain_color}}}},
    {"callout", {{{"rich_text", "[]"}, {"icon", "null"}, {"color", plain_color}}}},
    {"code", {{{"caption", "[]"}, {"rich_text", "[]"}, {"language", R"("plain text")"}}}},
    {"template", {{{"rich_text", "[]"}}}},
    {"equation", {{{"expression", R"("")"}}}},
    {"divider", {}},
    {"breadcrumb", {}},
    {"table_of_contents", {{{"color", plain_color}}}},
    {"column_list", {}},
    {"column", {}},
    {"tab", {}},
    {"link_to_page", {{{"type", ""}}}},
    {"link_preview", {{{"url", ""}}}},
    {"table", {{{"table_width", ""}, {"has_column_header", "false"}, {"has_row_header", "false"}}}},
    {"table_row", {{{"cells", "[]"}}}},
    {"embed", {{{"caption", "[]"}, {"url", ""}}}},
    {"bookmark", {{{"caption", "[]"}, {"url", ""}}}},
    {"image", {{{"caption", "[]"}, {"type", ""}, {"external", ""}, {"file_upload", ""}}}},
    {"video", {{{"caption", "[]"}, {"type", ""}, {"external", ""}, {"file_upload", ""}}}},
    {"pdf", {{{"caption", "[]"}, {"type", ""}, {"external", ""}, {"file_upload", ""}}}},
    {"audio", {{{"caption", "[]"}, {"type", ""}, {"external", ""}, {"file_upload", ""}}}},
    {"file", {{{"caption", "[]"}, {"type", ""}, {"external", ""}, {"name", ""}}}},
    {"synced_block", {{{"synced_from", "null"}}}},
    {"meeting_notes", {}},
};

const Layout* layout_of(std::string_view type) {
    const auto* found = std::ranges::find(layouts, type, &Layout::type);
    return found == std::end(layouts) ? nullptr : found;
}

std::string text_json(World& world, const Json& sent, const std::string& path, std::string* plain) {
    const Text text = read_rich_text(sent, path, world.store, world.semantics.url_base);
    if (plain)
        *plain = plain_text(text);
    std::string json;
    Out out(json);
    write_text(out, text);
    return json;
}

std::string cells_json(World& world, const Json& cells, const std::string& path) {
    require_array(cells, path);
    std::string json;
    Out out(json);
    out.open_array();
    for (unsigned i = 0; i < cells.Size(); ++i)
        out.raw(text_json(world, cells[i], path + "[" + std::to_string(i) + "]", nullptr));
    out.close_array();
    return json;
}

// What the kind of a medium is, and a file's name, follow from its address.
std::string derived(const Json& sent, std::string_view type, std::string_view name) {
    if (name == "type")
        for (const char* kind : {"external", "file_upload", "file", "page_id", "database_id"})
            if (member(sent, kind))
                return quoted(kind);
    const Json* external = member(sent, "external");
    const Json* url = external ? member(*external, "url") : nullptr;
    if (type != "file" || name != "name" || !url || !url->IsString())
        return {};
    const auto path = view(*url).substr(0, view(*url).find_first_of("?#"));
    return quoted(path.substr(path.rfind('/') + 1));
}

} // namespace

bool is_block_type(std::string_view type) {
    return layout_of(type) != nullptr;
}

std::string block_type_of(const Json& wish, const std::string& path) {
    if (!wish.IsObject())
        refuse_body(path, "an object", to_text(wish));
    for (const auto& entry : wish.GetObject())
        if (is_block_type(view(entry.name)))
            return std::string(view(entry.name));
    std::vector<std::string> paths;
    for (const char* type : {"embed", "bookmark", "image", "code", "divider", "paragraph"})
        paths.push_back(path + "." + type);
    refuse_union(paths);
}

void fill_content(World& world, Block& block, const Json& sent, const std::string& path) {
    Document before;
    parse(block.content, before);
    const Layout* layout = layout_of(block.type);
    std::vector<std::pair<std::string, std::string>> members;
    const auto put = [&](std::string_view name, std::string_view otherwise) {
        const bool done =
            std::ranges::any_of(members, [&](const auto& entry) { return entry.first == name; });
        if (done || name.empty() || name == "children")
            return;
        std::string json(otherwise);
        if (const Json* wish = member(sent, name)) {
            const std::string here = path + "." + std::string(name);
            if (name == "rich_text" || name == "caption")
                json = text_json(world, *wish, here, name == "rich_text" ? &block.plain : nullptr);
            else if (name == "cells")
                json = cells_json(world, *wish, here);
            else
                json = to_text(*wish);
        } else if (const Json* kept = member(before, name)) {
            json = to_text(*kept);
        } else if (json.empty()) {
            json = derived(sent, block.type, name);
        }
        if (!json.empty())
            members.emplace_back(name, std::move(json));
    };
    for (const auto& [name, json] : layout ? layout->members : std::array<Default, 4>{})
        put(name, json);
    for (const auto& entry : sent.GetObject())
        put(view(entry.name), "");
    for (const auto& entry : std::as_const(before).GetObject())
        put(view(entry.name), "");
    block.content.clear();
    Out out(block.content);
    out.open();
    for (const auto& [name, json] : members)
        out.key(name).raw(json);
    out.close();
}

} // namespace emulator
