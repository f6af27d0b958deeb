// Column types by name: one table for both directions.
// scope: none.
#include "core/notion/column_type.hpp"

namespace notion {
namespace {

struct Named {
    ColumnType type;
    std::string_view name;
};

constexpr Named names[] = {
    {ColumnType::text, "text"},
    {ColumnType::boolean, "boolean"},
    {ColumnType::int2, "int2"},
    {ColumnType::int4, "int4"},
    {ColumnType::int8, "int8"},
    {ColumnType::float8, "float8"},
    {ColumnType::numeric, "numeric"},
    {ColumnType::date, "date"},
    {ColumnType::timestamptz, "timestamptz"},
    {ColumnType::uuid, "uuid"},
    {ColumnType::jsonb, "jsonb"},
    {ColumnType::tstzrange, "tstzrange"},
    {ColumnType::daterange, "daterange"},
    {ColumnType::text_array, "text_array"},
    {ColumnType::uuid_array, "uuid_array"},
};

} // namespace

std::optional<ColumnType> column_type(std::string_view name) {
    for (const Named& named : names)
        if (named.name == name)
            return named.type;
    return std::nullopt;
}

std::string_view column_type_name(ColumnType type) {
    for (const Named& named : names)
        if (named.type == type)
            return named.name;
    return {};
}

} // namespace notion
