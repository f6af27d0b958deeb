// Any bytes as what people and PostgreSQL write: ids and links, values of every column type, names.
// What is read must be written and read again as the same; an id must be its own id.
// scope: none.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/notion/endpoint.hpp"
#include "core/notion/schema.hpp"
#include "core/notion/value.hpp"

namespace notion {
namespace {

void require(bool holds) {
    if (!holds)
        std::abort();
}

void any(std::string_view text) {
    if (auto id = parse_id(text))
        require(*parse_id(*id) == *id && id->size() == 36);
    static_cast<void>(parse_moment(text));
    for (const NameStyle style : {NameStyle::snake_case, NameStyle::exact})
        require(identifier(text, style, "x").size() <= 63);
    const Call call = get_property_items(text, text, text);
    require(call.path.find_first_of(" #\"<>\\^`{|}") == std::string::npos);
    for (int i = 0; i <= static_cast<int>(ColumnType::uuid_array); ++i) {
        const auto type = static_cast<ColumnType>(i);
        auto value = from_text(text, type);
        if (!value)
            continue;
        auto again = from_text(to_text(*value, type), type);
        require(again.ok() && *again == *value);
    }
}

} // namespace
} // namespace notion

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    notion::any(std::string_view(reinterpret_cast<const char*>(data), size));
    return 0;
}
