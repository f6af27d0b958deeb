// Content: see the header. scope: its owner's.
#include "core/notion/content.hpp"

#include <algorithm>
#include <utility>

#include "core/notion/json.hpp"

namespace notion {

namespace {

// A page of ten million blocks; more is no page, but something that goes round in circles.
constexpr int64_t parts_max = 500;

std::string bare(std::string_view id) {
    std::string digits;
    std::ranges::copy_if(id, std::back_inserter(digits), [](char c) { return c != '-'; });
    return digits;
}

/// The last id in a tag's words, bare: an address names the page before the block. Or "".
std::string last_id(std::string_view words) {
    constexpr size_t digits = 32;
    std::string run;
    std::string id;
    for (const char c : bare(words) + '"') {
        if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')) {
            run.push_back(c);
            continue;
        }
        if (run.size() >= digits)
            id = run.substr(run.size() - digits);
        run.clear();
    }
    return id;
}

/// The tag that stands for a block which was left out, or npos.
struct Tag {
    size_t at = std::string::npos;
    size_t end = 0;
};
Tag tag_of(const std::string& markdown, const std::string& id) {
    constexpr std::string_view opening = "<unknown ";
    const std::string digits = bare(id);
    for (size_t at = markdown.find(opening); at != std::string::npos;
         at = markdown.find(opening, at + 1)) {
        size_t close = markdown.find('>', at);
        if (close == std::string::npos)
            return {};
        if (last_id(std::string_view(markdown).substr(at, close - at)) == digits)
            return {at, close + 1};
    }
    return {};
}

/// The tabs before `at` on its line.
std::string indent_of(const std::string& markdown, size_t at) {
    size_t line = at == 0 ? 0 : markdown.rfind('\n', at - 1) + 1;
    size_t tabs = line;
    while (tabs < at && markdown[tabs] == '\t')
        ++tabs;
    return markdown.substr(line, tabs - line);
}

std::string indented(std::string_view part, const std::string& indent) {
    std::string out;
    for (const char c : part) {
        out.push_back(c);
        if (c == '\n')
            out += indent;
    }
    return out;
}

} // namespace

Content::Content(std::string page) : wanted_{std::move(page)} {}

Call Content::next() const {
    return {Method::get, "/v1/pages/" + encode_part(wanted_.front()) + "/markdown", ""};
}

Status Content::take(std::string_view answer) {
    auto parsed = json::parse(answer);
    if (!parsed)
        return parsed.error();
    const json::Value* body = json::find(*parsed, "markdown");
    if (body == nullptr || !body->IsString())
        return fail(ErrorKind::malformed, "Notion's answer holds no Markdown");
    const std::string id = wanted_.front();
    wanted_.erase(wanted_.begin());
    if (has_body_)
        put(id, json::view(*body));
    else
        markdown_ = json::view(*body);
    const bool is_part = std::exchange(has_body_, true);
    std::vector<std::string> more;
    bool is_itself_unknown = false;
    for (std::string& one : json::texts(*parsed, "unknown_block_ids")) {
        if (bare(one) == bare(id))
            is_itself_unknown = true;
        else
            more.push_back(std::move(one));
    }
    parts_ += static_cast<int64_t>(more.size());
    if (is_part && is_itself_unknown)
        mark(id);
    const bool is_cut =
        is_itself_unknown ? !is_part : more.empty() && json::truth(*parsed, "truncated");
    if (is_cut || parts_ > parts_max)
        return fail(ErrorKind::incomplete, "Notion cut the content of a page",
                    "It does not say what is missing, or too much is.",
                    "Read its blocks instead: the foreign table blocks of schema system.");
    wanted_.insert(wanted_.begin(), more.begin(), more.end());
    return Done{};
}

bool Content::skip(int32_t status) {
    constexpr int32_t not_found = 404;
    constexpr int32_t not_rendered = 400; // a database, say: not asked for by this path
    if (is_first() || (status != not_found && status != not_rendered))
        return false;
    mark(wanted_.front());
    wanted_.erase(wanted_.begin());
    return true;
}

void Content::mark(const std::string& id) {
    if (tag_of(markdown_, id).at != std::string::npos)
        return;
    markdown_ += markdown_.empty() ? "" : "\n";
    markdown_ += "<unknown url=\"https://www.notion.so/" + bare(id) + "\" alt=\"block\"/>";
}

void Content::put(const std::string& id, std::string_view part) {
    Tag tag = tag_of(markdown_, id);
    if (tag.at == std::string::npos) {
        markdown_ += markdown_.empty() ? "" : "\n";
        markdown_ += part;
        return;
    }
    markdown_.replace(tag.at, tag.end - tag.at, indented(part, indent_of(markdown_, tag.at)));
}

bool Content::is_lossy() const {
    constexpr std::string_view mark = "<unknown ";
    bool is_code = false;
    std::string_view rest = markdown_;
    while (!rest.empty()) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(line.size() + 1, rest.size()));
        const size_t at = line.find_first_not_of("\t ");
        const bool fence = at != line.npos && line.substr(at).starts_with("```");
        is_code = is_code != fence;
        if (!is_code && line.find(mark) != line.npos)
            return true;
    }
    return false;
}

std::string Content::save() const {
    std::string wanted;
    for (const std::string& id : wanted_)
        wanted += (wanted.empty() ? "" : ",") + json::quote(id);
    return "{\"wanted\":[" + wanted + "],\"markdown\":" + json::quote(markdown_) +
           ",\"has_body\":" + (has_body_ ? "true" : "false") +
           ",\"parts\":" + std::to_string(parts_) + "}";
}

Result<Content> Content::load(std::string_view saved) {
    auto parsed = json::parse(saved);
    if (!parsed)
        return parsed.error();
    Content content("");
    content.wanted_.clear();
    const json::Value* wanted = json::find(*parsed, "wanted");
    if (wanted == nullptr || !wanted->IsArray())
        return fail(ErrorKind::malformed, "no content was saved here");
    for (const json::Value& id : wanted->GetArray())
        content.wanted_.emplace_back(json::view(id));
    content.markdown_ = json::text(*parsed, "markdown");
    content.has_body_ = json::truth(*parsed, "has_body");
    if (const json::Value* parts = json::find(*parsed, "parts"); parts && parts->IsInt64())
        content.parts_ = parts->GetInt64();
    return content;
}

Call replace_content(std::string_view page, std::string_view markdown) {
    return {Method::patch, "/v1/pages/" + encode_part(page) + "/markdown",
            R"({"type":"replace_content","replace_content":{"new_str":)" + json::quote(markdown) +
                "}}"};
}

} // namespace notion
