// Any bytes as what people set: options of servers and tables, names of property types, and the
// JSON of links, mappings, rows and wishes as SQL hands it over. What is taken is whole: numbers
// that are read again, names known both ways, every field found by its id, every property once.
// scope: none.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/notion/declared.hpp"
#include "core/notion/objects.hpp"
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
        require(!field.rule_name().empty() && !sync::name_of(field.direction).empty());
        require(link.field(field.id) != nullptr);
        require(field.codec.zone == nullptr || field.codec.zone == &link.zone);
    }
    std::vector<std::string> ids = link.property_ids();
    std::sort(ids.begin(), ids.end());
    require(std::adjacent_find(ids.begin(), ids.end()) == ids.end());
    require(link.marker() == nullptr || link.marker()->is_marker);
}

/// That an option is taken says what will be made of it later.
void declared(std::string_view text) {
    const auto taken = [&](Declared what) { return expected(what, text).empty(); };
    const long number = std::strtol(std::string(text).c_str(), nullptr, 10);
    require(!taken(Declared::timeout_ms) || (number >= 1 && number <= 3'600'000));
    require(!taken(Declared::budget) || number == -1 || (number >= 1 && number <= 1'000'000));
    require(taken(Declared::property_type) == (property_type(text) != PropertyType::unknown));
    const auto kind = object_kind(text);
    require(taken(Declared::object) == (kind && object_name(*kind) == text));
    require(taken(Declared::filled) != text.empty());
    require(!taken(Declared::version) || (text.size() == 10 && text >= "2025-09-03"));
    require(!taken(Declared::token) || text.find_first_of(" \r\n\t") == text.npos);
    for (const auto what : {Declared::misfit, Declared::names, Declared::part, Declared::server_id})
        require(!taken(what) || taken(Declared::token)); // one plain word each
}

void any(std::string_view text) {
    declared(text);
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
