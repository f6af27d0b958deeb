// Drift: a column of a foreign table against the property that it was made for, as the data source
// has it now. A renamed property is no drift: columns follow ids. What differs comes with the SQL
// that would mend it; nothing is renamed or dropped here. scope: none.
#pragma once

#include <string>
#include <string_view>

#include "core/notion/codec.hpp"

namespace notion {

/// An identifier as SQL writes it, quoted where it must be.
std::string sql_name(std::string_view name);
/// The statement that gives a column the type of its property: changes the option only where the
/// column's own type may stay. `table`: as SQL writes it.
std::string alter_for(std::string_view table, std::string_view column, const Codec& codec,
                      const Property& found);
/// `found`: the property, or null where it is gone. Errors: property_missing, property_type.
Status check_property(std::string_view table, std::string_view column, std::string_view key,
                      const Codec& codec, const Property* found);

} // namespace notion
