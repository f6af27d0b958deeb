// Stored: what Notion shows of a member that was sent to it, as api.md describes it.
// Written apart from the code under test: it shares only the JSON reader.
// scope: none.
#pragma once

#include <string>

#include "core/notion/json.hpp"

namespace notion::test {

using Allocator = json::Document::AllocatorType;

inline json::Value copy(std::string_view text, Allocator& pool) {
    return json::Value(text.data(), static_cast<rapidjson::SizeType>(text.size()), pool);
}

/// The options are a, b, … of one letter, with the id "id-a"; any other name becomes one.
inline void show_option(json::Value& option, Allocator& pool) {
    std::string id(json::text(option, "id"));
    std::string name(json::text(option, "name"));
    if (name.empty())
        name = id.substr(3);
    if (id.empty())
        id = "id-" + name;
    option.SetObject();
    option.AddMember("id", copy(id, pool), pool);
    option.AddMember("name", copy(name, pool), pool);
    option.AddMember("color", "blue", pool);
}

inline void show_user(json::Value& user, Allocator& pool) {
    const std::string id(json::text(user, "id"));
    user.AddMember("object", "user", pool);
    user.AddMember("name", "Somebody", pool);
    user.AddMember("avatar_url", "https://example.com/?at=1", pool);
    json::Value person(rapidjson::kObjectType);
    person.AddMember("email", copy(id.substr(0, 8) + "@example.com", pool), pool);
    user.AddMember("type", "person", pool);
    user.AddMember("person", person, pool);
}

inline void show_run(json::Value& run, Allocator& pool) {
    const std::string type(json::text(run, "type"));
    std::string plain = "@mention";
    if (type == "text")
        plain = json::text(run["text"], "content");
    if (type == "equation")
        plain = json::text(run["equation"], "expression");
    json::Value all(rapidjson::kObjectType);
    for (const char* name : {"bold", "italic", "strikethrough", "underline", "code"}) {
        const bool set = run.HasMember("annotations") && json::truth(run["annotations"], name);
        all.AddMember(rapidjson::StringRef(name), set, pool);
    }
    std::string color = "default";
    if (run.HasMember("annotations") && run["annotations"].HasMember("color"))
        color = json::text(run["annotations"], "color");
    all.AddMember("color", copy(color, pool), pool);
    run.RemoveMember("annotations");
    run.AddMember("annotations", all, pool);
    run.AddMember("plain_text", copy(plain, pool), pool);
    run.AddMember("href", json::Value(), pool);
}

/// `2026-03-01T18:01:15.377+01:00` is kept to the minute.
inline void show_date(json::Value& date, Allocator& pool) {
    for (const char* part : {"start", "end"}) {
        std::string text(json::text(date, part));
        if (text.size() > 10)
            text = text.substr(0, 16) + ":00.000" + text.substr(23);
        date.RemoveMember(part);
        json::Value shown;
        if (!text.empty())
            shown = copy(text, pool);
        date.AddMember(rapidjson::StringRef(part), shown, pool);
    }
    date.AddMember("time_zone", json::Value(), pool);
}

/// `member` is {"<type>": …} as sent; gives the property's object in a page, as text.
inline std::string stored(std::string_view member) {
    auto parsed = json::parse(member);
    if (!parsed || !parsed->IsObject() || parsed->MemberCount() != 1)
        return "not one member: " + std::string(member);
    json::Document& page = *parsed;
    Allocator& pool = page.GetAllocator();
    const std::string type(json::view(page.MemberBegin()->name));
    json::Value& value = page.MemberBegin()->value;
    if (value.IsArray()) {
        for (json::Value& element : value.GetArray()) {
            if (type == "multi_select")
                show_option(element, pool);
            if (type == "people")
                show_user(element, pool);
            if (type == "title" || type == "rich_text")
                show_run(element, pool);
        }
    } else if (value.IsObject()) {
        if (type == "select" || type == "status")
            show_option(value, pool);
        if (type == "date")
            show_date(value, pool);
    }
    page.AddMember("id", "aBc", pool);
    page.AddMember("type", copy(type, pool), pool);
    if (type == "relation")
        page.AddMember("has_more", false, pool);
    return json::write(page);
}

} // namespace notion::test
