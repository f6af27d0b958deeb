// Samples: see the header. scope: none.
#include "core/sync/sample.hpp"

#include <gtest/gtest.h>

#include "core/notion/json.hpp"

namespace notion::sync::sample {
namespace {

struct Column {
    std::string_view name, id, property, type, direction, more;
};
constexpr Column columns[] = {
    {"id", "mark", "rich_text", "int8", "to_notion", R"(,"is_marker":true)"},
    {"name", "title", "title", "text", "both", R"(,"not_null":true)"},
    {"fee", "fee", "number", "float8", "both", ""},
    {"stage", "stage", "status", "text", "both", ""},
    {"tags", "tags", "multi_select", "text_array", "both", ""},
    {"due", "due", "date", "timestamptz", "both", ""},
    {"due_end", "due", "date", "timestamptz", "both", R"(,"part":"end")"},
    {"done", "done", "checkbox", "boolean", "both", ""},
    {"judged", "judged", "rich_text", "text", "both", R"(,"rule":"manual")"},
    {"secret", "secret", "rich_text", "text", "to_notion", ""},
    {"owner", "owner", "select", "text", "from_notion", ""},
    {"total", "total", "formula", "float8", "from_notion", ""},
};

std::string literal(std::string_view text) {
    return json::quote(text);
}

std::string_view type_of(std::string_view id) {
    for (const Column& column : columns)
        if (column.id == id)
            return column.property;
    return "number";
}

} // namespace

std::string link_json() {
    std::string json = R"({"id":1,"data_source":)" + literal(source) +
                       R"(,"direction":"both","rule":"newest","on_notion_trash":"ignore",)"
                       R"("on_postgres_delete":"trash","columns":[)";
    bool first = true;
    for (const Column& column : columns) {
        json += first ? "" : ",";
        first = false;
        json += R"({"column_name":)" + literal(column.name) + R"(,"property_id":)" +
                literal(column.id) + R"(,"property_type":)" + literal(column.property) +
                R"(,"column_type":)" + literal(column.type) + R"(,"direction":)" +
                literal(column.direction) + std::string(column.more) + "}";
    }
    return json + "]}";
}

std::unique_ptr<Link> link(std::string_view json) {
    const std::string own = json.empty() ? link_json() : std::string(json);
    auto parsed = parse_link(own, Zone());
    EXPECT_TRUE(parsed.ok()) << (parsed.ok() ? "" : parsed.error().message);
    return std::move(parsed.value());
}

std::string runs(std::string_view text) {
    if (text.empty())
        return "[]";
    return R"([{"type":"text","text":{"content":)" + literal(text) +
           R"(,"link":null},"annotations":{"bold":false,"italic":false,"strikethrough":false,)"
           R"("underline":false,"code":false,"color":"default"},"plain_text":)" +
           literal(text) + R"(,"href":null}])";
}

std::string option(std::string_view name) {
    return R"({"id":"o-)" + std::string(name) + R"(","name":)" + literal(name) +
           R"(,"color":"red"})";
}

std::string options(std::string_view names) {
    std::string json = "[";
    while (!names.empty()) {
        const size_t comma = std::min(names.find(','), names.size());
        json += (json.size() > 1 ? "," : "") + option(names.substr(0, comma));
        names.remove_prefix(std::min(comma + 1, names.size()));
    }
    return json + "]";
}

Values values() {
    return {
        {"mark", runs("7")},
        {"title", runs("Ada")},
        {"fee", "5"},
        {"stage", option("Open")},
        {"tags", options("a,b")},
        {"due", R"({"start":"2026-03-01T09:30:00.000+00:00","end":null,"time_zone":null})"},
        {"done", "false"},
        {"judged", runs("good")},
        {"secret", runs("s")},
        {"owner", option("Eve")},
        {"total", R"({"type":"number","number":10})"},
    };
}

std::string page_json(const Values& values, const PageOptions& options) {
    std::string json = R"({"object":"page","id":)" + literal(page_id) +
                       R"(,"created_time":"2026-03-01T09:00:00.000Z","last_edited_time":)" +
                       literal(options.edited) + R"(,"created_by":{"object":"user","id":)" +
                       literal(options.created_by) +
                       R"(},"last_edited_by":{"object":"user","id":)" + literal(options.edited_by) +
                       R"(},"cover":null,"icon":null,"parent":{"type":"data_source_id",)"
                       R"("data_source_id":)" +
                       literal(options.data_source) + R"(,"database_id":)" + literal(source) +
                       R"(},"in_trash":)" + (options.in_trash ? "true" : "false") +
                       R"(,"is_archived":false,"is_locked":false,"properties":{)";
    bool first = true;
    for (const auto& [id, value] : values) {
        json += first ? "" : ",";
        first = false;
        json += literal("Name of " + id) + R"(:{"id":)" + literal(id) + R"(,"type":)" +
                literal(type_of(id)) + "," + literal(type_of(id)) + ":" + value + "}";
    }
    return json + R"(},"url":"https://www.notion.so/x","public_url":null,"request_id":"r"})";
}

Snapshot snapshot(const Link& link, const Values& values, const PageOptions& options) {
    const auto parsed = json::parse(page_json(values, options));
    EXPECT_TRUE(parsed.ok());
    auto taken = take_snapshot(link, *parsed);
    EXPECT_TRUE(taken.ok()) << (taken.ok() ? "" : taken.error().message);
    return taken.value();
}

Row row() {
    return {
        {"id", "7"},       {"name", "Ada"},   {"fee", "5"},
        {"stage", "Open"}, {"tags", "{a,b}"}, {"due", "2026-03-01 09:30:00+00"},
        {"due_end", {}},   {"done", "f"},     {"judged", "good"},
        {"secret", "s"},   {"owner", "Eve"},  {"total", "10"},
    };
}

Mapping mapping(const Link& link) {
    Mapping mapping;
    mapping.exists = true;
    mapping.key = "7";
    mapping.page = page_id;
    mapping.page_state = PageState::live;
    const Snapshot agreed = snapshot(link, values());
    const auto paired = pair(link, row(), agreed, "");
    EXPECT_TRUE(paired.ok());
    EXPECT_EQ(paired->differs, std::vector<std::string>());
    mapping.base = paired->base;
    mapping.edited_us = agreed.edited_us;
    return mapping;
}

} // namespace notion::sync::sample
