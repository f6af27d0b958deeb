// Shape: what an edit can change of a property's value, cut out of what Notion shows of it.
// The same reduction serves half, the canon of jsonb columns and what is sent of them.
// scope: none.
#pragma once

#include <string>
#include <string_view>

#include "core/notion/json.hpp"
#include "core/notion/schema.hpp"

namespace notion {

/// `value` is what stands under the type's name. In the shape of a page, as canonical JSON, without
/// colours of options, profiles of people, signatures of urls.
std::string reduced(std::string_view type, const json::Value& value);
/// A url without its query where that is a signature which changes from hour to hour.
std::string_view unsigned_url(std::string_view url);

} // namespace notion
