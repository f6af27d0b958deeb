// Rich text; see rich_text.hpp. Limits: Notion documentation, "Request limits".
// scope: call.
#include "rich_text.hpp"

#include "errors.hpp"

namespace emulator {

namespace {

constexpr size_t longest_content = 2000;
constexpr size_t longest_link = 2000;
constexpr size_t longest_equation = 1000;

std::string shown(const Json* value) {
    return value ? to_text(*value) : "undefined";
}

void write_annotations(Out& out, const Json* sent) {
    static constexpr const char* marks[] = {"bold", "italic", "strikethrough", "underline", "code"};
    out.key("annotations").open();
    for (const char* mark : marks)
        out.key(mark).boolean(sent && flag_member(*sent, mark, false));
    const auto color = sent ? text_member(*sent, "color") : std::nullopt;
    out.key("color").text(color.value_or("default")).close();
}

void finish_run(Out& out, const Json* annotations, std::string_view plain, const Json* href) {
    write_annotations(out, annotations);
    out.key("plain_text").text(plain).key("href");
    if (href && href->IsString())
        out.text(view(*href));
    else
        out.null();
    out.close();
}

const Json* link_of(const Json& text) {
    const Json* link = member(text, "link");
    const Json* url = link ? member(*link, "url") : nullptr;
    return url && url->IsString() ? url : nullptr;
}

void check_text(const Json& item, const std::string& path) {
    const Json& text = *member(item, "text");
    const Json* content = member(text, "content");
    if (!content || !content->IsString())
        refuse_body(path + ".text.content", "a string", shown(content));
    require_text(*content, path + ".text.content", longest_content);
    if (const Json* url = link_of(text))
        require_text(*url, path + ".text.link.url", longest_link);
}

/// The looks of a run: neighbours that look alike become one (recorded).
std::string style_of(const Json& item) {
    std::string style;
    Out out(style);
    out.open();
    write_annotations(out, member(item, "annotations"));
    if (const Json* url = link_of(*member(item, "text")))
        out.key("url").text(view(*url));
    out.close();
    return style;
}

Run text_run(const Json& item, std::string content) {
    const Json* url = link_of(*member(item, "text"));
    Run run{std::move(content), {}};
    Out out(run.json);
    out.open().key("type").text("text").key("text").open();
    out.key("content").text(run.plain).key("link");
    if (url)
        out.open().key("url").text(view(*url)).close();
    else
        out.null();
    out.close();
    finish_run(out, member(item, "annotations"), run.plain, url);
    return run;
}

Run equation_run(const Json& item, const std::string& path) {
    const Json* equation = member(item, "equation");
    const Json* expression = equation ? member(*equation, "expression") : nullptr;
    if (!expression || !expression->IsString())
        refuse_body(path + ".equation.expression", "a string", shown(expression));
    require_text(*expression, path + ".equation.expression", longest_equation);
    Run run{std::string(view(*expression)), {}};
    Out out(run.json);
    out.open().key("type").text("equation").key("equation").open();
    out.key("expression").text(run.plain).close();
    finish_run(out, member(item, "annotations"), run.plain, nullptr);
    return run;
}

std::string title_of(const Store& store, Uuid id) {
    auto& objects = const_cast<Store&>(store);
    if (const auto* record = objects.page(id)) {
        for (const auto& property : store.schema_of(record->now).properties)
            if (property.type == Type::title && property.slot < record->now.values.size())
                if (const auto* text = std::get_if<Text>(&record->now.values[property.slot]))
                    return plain_text(*text);
        return "Untitled";
    }
    const auto* database = objects.database(id);
    return database ? plain_text(database->title) : "Untitled";
}

/// What a mention says: its plain text and where it leads.
struct Mentioned {
    std::string plain;
    std::string href;
};

Mentioned write_object_mention(Out& out, const char* kind, Uuid id, const Store& store,
                               const std::string& url_base) {
    out.text(kind).key(kind);
    if (std::string_view(kind) == "user") {
        const auto user = store.users.find(id);
        write_user(out, store, id);
        return {"@" + (user == store.users.end() ? "Anonymous" : user->second.name), {}};
    }
    out.open().key("id").text(dashed(id)).close();
    return {title_of(store, id), url_base + undashed(id)};
}

Mentioned write_mention(Out& out, const Json& mention, const std::string& path, const Store& store,
                        const std::string& url_base) {
    for (const char* kind : {"user", "page", "database"}) {
        const Json* target = member(mention, kind);
        if (!target)
            continue;
        const auto text = text_member(*target, "id");
        const auto id = text ? read_valid_uuid(*text) : std::nullopt;
        if (!id)
            refuse_body(path + "." + kind + ".id", "a valid uuid",
                        text ? quoted(*text) : "undefined");
        return write_object_mention(out, kind, *id, store, url_base);
    }
    if (const Json* emoji = member(mention, "custom_emoji")) {
        out.text("custom_emoji").key("custom_emoji").json(*emoji);
        return {":" + std::string(text_member(*emoji, "name").value_or("")) + ":", {}};
    }
    const Json* date = member(mention, "date");
    if (!date)
        refuse_union({path + ".user", path + ".page", path + ".database", path + ".date"});
    const DateValue value = read_date(*date, path + ".date");
    out.text("date").key("date");
    write_date(out, value);
    const std::string end = value.end ? " → " + moment_text(*value.end) : std::string{};
    return {moment_text(value.start) + end, {}};
}

Run mention_run(const Json& item, const std::string& path, const Store& store,
                const std::string& url_base) {
    const Json& mention = *member(item, "mention");
    Run run;
    Out out(run.json);
    out.open().key("type").text("mention").key("mention").open().key("type");
    const Mentioned said = write_mention(out, mention, path + ".mention", store, url_base);
    out.close();
    run.plain = said.plain;
    Json href;
    if (!said.href.empty())
        href.SetString(rapidjson::StringRef(said.href.data(), said.href.size()));
    finish_run(out, member(item, "annotations"), run.plain, &href);
    return run;
}

} // namespace

size_t utf16_length(std::string_view text) {
    size_t units = 0;
    for (const unsigned char byte : text)
        units += (byte & 0xC0) == 0x80 ? 0 : byte >= 0xF0 ? 2 : 1;
    return units;
}

void require_array(const Json& value, const std::string& path, size_t most) {
    if (!value.IsArray())
        refuse_body(path, "an array", to_text(value));
    if (value.Size() > most)
        refuse_body(path + ".length", "≤ `" + std::to_string(most) + "`",
                    std::to_string(value.Size()));
}

void require_text(const Json& value, const std::string& path, size_t longest) {
    if (!value.IsString())
        refuse_body(path, "a string", to_text(value));
    const size_t length = utf16_length(view(value));
    if (length > longest)
        refuse_body(path + ".length", "≤ `" + std::to_string(longest) + "`",
                    std::to_string(length));
}

Text read_rich_text(const Json& items, const std::string& path, const Store& store,
                    const std::string& url_base) {
    require_array(items, path);
    Text text;
    std::string style; // of the last run, if it is text
    for (unsigned i = 0; i < items.Size(); ++i) {
        const std::string here = path + "[" + std::to_string(i) + "]";
        const Json& item = items[i];
        if (member(item, "text")) {
            check_text(item, here);
            std::string content(view(*member(*member(item, "text"), "content")));
            std::string own_style = style_of(item);
            if (!text.empty() && style == own_style) {
                content.insert(0, text.back().plain);
                text.pop_back();
            }
            text.push_back(text_run(item, std::move(content)));
            style = std::move(own_style);
            continue;
        }
        style.clear();
        if (member(item, "equation"))
            text.push_back(equation_run(item, here));
        else if (member(item, "mention"))
            text.push_back(mention_run(item, here, store, url_base));
        else
            refuse_union({here + ".text", here + ".mention", here + ".equation"});
    }
    return text;
}

Text plain_run(std::string_view content) {
    Run run{std::string(content), {}};
    Out out(run.json);
    out.open().key("type").text("text").key("text").open();
    out.key("content").text(content).key("link").null().close();
    finish_run(out, nullptr, content, nullptr);
    return {std::move(run)};
}

void write_text(Out& out, const Text& text) {
    out.open_array();
    for (const auto& run : text)
        out.raw(run.json);
    out.close_array();
}

void write_user(Out& out, const User& user) {
    out.open().key("object").text("user").key("id").text(dashed(user.id));
    out.key("name").text(user.name).key("avatar_url").text_or_null(user.avatar_url);
    out.key("type").text(user.is_bot ? "bot" : "person");
    if (user.is_bot)
        out.key("bot").open().close();
    else
        out.key("person").open().key("email").text(user.email).close();
    out.close();
}

void write_partial_user(Out& out, Uuid id) {
    out.open().key("object").text("user").key("id").text(dashed(id)).close();
}

void write_user(Out& out, const Store& store, Uuid id) {
    const auto found = store.users.find(id);
    if (found == store.users.end())
        write_partial_user(out, id);
    else
        write_user(out, found->second);
}

void write_date(Out& out, const DateValue& date) {
    out.open().key("start").text(moment_text(date.start)).key("end");
    if (date.end)
        out.text(moment_text(*date.end));
    else
        out.null();
    out.key("time_zone").null().close();
}

// Seconds are cut on write, and a named zone becomes an offset (both recorded).
DateValue read_date(const Json& value, const std::string& path) {
    const auto zone = text_member(value, "time_zone");
    if (zone && !known_zone(std::string(*zone)))
        refuse_body(path + ".time_zone", "a valid time zone", quoted(*zone));
    const auto read = [&](const char* name) -> std::optional<Moment> {
        const Json* text = member(value, name);
        if (!text || text->IsNull())
            return std::nullopt;
        auto moment = text->IsString()
                          ? read_moment(view(*text), zone ? std::string(*zone) : std::string())
                          : std::nullopt;
        if (!moment)
            refuse_body(path + "." + name, "a valid ISO 8601 date string", to_text(*text));
        moment->at = floor_to(moment->at, minute_ms);
        return moment;
    };
    const auto start = read("start");
    if (!start)
        refuse_body(path + ".start", "defined", "undefined");
    const auto end = read("end");
    if (end && end->at < start->at)
        refuse_body(path + ".end", "after start", moment_text(*end));
    return {*start, end};
}

} // namespace emulator
