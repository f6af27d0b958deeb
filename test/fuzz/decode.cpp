// Any bytes as an answer of Notion: parsed, read as page, list, data source and refusal, and each
// property value through every column type, its half, and back, changed as people change texts.
// Nothing may crash; what decodes must decode alike from its half, and be sendable over it.
// scope: none.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/notion/answer.hpp"
#include "core/notion/codec.hpp"
#include "core/notion/schema.hpp"

namespace notion {
namespace {

void require(bool holds) {
    if (!holds)
        std::abort();
}

void one_column(const json::Value& value, const Codec& codec) {
    auto decoded = decode(value, codec);
    if (!decoded)
        return;
    if (!is_null(*decoded))
        require(from_text(to_text(*decoded, codec.column), codec.column).ok());
    auto canonical = canon(*decoded, codec);
    const std::string base = half(value);
    auto again = decode_half(base, codec);
    if (canonical && again) {
        auto canonical_again = canon(*again, codec);
        require(canonical_again.ok() && *canonical_again == *canonical);
    }
    if (is_writable(codec.property)) {
        const auto member = encode(*decoded, codec, base);
        require(!member || json::parse(*member).ok());
        if (auto* text = std::get_if<std::string>(&*decoded)) { // between and beyond its runs
            size_t middle = text->size() / 2;
            while (middle < text->size() && ((*text)[middle] & 0xC0) == 0x80)
                ++middle;
            text->insert(middle, "new ");
            const auto changed = encode(*decoded, codec, base);
            require(!changed || json::parse(*changed).ok());
        }
    }
}

void all_columns(const json::Value& value) {
    Codec codec;
    codec.property = property_type(json::text(value, "type"));
    for (int column = 0; column <= static_cast<int>(ColumnType::uuid_array); ++column) {
        codec.column = static_cast<ColumnType>(column);
        for (const DatePart part : {DatePart::start, DatePart::end}) {
            codec.part = part;
            if (accepts(codec.property, codec.column))
                one_column(value, codec);
        }
    }
    static_cast<void>(is_cut(value));
    static_cast<void>(is_cut_rollup(value));
}

void any(std::string_view text) {
    static_cast<void>(error_of(400, text, -1, ""));
    static_cast<void>(committed_id(text));
    auto document = json::parse(text);
    std::string copy(text);
    auto in_place = json::parse_in_place(copy);
    require(document.ok() == in_place.ok());
    json::Arena arena;
    std::string kept(text);
    require(json::parse_in_place(kept, arena).ok() == document.ok());
    if (!document)
        return;
    require(json::write(*document) == json::write(*in_place));
    require(json::parse(json::canonical(*document)).ok());
    static_cast<void>(list_head(*document));
    if (auto source = parse_data_source(*document)) {
        static_cast<void>(learn_results(*source, *document));
        static_cast<void>(name_columns(*source, NameStyle::snake_case));
    }
    auto head = page_head(*document);
    if (head)
        for (const auto& member : head->properties->GetObject()) {
            all_columns(member.value);
            const json::Value* id = json::find(member.value, "id");
            if (id == nullptr || !id->IsString())
                continue;
            auto place = static_cast<unsigned>(text.size() % 4); // as where it stood before
            const json::Value* found = property_by_id(*head, json::view(*id), place);
            require(found != nullptr && json::text(*found, "id") == json::view(*id));
            require(property_by_id(*head, json::view(*id)) != nullptr);
        }
    if (document->IsObject())
        all_columns(*document);
}

} // namespace
} // namespace notion

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    notion::any(std::string_view(reinterpret_cast<const char*>(data), size));
    return 0;
}
