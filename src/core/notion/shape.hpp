// Shape: what an edit can change of a property's value, cut out of what Notion shows of it.
// The same reduction serves half, the canon of jsonb columns and what is sent of them.
// scope: none.
#pragma once

#include <string>
#include <string_view>

#include "core/notion/codec.hpp"
#include "core/notion/json.hpp"

namespace notion {

/// `value` is what stands under the type's name. In the shape of a page, as canonical JSON, without
/// colours of options, profiles of people, signatures of urls.
std::string reduced(std::string_view type, const json::Value& value);
/// Whether JSON has the outer shape of this type's values: a list, an object or null, a number …
bool has_shape(PropertyType type, const json::Value& value);
/// What Notion gives for nothing: [] of lists, false of a checkbox, else null.
std::string_view null_json(const Codec& codec);
/// The canonical value of a jsonb column as it is sent. Errors: unsendable.
Result<std::string> json_to_send(const Value& canonical, const Codec& codec);
/// A url without its query where that is a signature which changes from hour to hour.
std::string_view unsigned_url(std::string_view url);

} // namespace notion
