// Uuid: Notion's ids of pages, databases, data sources, people and options.
// scope: none.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace notion {

/// Lower case with dashes, from 32 hex digits with dashes in the usual places or none; else
/// nullopt.
std::optional<std::string> canonical_uuid(std::string_view text);

} // namespace notion
