// Types: see the header. scope: none.
#include "bridge/types.hpp"

#include "core/notion/column_type.hpp"
#include "core/notion/schema.hpp"

namespace notion::bridge {

bool property_accepts(std::string_view property, std::string_view column) noexcept {
    const auto type = column_type(column);
    return type && accepts(property_type(property), *type);
}

bool property_is_writable(std::string_view property) noexcept {
    const PropertyType type = property_type(property);
    return type != PropertyType::unknown && is_writable(type);
}

} // namespace notion::bridge
