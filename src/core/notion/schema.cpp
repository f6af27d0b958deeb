// Schema: property types in one table, and the reading of a data source object.
// scope: none.
#include "core/notion/schema.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>

#include "core/notion/answer.hpp"

namespace notion {
namespace {

constexpr uint32_t bit(ColumnType type) {
    return 1U << static_cast<unsigned>(type);
}
constexpr uint32_t bits(std::initializer_list<ColumnType> types) {
    uint32_t all = 0;
    for (const ColumnType type : types)
        all |= bit(type);
    return all;
}

using enum ColumnType;

constexpr uint32_t strings = bits({text, jsonb});
constexpr uint32_t dates = bits({timestamptz, date, jsonb});
constexpr uint32_t user = bits({uuid, text, jsonb});

/// One row a property type, in the order of the enum: the table of design.md section 3.
struct Kind {
    std::string_view name;
    ColumnType column; ///< the default
    uint32_t columns;  ///< all that are accepted
    bool writable;
};
constexpr std::array<Kind, 25> kinds = {{
    {"title", text, strings, true},
    {"rich_text", text, strings, true},
    {"number", float8, bits({float8, numeric, int2, int4, int8, jsonb}), true},
    {"select", text, strings, true},
    {"multi_select", text_array, bits({text_array, jsonb}), true},
    {"status", text, strings, true},
    {"date", timestamptz, dates | bits({tstzrange, daterange}), true},
    {"people", uuid_array, bits({uuid_array, text, text_array, jsonb}), true},
    {"files", text_array, bits({text_array, jsonb}), true},
    {"checkbox", boolean, bits({boolean, jsonb}), true},
    {"url", text, strings, true},
    {"email", text, strings, true},
    {"phone_number", text, strings, true},
    {"formula", text, dates | bits({text, float8, numeric, int2, int4, int8, boolean}), false},
    {"relation", uuid_array, bits({uuid_array, uuid, jsonb}), true},
    {"rollup", jsonb, dates | bits({float8, numeric, int2, int4, int8}), false},
    {"unique_id", text, bits({text, int4, int8, jsonb}), false},
    {"created_time", timestamptz, dates, false},
    {"created_by", uuid, user, false},
    {"last_edited_time", timestamptz, dates, false},
    {"last_edited_by", uuid, user, false},
    {"verification", jsonb, bit(jsonb), true},
    {"button", jsonb, bit(jsonb), false},
    {"place", jsonb, bit(jsonb), true},
    {"", jsonb, bit(jsonb), false},
}};
static_assert(kinds.size() == static_cast<size_t>(PropertyType::unknown) + 1);

const Kind& kind(PropertyType type) {
    return kinds[static_cast<size_t>(type)];
}

std::string plain(const json::Value* runs) {
    std::string out;
    if (runs != nullptr && runs->IsArray())
        for (const json::Value& run : runs->GetArray())
            out += json::text(run, "plain_text");
    return out;
}

void read_options(const json::Value& config, std::vector<Option>& options) {
    const json::Value* list = json::find(config, "options");
    if (list == nullptr || !list->IsArray())
        return;
    for (const json::Value& option : list->GetArray())
        options.push_back(
            {std::string(json::text(option, "id")), std::string(json::text(option, "name"))});
}

bool read_property(std::string_view key, const json::Value& value, Property& property) {
    property.id = json::text(value, "id");
    property.type_name = json::text(value, "type");
    if (property.id.empty() || property.type_name.empty())
        return false;
    property.name = key; // what writes and filters know it by
    property.description = json::text(value, "description");
    property.type = property_type(property.type_name);
    const json::Value* config = json::find(value, property.type_name);
    if (config == nullptr)
        return true;
    read_options(*config, property.options);
    property.number_format = json::text(*config, "format");
    property.related_data_source = json::text(*config, "data_source_id");
    property.rollup_function = json::text(*config, "function");
    return true;
}

ColumnType by_result(std::string_view result, ColumnType otherwise) {
    if (result == "number")
        return float8;
    if (result == "boolean")
        return boolean;
    if (result == "date")
        return timestamptz;
    return otherwise;
}

ColumnType by_function(const Property& rollup) {
    static constexpr std::string_view numbers[] = {"count",
                                                   "count_values",
                                                   "empty",
                                                   "not_empty",
                                                   "unique",
                                                   "percent_empty",
                                                   "percent_not_empty",
                                                   "sum",
                                                   "average",
                                                   "median",
                                                   "min",
                                                   "max",
                                                   "range",
                                                   "checked",
                                                   "unchecked",
                                                   "percent_checked",
                                                   "percent_unchecked"};
    static constexpr std::string_view times[] = {"earliest_date", "latest_date"};
    // What a page shows overrules what the function's name promises.
    if (rollup.result_type == "array")
        return jsonb;
    if (std::ranges::find(numbers, rollup.rollup_function) != std::end(numbers))
        return rollup.result_type == "date" ? timestamptz : float8;
    if (std::ranges::find(times, rollup.rollup_function) != std::end(times))
        return rollup.result_type == "number" ? float8 : timestamptz;
    return jsonb; // lists, and date_range, which is two dates
}

} // namespace

PropertyType property_type(std::string_view name) {
    for (size_t i = 0; i + 1 < kinds.size(); ++i)
        if (kinds[i].name == name)
            return static_cast<PropertyType>(i);
    return PropertyType::unknown;
}

std::string_view property_type_name(PropertyType type) {
    return kind(type).name;
}

bool is_writable(PropertyType type) {
    return kind(type).writable;
}

bool accepts(PropertyType property, ColumnType column) {
    return (kind(property).columns & bit(column)) != 0;
}

ColumnType default_column_type(const Property& property) {
    if (property.type == PropertyType::formula)
        return by_result(property.result_type, text);
    if (property.type == PropertyType::rollup)
        return by_function(property);
    return kind(property.type).column;
}

std::string_view sql_type(ColumnType type) {
    static constexpr std::array<std::string_view, 15> names = {
        "text",      "boolean", "smallint",
        "integer",   "bigint",  "double precision",
        "numeric",   "date",    "timestamp with time zone",
        "uuid",      "jsonb",   "tstzrange",
        "daterange", "text[]",  "uuid[]"};
    static_assert(names.size() == static_cast<size_t>(uuid_array) + 1);
    return names[static_cast<size_t>(type)];
}

Result<DataSource> parse_data_source(const json::Value& value) {
    const json::Value* properties = json::find(value, "properties");
    DataSource source;
    source.id = json::text(value, "id");
    if (json::text(value, "object") != "data_source" || source.id.empty() ||
        properties == nullptr || !properties->IsObject())
        return fail(ErrorKind::malformed, "Notion's answer is not a data source",
                    "It has no id or no properties.");
    const json::Value* parent = json::find(value, "parent");
    if (parent != nullptr)
        source.database_id = json::text(*parent, "database_id");
    source.title = plain(json::find(value, "title"));
    source.description = plain(json::find(value, "description"));
    source.url = json::text(value, "url");
    source.in_trash = json::truth(value, "in_trash") || json::truth(value, "archived");
    for (const auto& member : properties->GetObject()) {
        Property property;
        if (!read_property(json::view(member.name), member.value, property))
            return fail(ErrorKind::malformed, "a property of the data source has no id or no type",
                        "The property is \"" + std::string(json::view(member.name)) + "\".");
        source.properties.push_back(std::move(property));
    }
    return source;
}

Status learn_results(DataSource& source, const json::Value& pages) {
    auto list = list_head(pages);
    if (!list)
        return list.error();
    for (const json::Value& page : list->results->GetArray()) {
        auto head = page_head(page);
        if (!head)
            return head.error();
        for (Property& property : source.properties) {
            if (property.type != PropertyType::formula && property.type != PropertyType::rollup)
                continue;
            const json::Value* value = property_by_id(*head, property.id);
            const json::Value* result =
                value == nullptr ? nullptr : json::find(*value, property.type_name);
            if (result == nullptr)
                continue;
            // A formula that gives nothing says "string", null, whatever its type (api.md 6).
            const std::string_view type = json::text(*result, "type");
            const json::Value* inner = json::find(*result, type);
            if (property.result_type.empty() && inner != nullptr && !inner->IsNull())
                property.result_type = type;
        }
    }
    return Done{};
}

} // namespace notion
