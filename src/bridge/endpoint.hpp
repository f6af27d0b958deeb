// Where and how to speak to a workspace: what options, user mapping and settings come to.
// Assumes the views stay valid during the call that takes them; whoever needs them later copies.
// scope: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace notion::bridge {

/// Answers are at most this large, after decompression: 100 pages of 2.5 MB of properties, Notion's
/// limit, would be more, and no server should hold that for one statement.
inline constexpr size_t body_bytes_max = 64 * 1024 * 1024;

/// The version that we speak: core's, which src/pg does not see; bridge/reader.hpp compares them.
inline constexpr std::string_view newest_api_version = "2026-03-11";
inline constexpr std::string_view notion_url = "https://api.notion.com";

/// The token of a conversation. Whoever holds the connection may put another into it while requests
/// are made (OAuth renews tokens): it outlives every object that was given it.
struct Token {
    std::string_view text;
    bool renewable = false; ///< Notion's 401 is no end: see Step::expired
    uint32_t renewals = 0;  ///< counts what was put into it
};

struct Endpoint {
    std::string_view api_url; ///< without a slash at the end
    std::string_view api_version;
    const Token* token;
    std::string_view proxy;   ///< "" = none
    std::string_view ca_file; ///< "" = the system's
    int64_t connect_timeout_ms;
    int64_t request_timeout_ms;
    bool loopback_only; ///< notion.local_only
};

} // namespace notion::bridge
