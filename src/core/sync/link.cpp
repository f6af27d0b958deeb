// Link: see the header.
// scope: none.
#include "core/sync/link.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace notion::sync {
namespace {

template <class T>
struct Name {
    std::string_view text;
    T value;
};

constexpr std::array directions = {
    Name<Direction>{"to_notion", Direction::to_notion},
    Name<Direction>{"from_notion", Direction::from_notion},
    Name<Direction>{"both", Direction::both},
};
constexpr std::array rules = {
    Name<Rule>{"newest", Rule::newest},
    Name<Rule>{"notion", Rule::notion},
    Name<Rule>{"postgres", Rule::postgres},
    Name<Rule>{"manual", Rule::manual},
};
constexpr std::array trash_ways = {
    Name<OnNotionTrash>{"ignore", OnNotionTrash::ignore},
    Name<OnNotionTrash>{"delete", OnNotionTrash::remove},
};
constexpr std::array delete_ways = {
    Name<OnPostgresDelete>{"trash", OnPostgresDelete::trash},
    Name<OnPostgresDelete>{"ignore", OnPostgresDelete::ignore},
};
constexpr std::array column_types = {
    Name<ColumnType>{"text", ColumnType::text},
    Name<ColumnType>{"boolean", ColumnType::boolean},
    Name<ColumnType>{"int2", ColumnType::int2},
    Name<ColumnType>{"int4", ColumnType::int4},
    Name<ColumnType>{"int8", ColumnType::int8},
    Name<ColumnType>{"float8", ColumnType::float8},
    Name<ColumnType>{"numeric", ColumnType::numeric},
    Name<ColumnType>{"date", ColumnType::date},
    Name<ColumnType>{"timestamptz", ColumnType::timestamptz},
    Name<ColumnType>{"uuid", ColumnType::uuid},
    Name<ColumnType>{"jsonb", ColumnType::jsonb},
    Name<ColumnType>{"tstzrange", ColumnType::tstzrange},
    Name<ColumnType>{"daterange", ColumnType::daterange},
    Name<ColumnType>{"text_array", ColumnType::text_array},
    Name<ColumnType>{"uuid_array", ColumnType::uuid_array},
};

template <class Names, class T>
bool read(const Names& names, std::string_view text, T& to) {
    for (const auto& name : names) {
        if (name.text == text) {
            to = name.value;
            return true;
        }
    }
    return false;
}

Error unknown(std::string_view what, std::string_view column, std::string_view text) {
    return fail(ErrorKind::invalid_option, std::string(what) + " \"" + std::string(text) +
                                               "\" of column \"" + std::string(column) +
                                               "\" is not known");
}

/// The marker is the row's key as text, whatever the key's type, unless the property is a number.
void make_marker(Field& field, Direction link) {
    field.is_marker = true;
    field.rule = Rule::postgres;
    field.direction =
        link == Direction::from_notion ? Direction::from_notion : Direction::to_notion;
    if (field.codec.property != PropertyType::number)
        field.codec.column = ColumnType::text;
}

bool is_function(std::string_view rule) {
    return rule.find('.') != std::string_view::npos;
}

Result<Field> parse_field(const json::Value& column, const Link& link, Rule link_rule) {
    Field field;
    field.column = json::text(column, "column_name");
    field.property_id = json::text(column, "property_id");
    if (field.column.empty() || field.property_id.empty())
        return fail(ErrorKind::malformed, "a paired column lacks its name or property id");
    field.codec.zone = &link.zone;
    field.codec.property = property_type(json::text(column, "property_type"));
    const std::string_view type = json::text(column, "column_type");
    if (!read(column_types, type, field.codec.column))
        return unknown("column type", field.column, type);
    const std::string_view direction = json::text(column, "direction");
    field.direction = link.direction;
    if (!direction.empty() && !read(directions, direction, field.direction))
        return unknown("direction", field.column, direction);
    const std::string_view rule = json::text(column, "rule");
    field.rule = link_rule;
    if (is_function(rule)) {
        field.rule = Rule::function;
        field.function = rule;
    } else if (!rule.empty() && !read(rules, rule, field.rule)) {
        return unknown("rule", field.column, rule);
    }
    if (json::text(column, "part") == "end")
        field.codec.part = DatePart::end;
    field.not_null = json::truth(column, "not_null");
    field.is_generated = !is_writable(field.codec.property);
    if (json::truth(column, "is_marker")) {
        if (field.is_generated)
            return fail(ErrorKind::invalid_option, "the marker's property is computed by Notion");
        make_marker(field, link.direction);
    } else if (field.is_generated) {
        field.direction = Direction::from_notion;
    }
    const bool is_end =
        field.codec.part == DatePart::end && field.codec.property == PropertyType::date;
    field.id = is_end ? field.property_id + "#end" : field.property_id;
    return field;
}

Status mark_shared(std::vector<Field>& fields) {
    for (Field& one : fields) {
        for (const Field& other : fields) {
            if (&one == &other)
                continue;
            if (one.id == other.id)
                return fail(ErrorKind::invalid_option, "columns \"" + one.column + "\" and \"" +
                                                           other.column +
                                                           "\" are paired with the same property");
            if (one.property_id == other.property_id)
                one.shares_property = true;
        }
    }
    return Done{};
}

Status parse_head(const json::Value& json, Link& link, Rule& rule) {
    link.data_source = json::text(json, "data_source");
    const std::string_view direction = json::text(json, "direction");
    if (link.data_source.empty() || !read(directions, direction, link.direction))
        return fail(ErrorKind::malformed, "the link lacks its data source or direction");
    const std::string_view rule_name = json::text(json, "rule");
    // A function is each column's own: link_columns name it.
    if (!rule_name.empty() && !is_function(rule_name) && !read(rules, rule_name, rule))
        return fail(ErrorKind::invalid_option,
                    "rule \"" + std::string(rule_name) + "\" of the link is not known");
    const std::string_view trash = json::text(json, "on_notion_trash");
    if (trash.starts_with("mark:"))
        link.on_notion_trash = OnNotionTrash::mark;
    else if (!trash.empty() && !read(trash_ways, trash, link.on_notion_trash))
        return fail(ErrorKind::invalid_option,
                    "on_notion_trash \"" + std::string(trash) + "\" is not known");
    const std::string_view removal = json::text(json, "on_postgres_delete");
    if (!removal.empty() && !read(delete_ways, removal, link.on_postgres_delete))
        return fail(ErrorKind::invalid_option,
                    "on_postgres_delete \"" + std::string(removal) + "\" is not known");
    return Done{};
}

template <class Names, class T>
std::string_view name_in(const Names& names, T value) {
    for (const auto& name : names)
        if (name.value == value)
            return name.text;
    return "";
}

} // namespace

std::string_view Field::rule_name() const {
    return rule == Rule::function ? std::string_view(function) : name_of(rule);
}

const Field* Link::marker() const {
    for (const Field& field : fields)
        if (field.is_marker)
            return &field;
    return nullptr;
}

const Field* Link::field(std::string_view id) const {
    for (const Field& field : fields)
        if (field.id == id)
            return &field;
    return nullptr;
}

std::vector<std::string> Link::property_ids() const {
    std::vector<std::string> ids;
    for (const Field& field : fields)
        if (std::find(ids.begin(), ids.end(), field.property_id) == ids.end())
            ids.push_back(field.property_id);
    return ids;
}

Result<std::unique_ptr<Link>> parse_link(std::string_view text, Zone zone) {
    const Result<json::Document> parsed = json::parse(text);
    if (!parsed.ok())
        return parsed.error();
    auto link = std::make_unique<Link>();
    link->zone = std::move(zone);
    Rule rule = Rule::newest;
    if (Status head = parse_head(*parsed, *link, rule); !head.ok())
        return head.error();
    const json::Value* columns = json::find(*parsed, "columns");
    if (!columns || !columns->IsArray())
        return fail(ErrorKind::malformed, "the link lacks its columns");
    for (const json::Value& column : columns->GetArray()) {
        Result<Field> field = parse_field(column, *link, rule);
        if (!field.ok())
            return field.error();
        link->fields.push_back(std::move(field.value()));
    }
    if (Status shared = mark_shared(link->fields); !shared.ok())
        return shared.error();
    return link;
}

std::string_view name_of(Rule rule) {
    return name_in(rules, rule);
}

std::string_view name_of(Direction direction) {
    return name_in(directions, direction);
}

} // namespace notion::sync
