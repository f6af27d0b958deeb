// The ids of Notion: UUIDs, accepted with or without dashes, answered with them.
// Validity is that of the validator seen in recordings: version 1-8 and variant 8-b, or all zero.
// scope: call.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace emulator {

struct Uuid {
    uint64_t high = 0;
    uint64_t low = 0;
    auto operator<=>(const Uuid&) const = default;
    bool nil() const { return high == 0 && low == 0; }
};

/// Any 32 hex digits, dashed in the usual places or not at all.
std::optional<Uuid> read_uuid(std::string_view text);
/// Like read_uuid, but refuses what Notion's validator refuses.
std::optional<Uuid> read_valid_uuid(std::string_view text);
std::string dashed(Uuid id);
std::string undashed(Uuid id);
/// A stable id for a name: the same bot or seed row has the same id in every run.
Uuid named_uuid(std::string_view kind, std::string_view name);
/// 122 random bits stamped as a version 4 UUID (8 is what Notion gives to newer pages).
Uuid stamped(uint64_t high, uint64_t low, int version);

} // namespace emulator

template <>
struct std::hash<emulator::Uuid> {
    size_t operator()(const emulator::Uuid& id) const noexcept {
        return id.high * 0x9E3779B97F4A7C15ull ^ id.low;
    }
};
