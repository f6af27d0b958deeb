// Any bytes as what people set: names of property types, and the JSON of links, mappings, rows and
// wishes as SQL hands it over. What is taken is whole: names known both ways, every field found by
// its id, every property once. scope: none.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/notion/schema.hpp"
#include "core/sync/link.hpp"
#include "core/sync/mapping.hpp"

namespace notion {
namespace {

void require(bool holds) {
    if (!holds)
        std::abort();
}

void check(const sync::Link& link) {
    require(!sync::name_of(link.direction).empty());
    for (const sync::Field& field : link.fields) {
        require(!sync::name_of(field.rule).empty() && !sync::name_of(field.direction).empty());
        require(link.field(field.id) != nullptr);
        require(field.codec.zone == nullptr || field.codec.zone == &link.zone);
    }
    std::vector<std::string> ids = link.property_ids();
    std::sort(ids.begin(), ids.end());
    require(std::adjacent_find(ids.begin(), ids.end()) == ids.end());
    require(link.marker() == nullptr || link.marker()->is_marker);
}

void any(std::string_view text) {
    const PropertyType type = property_type(text);
    require(type == PropertyType::unknown || property_type_name(type) == text);
    if (auto link = sync::parse_link(text, Zone()))
        check(**link);
    static_cast<void>(sync::parse_mapping(text));
    static_cast<void>(sync::parse_row(text));
    static_cast<void>(sync::parse_wish(text));
}

} // namespace
} // namespace notion

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    notion::any(std::string_view(reinterpret_cast<const char*>(data), size));
    return 0;
}
