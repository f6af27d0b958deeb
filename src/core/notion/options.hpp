// Options: names of select, multi_select and status, and how they are sent.
// scope: none.
#pragma once

#include <string>
#include <string_view>

#include "core/notion/codec.hpp"

namespace notion {

/// The option's name as the schema writes it: names are unique without case, and Notion keeps the
/// first spelling. Errors: unsendable for what cannot be a name, or is none and may not become one.
Result<std::string> canon_option(std::string_view name, const Codec& codec);
/// {"id":…} where the base (an option, or a list of them) or the schema knows the name, else
/// {"name":…}. requires: a name that canon_option gave.
std::string option_to_send(const std::string& name, const Codec& codec, const json::Value* base);

} // namespace notion
