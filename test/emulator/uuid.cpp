// The ids of Notion; see uuid.hpp. scope: call.
#include "uuid.hpp"

namespace emulator {

namespace {

int hex_digit(char byte) {
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    if (byte >= 'a' && byte <= 'f')
        return byte - 'a' + 10;
    if (byte >= 'A' && byte <= 'F')
        return byte - 'A' + 10;
    return -1;
}

void write_hex(std::string& into, uint64_t bits, int from, int digits) {
    for (int i = 0; i < digits; ++i)
        into.push_back("0123456789abcdef"[bits >> (from - 4 * i) & 15]);
}

uint64_t fnv(std::string_view text, uint64_t hash) {
    for (const unsigned char byte : text)
        hash = (hash ^ byte) * 0x100000001B3ull;
    hash ^= hash >> 29;
    return hash * 0xBF58476D1CE4E5B9ull;
}

} // namespace

std::optional<Uuid> read_uuid(std::string_view text) {
    if (text.size() != 32 && text.size() != 36)
        return std::nullopt;
    const bool with_dashes = text.size() == 36;
    Uuid id;
    int digits = 0;
    for (size_t at = 0; at < text.size(); ++at) {
        if (with_dashes && (at == 8 || at == 13 || at == 18 || at == 23)) {
            if (text[at] != '-')
                return std::nullopt;
            continue;
        }
        const int digit = hex_digit(text[at]);
        if (digit < 0)
            return std::nullopt;
        uint64_t& half = digits < 16 ? id.high : id.low;
        half = half << 4 | static_cast<uint64_t>(digit);
        ++digits;
    }
    return id;
}

std::optional<Uuid> read_valid_uuid(std::string_view text) {
    const auto id = read_uuid(text);
    if (!id || id->nil())
        return id;
    const auto version = id->high >> 12 & 15;
    const auto variant = id->low >> 62;
    if (version < 1 || version > 8 || variant != 2)
        return std::nullopt;
    return id;
}

std::string dashed(Uuid id) {
    std::string text;
    text.reserve(36);
    write_hex(text, id.high, 60, 8);
    text.push_back('-');
    write_hex(text, id.high, 28, 4);
    text.push_back('-');
    write_hex(text, id.high, 12, 4);
    text.push_back('-');
    write_hex(text, id.low, 60, 4);
    text.push_back('-');
    write_hex(text, id.low, 44, 12);
    return text;
}

std::string undashed(Uuid id) {
    std::string text;
    text.reserve(32);
    write_hex(text, id.high, 60, 16);
    write_hex(text, id.low, 60, 16);
    return text;
}

Uuid stamped(uint64_t high, uint64_t low, int version) {
    high = (high & ~0xF000ull) | static_cast<uint64_t>(version) << 12;
    low = (low & ~(3ull << 62)) | 2ull << 62;
    return {high, low};
}

Uuid named_uuid(std::string_view kind, std::string_view name) {
    const uint64_t high = fnv(name, fnv(kind, 0xCBF29CE484222325ull));
    return stamped(high, fnv(name, high), 5);
}

} // namespace emulator
