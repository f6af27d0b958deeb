// Schema: what a data source says about its properties, and the columns they become.
// Properties are known by id (stable), never by name. A type that is unknown today is `unknown` and
// becomes jsonb: law 13. Names of columns are decided here so that IMPORT, drift and docs agree.
// scope: none.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/notion/json.hpp"
#include "core/notion/value.hpp"

namespace notion {

enum class PropertyType : uint8_t {
    title,
    rich_text,
    number,
    select,
    multi_select,
    status,
    date,
    people,
    files,
    checkbox,
    url,
    email,
    phone_number,
    formula,
    relation,
    rollup,
    unique_id,
    created_time,
    created_by,
    last_edited_time,
    last_edited_by,
    verification,
    button,
    place,
    unknown,
};

PropertyType property_type(std::string_view name);
std::string_view property_type_name(PropertyType type); ///< "rich_text"; "" for unknown
/// False for what Notion computes: formula, rollup, unique_id, created_*, last_edited_*, button.
bool is_writable(PropertyType type);

struct Option {
    std::string id;
    std::string name;
};

struct Property {
    std::string id; ///< as Notion returns it, URL-encoded
    std::string name;
    std::string description;
    std::string type_name;
    PropertyType type = PropertyType::unknown;
    std::vector<Option> options;     ///< select, multi_select, status
    std::string number_format;       ///< number
    std::string related_data_source; ///< relation
    std::string rollup_function;     ///< rollup
    std::string result_type;         ///< formula, rollup: as seen in a page; "" = not seen
};

struct DataSource {
    std::string id;
    std::string database_id;
    std::string title; ///< plain text; may be empty
    std::string description;
    std::string url;
    bool in_trash = false;
    std::vector<Property> properties; ///< in Notion's order
};

/// Reads a data_source object. Errors: malformed.
Result<DataSource> parse_data_source(const json::Value& value);

/// Fills result_type from pages of the data source (a query's answer): no schema names the type of
/// a formula's result. What no page shows stays "". Errors: malformed.
Status learn_results(DataSource& source, const json::Value& pages);

/// The column type that IMPORT writes for a property (design.md, table of section 3). A formula
/// whose result was not seen is text, which holds any result.
ColumnType default_column_type(const Property& property);
/// Whether a column of this type may be declared for a property of that type (decode exists).
bool accepts(PropertyType property, ColumnType column);

/// `type` as SQL writes it: "double precision", "text[]".
std::string_view sql_type(ColumnType type);

struct NamedColumn {
    std::string column;
    const Property* property; ///< into the DataSource given
    ColumnType type;
};
enum class NameStyle : uint8_t { snake_case, exact };
/// Column names for all properties: unique after the cut at 63 bytes on a character, clear of
/// `reserved` (page_id and its like) and of PostgreSQL's system columns; a clash or an empty name
/// gets a suffix from the property id. Stable: the same data source gives the same names.
std::vector<NamedColumn> name_columns(const DataSource& source, NameStyle style);
/// One name made so; for tables too (`fallback` where nothing is left).
std::string identifier(std::string_view name, NameStyle style, std::string_view fallback);
/// Columns of every foreign table that are no properties: page_id and its like.
bool is_page_column(std::string_view name);

} // namespace notion
