// Markdown of pages: blocks to Markdown and back, line by line.
// Knows headings, lists, to-dos, quotes, code, dividers and paragraphs; inline marks stay text.
// scope: call.
#include "blocks.hpp"
#include "handlers.hpp"
#include "rich_text.hpp"

#include <algorithm>

namespace emulator {

namespace {

struct Mark {
    std::string_view prefix;
    std::string_view type;
};

// Longer prefixes first where one begins with another.
constexpr Mark marks[] = {
    {"#### ", "heading_4"},       {"### ", "heading_3"},        {"## ", "heading_2"},
    {"# ", "heading_1"},          {"- [x] ", "to_do"},          {"- [ ] ", "to_do"},
    {"- ", "bulleted_list_item"}, {"* ", "bulleted_list_item"}, {"> ", "quote"}};

std::string_view numbered(std::string_view line) {
    size_t digits = 0;
    while (digits < line.size() && line[digits] >= '0' && line[digits] <= '9')
        ++digits;
    return digits > 0 && line.substr(digits).starts_with(". ") ? line.substr(digits + 2)
                                                               : std::string_view{};
}

void write_text(Out& out, std::string_view text) {
    constexpr size_t longest_run = 2000; // bytes; at most as many UTF-16 units
    out.key("rich_text").open_array();
    while (!text.empty()) {
        size_t size = std::min(longest_run, text.size());
        while (size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80)
            --size;
        out.open().key("text").open().key("content").text(text.substr(0, size)).close().close();
        text.remove_prefix(size);
    }
    out.close_array();
}

std::string_view take_line(std::string_view& text) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return line;
}

std::string_view next_line(std::string_view text) {
    return text.substr(0, std::min(text.find('\n'), text.size()));
}

size_t tabs_of(std::string_view line) {
    return std::min(line.find_first_not_of('\t'), line.size());
}

void write_code(Out& out, std::string_view language, std::string_view& rest, size_t depth) {
    std::string code;
    bool first = true;
    while (!rest.empty()) {
        auto line = take_line(rest);
        line.remove_prefix(std::min(depth, tabs_of(line)));
        if (line == "```")
            break;
        if (!first)
            code.push_back('\n');
        first = false;
        code.append(line);
    }
    out.open().key("type").text("code").key("code").open();
    write_text(out, code);
    out.key("language").text(language.empty() ? "plain text" : language).close().close();
}

void write_blocks(Out& out, std::string_view& rest, size_t depth);

// What is indented below a line is in its block.
void write_line(Out& out, std::string_view line, std::string_view& rest, size_t depth) {
    if (line == "---") {
        out.open().key("type").text("divider").key("divider").open().close().close();
        return;
    }
    std::string_view type = "paragraph";
    std::string_view text = line;
    bool checked = false;
    for (const auto& [prefix, kind] : marks)
        if (type == "paragraph" && line.starts_with(prefix)) {
            type = kind;
            text = line.substr(prefix.size());
            checked = prefix == "- [x] ";
        }
    if (const auto item = numbered(line); type == "paragraph" && !item.empty()) {
        type = "numbered_list_item";
        text = item;
    }
    out.open().key("type").text(type).key(type).open();
    write_text(out, text);
    if (type == "to_do")
        out.key("checked").boolean(checked);
    if (tabs_of(next_line(rest)) > depth) {
        out.key("children");
        write_blocks(out, rest, depth + 1);
    }
    out.close().close();
}

void write_blocks(Out& out, std::string_view& rest, size_t depth) {
    out.open_array();
    while (!rest.empty()) {
        const auto peeked = next_line(rest);
        const size_t tabs = tabs_of(peeked);
        if (!peeked.empty() && tabs < depth)
            break;
        const auto line = take_line(rest).substr(tabs);
        if (line.starts_with("```"))
            write_code(out, line.substr(3), rest, tabs);
        else if (!line.empty())
            write_line(out, line, rest, tabs);
    }
    out.close_array();
}

std::string blocks_json(std::string_view markdown) {
    std::string json;
    Out out(json);
    write_blocks(out, markdown, 0);
    return json;
}

std::string_view language_of(const Block& block) {
    constexpr std::string_view mark = R"("language":")";
    const auto at = block.content.find(mark);
    if (at == std::string::npos)
        return {};
    const auto from = at + mark.size();
    const auto language =
        std::string_view(block.content).substr(from, block.content.find('"', from) - from);
    return language == "plain text" ? std::string_view() : language;
}

std::string bare(Uuid id) {
    std::string digits = dashed(id);
    std::erase(digits, '-');
    return digits;
}

std::string address_of(Uuid id) {
    return "https://www.notion.so/" + bare(id);
}

/// Block types that Markdown does not hold.
bool has_no_markdown(const Block& block) {
    constexpr std::string_view types[] = {"bookmark",     "breadcrumb", "embed",
                                          "link_preview", "template",   "unsupported"};
    return std::ranges::find(types, block.type) != std::end(types);
}

std::string unknown_tag(const std::string& address, std::string_view type) {
    return "<unknown url=\"" + address + "\" alt=\"" + std::string(type) + "\"/>";
}

std::string line_of(const Block& block, int number) {
    if (block.type == "divider")
        return "---";
    if (block.type == "code")
        return "```" + std::string(language_of(block)) + "\n" + block.plain + "\n```";
    if (block.type == "numbered_list_item")
        return std::to_string(number) + ". " + block.plain;
    if (block.type == "to_do" && block.content.find(R"("checked":true)") != std::string::npos)
        return "- [x] " + block.plain;
    for (const auto& [prefix, type] : marks)
        if (type == block.type && prefix != "- [x] ")
            return std::string(prefix) + block.plain;
    return block.plain;
}

/// What is rendered so far. Blocks beyond `room` are left out, with all that is in them, and named.
struct Rendering {
    const World& world;
    std::string page; // its address
    std::string markdown;
    int64_t room;
    Ids unknown;
};

void append_lines(Rendering& rendering, const Ids& blocks, int indent) {
    int number = 0;
    for (const Uuid id : blocks) {
        const auto found = rendering.world.store.blocks.find(id);
        if (found == rendering.world.store.blocks.end() || found->second.in_trash)
            continue;
        const Block& block = found->second;
        number = block.type == "numbered_list_item" ? number + 1 : 0;
        if (!rendering.markdown.empty())
            rendering.markdown.push_back('\n');
        rendering.markdown.append(static_cast<size_t>(indent), '\t');
        const bool is_left_out = rendering.room-- <= 0;
        if (is_left_out || has_no_markdown(block)) {
            rendering.markdown.append(unknown_tag(rendering.page + "#" + bare(id), block.type));
            if (is_left_out)
                rendering.unknown.push_back(id);
            continue;
        }
        for (const char c : line_of(block, number)) {
            rendering.markdown.push_back(c);
            if (c == '\n')
                rendering.markdown.append(static_cast<size_t>(indent), '\t');
        }
        append_lines(rendering, block.children, indent + 1);
    }
}

constexpr std::string_view page_tag = "<page ";

/// What is below a page as a page of its own, after its blocks.
std::vector<const PageRecord*> child_pages(const World& world, Uuid parent) {
    std::vector<const PageRecord*> children;
    for (const auto& [id, record] : world.store.pages)
        if (record->now.parent == Parent{Parent::Kind::page, parent} && !record->now.in_trash)
            children.push_back(record.get());
    std::ranges::sort(children, {}, [](const PageRecord* it) { return it->now.sequence; });
    return children;
}

// A child page that is not shared is named like a block that was left out.
Reply markdown_reply(World& world, const Call& call, Uuid id, const Ids& blocks) {
    constexpr size_t unknown_max = 100;
    Reply reply;
    Rendering rendering{
        world, address_of(page_of(world, id)), {}, world.limits.markdown_blocks, {}};
    append_lines(rendering, blocks, 0);
    for (const PageRecord* child : child_pages(world, id)) {
        rendering.markdown += rendering.markdown.empty() ? "" : "\n";
        if (!is_visible(world, call, child->now)) {
            rendering.markdown += unknown_tag(address_of(child->now.id), "page");
            rendering.unknown.push_back(child->now.id);
            continue;
        }
        rendering.markdown += std::string(page_tag) + "url=\"" + address_of(child->now.id) + "\">" +
                              page_title(world, child->now) + "</page>";
    }
    Out out(reply.body);
    out.open().key("object").text("page_markdown").key("id").text(dashed(id));
    out.key("markdown").text(rendering.markdown);
    out.key("truncated").boolean(!rendering.unknown.empty());
    out.key("unknown_block_ids").open_array();
    const size_t named = std::min<size_t>(rendering.unknown.size(), unknown_max);
    for (size_t i = 0; i < named; ++i)
        out.text(dashed(rendering.unknown[i]));
    out.close_array().close();
    return reply;
}

Reply markdown_reply(World& world, const Call& call, const PageRecord& record) {
    return markdown_reply(world, call, record.now.id, record.now.children);
}

std::string required_text(const Json& from, const char* name, const std::string& path) {
    const auto text = text_member(from, name);
    if (!text)
        refuse_body(path + "." + name, "defined", "undefined");
    return std::string(*text);
}

/// Child pages stay where the new content has their tags; the others go only where that is allowed.
void keep_children(Edit& edit, Uuid page, const Json& wish, const std::string& markdown) {
    std::vector<Uuid> gone;
    for (const PageRecord* child : child_pages(edit.world, page))
        if (markdown.find(bare(child->now.id)) == std::string::npos)
            gone.push_back(child->now.id);
    if (!gone.empty() && !flag_member(wish, "allow_deleting_content", false))
        refuse("This operation would delete " + std::to_string(gone.size()) +
               " child page(s) or database(s). Set allow_deleting_content to true to proceed.");
    for (const Uuid id : gone)
        set_trashed(edit, *edit.world.store.page(id), true);
}

void replace_all(Edit& edit, PageRecord& record, const Json& wish, const std::string& markdown) {
    keep_children(edit, record.now.id, wish, markdown);
    erase_content(edit, record);
    std::string blocks;
    for (std::string_view rest = markdown; !rest.empty();) {
        const auto line = take_line(rest);
        if (!line.starts_with(page_tag))
            blocks.append(line).push_back('\n');
    }
    append_markdown(edit, {Parent::Kind::page, record.now.id}, blocks, std::nullopt);
}

// Each old_str must be there, and once, unless all matches are wanted.
void update_content(Edit& edit, PageRecord& record, const Json& wish) {
    std::string markdown = markdown_of(edit.world, record.now.children);
    const Json* updates = member(wish, "content_updates");
    if (!updates)
        refuse_body("body.update_content.content_updates", "defined", "undefined");
    require_array(*updates, "body.update_content.content_updates");
    for (const auto& update : updates->GetArray()) {
        const std::string old_text =
            required_text(update, "old_str", "body.update_content.content_updates");
        const std::string new_text =
            required_text(update, "new_str", "body.update_content.content_updates");
        const bool all = flag_member(update, "replace_all_matches", false);
        auto at = markdown.find(old_text);
        if (at == std::string::npos || old_text.empty())
            refuse("Could not find old_str in the page content: " + old_text);
        if (!all && markdown.find(old_text, at + 1) != std::string::npos)
            refuse("old_str matches several places in the page content: " + old_text);
        for (; at != std::string::npos; at = markdown.find(old_text, at + new_text.size())) {
            markdown.replace(at, old_text.size(), new_text);
            if (!all)
                break;
        }
    }
    replace_all(edit, record, wish, markdown);
}

} // namespace

std::string markdown_of(const World& world, const Ids& blocks) {
    const std::string page = blocks.empty() ? "" : address_of(page_of(world, blocks.front()));
    Rendering rendering{world, page, {}, INT64_MAX, {}};
    append_lines(rendering, blocks, 0);
    return std::move(rendering.markdown);
}

Ids append_markdown(Edit& edit, Parent parent, std::string_view markdown,
                    std::optional<Place> place) {
    Document blocks;
    const std::string json = blocks_json(markdown);
    parse(json, blocks);
    return append_blocks(edit, parent, blocks, place);
}

/// A block that a larger page's answer left out may be asked for like a page.
Reply get_markdown(World& world, const Call& call) {
    const Uuid id = path_id(call, 0, "page_id");
    if (const Block* block = world.store.block(id); block && !block->in_trash)
        return markdown_reply(world, call, id, {id});
    return markdown_reply(world, call, visible_page(world, call, path_id(call, 0, "page_id")));
}

Reply patch_markdown(World& world, const Call& call) {
    Edit edit = edit_of(world, call);
    PageRecord& record = visible_page(world, call, path_id(call, 0, "page_id"));
    const std::string type = required_text(call.body, "type", "body");
    const Json* wish = member(call.body, type);
    if (!wish)
        refuse_body("body." + type, "defined", "undefined");
    if (type == "replace_content") {
        replace_all(edit, record, *wish, required_text(*wish, "new_str", "body.replace_content"));
    } else if (type == "insert_content") {
        const Json* position = member(*wish, "position");
        const auto where = position ? text_member(*position, "type") : std::nullopt;
        const auto place =
            where && *where == "start" ? std::optional(Place{true, {}}) : std::nullopt;
        append_markdown(edit, {Parent::Kind::page, record.now.id},
                        required_text(*wish, "content", "body.insert_content"), place);
    } else if (type == "update_content") {
        update_content(edit, record, *wish);
    } else {
        refuse_union({"body.update_content", "body.replace_content", "body.insert_content"});
    }
    if (flag_member(call.body, "allow_async", false))
        return as_task(world, markdown_reply(world, call, record),
                       "PATCH /v1/pages/:page_id/markdown");
    return markdown_reply(world, call, record);
}

} // namespace emulator
