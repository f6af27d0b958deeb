// Sort: see the header.
// scope: none.
#include "core/notion/sort.hpp"

namespace notion {

bool sorts_alike(const Codec& codec, bool filled) {
    if (codec.fit != Fit::exact)
        return false;
    switch (codec.property) {
    // Shown by the minute, or by the day: cut or rounded, either keeps the order of what is hidden.
    case PropertyType::created_time:
    case PropertyType::last_edited_time:
        return codec.column == ColumnType::timestamptz || codec.column == ColumnType::date;
    // Doubles on both sides, NaN is none of Notion's; numeric shows their shortest decimal.
    case PropertyType::number:
        return filled &&
               (codec.column == ColumnType::float8 || codec.column == ColumnType::numeric);
    default:
        return false;
    }
}

std::string sort_json(std::string_view property_id, PropertyType type, bool descending) {
    const std::string subject = property_id.empty()
                                    ? "\"timestamp\":" + json::quote(property_type_name(type))
                                    : "\"property\":" + json::quote(property_id);
    return "[{" + subject + ",\"direction\":\"" + (descending ? "descending" : "ascending") +
           "\"}]";
}

} // namespace notion
