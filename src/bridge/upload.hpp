// Uploads of files: each request is an Api (bridge/api.hpp). scope: call.
#pragma once

#include "bridge/api.hpp"

namespace notion::bridge {

/// How many parts so many bytes go in, and how many bytes each of them but the last has.
size_t upload_parts(size_t bytes) noexcept;
size_t upload_part_size(size_t bytes) noexcept;

/// Errors: invalid_argument.
Api* upload_open(const Endpoint& endpoint, std::string_view name, std::string_view content_type,
                 size_t bytes, Fault& fault) noexcept;
/// The id in the answer. requires: done. "" where it has none.
std::string_view upload_id(Api* api) noexcept;
/// `part`: from 1; 0 where there is only one. The bytes are copied.
Api* upload_send(const Endpoint& endpoint, std::string_view upload, int64_t part,
                 std::string_view name, std::string_view content_type, std::string_view bytes,
                 Fault& fault) noexcept;
Api* upload_complete(const Endpoint& endpoint, std::string_view upload, Fault& fault) noexcept;

} // namespace notion::bridge
