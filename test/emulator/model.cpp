// What a workspace is made of: the few questions that the data answers itself.
// scope: emulator.
#include "model.hpp"

#include <algorithm>
#include <cctype>

namespace emulator {

namespace {

bool same_ignoring_case(std::string_view a, std::string_view b) {
    return std::ranges::equal(
        a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

template <typename Source>
auto find_in(Source& source, std::string_view name_or_id) {
    const std::string raw = decoded_property_id(name_or_id);
    for (auto& property : source.properties)
        if (!property.removed && (property.id == name_or_id || property.id == raw))
            return &property;
    for (auto& property : source.properties)
        if (!property.removed && property.name == name_or_id)
            return &property;
    return decltype(&source.properties.front()){nullptr};
}

} // namespace

const Option* Property::option(std::string_view option_id) const {
    const auto found = std::ranges::find(options, option_id, &Option::id);
    return found == options.end() ? nullptr : &*found;
}

const Option* Property::option_named(std::string_view option_name) const {
    const auto exact = std::ranges::find(options, option_name, &Option::name);
    if (exact != options.end())
        return &*exact;
    const auto close = std::ranges::find_if(options, [&](const Option& option) {
        return same_ignoring_case(option.name, option_name);
    });
    return close == options.end() ? nullptr : &*close;
}

const Property* DataSource::find(std::string_view key) const {
    return find_in(*this, key);
}
Property* DataSource::find(std::string_view key) {
    return find_in(*this, key);
}

const Property* DataSource::by_id(std::string_view raw_id) const {
    for (const auto& property : properties)
        if (!property.removed && property.id == raw_id)
            return &property;
    return nullptr;
}

void DataSource::reorder() {
    order.clear();
    for (const auto& property : properties)
        if (!property.removed)
            order.push_back(property.slot);
    // As recorded: short ids by their bytes, then the words (title, verification).
    std::ranges::sort(order, {}, [&](size_t slot) {
        const std::string_view id = properties[slot].id;
        return std::pair{id.size() > 4, id};
    });
    ++schema_version;
}

// encodeURIComponent of JavaScript.
std::string encoded_property_id(std::string_view raw) {
    std::string text;
    for (const unsigned char byte : raw) {
        if (std::isalnum(byte) || std::string_view("-_.!~*'()").find(byte) != std::string::npos) {
            text.push_back(static_cast<char>(byte));
            continue;
        }
        text.push_back('%');
        text.push_back("0123456789ABCDEF"[byte >> 4]);
        text.push_back("0123456789ABCDEF"[byte & 15]);
    }
    return text;
}

std::string decoded_property_id(std::string_view encoded) {
    const auto digit = [](char byte) { return byte <= '9' ? byte - '0' : (byte | 32) - 'a' + 10; };
    std::string text;
    for (size_t at = 0; at < encoded.size(); ++at) {
        if (encoded[at] == '%' && at + 2 < encoded.size() &&
            std::isxdigit(static_cast<unsigned char>(encoded[at + 1])) &&
            std::isxdigit(static_cast<unsigned char>(encoded[at + 2]))) {
            text.push_back(static_cast<char>(digit(encoded[at + 1]) * 16 + digit(encoded[at + 2])));
            at += 2;
        } else {
            text.push_back(encoded[at]);
        }
    }
    return text;
}

std::string plain_text(const Text& text) {
    std::string plain;
    for (const auto& run : text)
        plain += run.plain;
    return plain;
}

} // namespace emulator
