// Upload: a file's bytes on their way to Notion: the requests that open an upload, send its parts
// and complete it. The only bodies that are no JSON. scope: none.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/notion/endpoint.hpp"

namespace notion {

/// Notion takes 20 MB in one part, and parts of 5 to 20 MB, the last one apart.
inline constexpr size_t upload_single_max = 20'000'000;
inline constexpr size_t upload_part_bytes = 10'000'000;
inline constexpr size_t upload_parts_max = 10'000;
/// How a text[] column of type files names an upload that is to be attached.
inline constexpr std::string_view upload_prefix = "file_upload:";

size_t parts_of(size_t bytes);
/// Errors: invalid_argument.
Result<Call> open_upload(std::string_view name, std::string_view content_type, size_t bytes);
/// `part`: from 1; 0 where there is only one.
Call send_part(std::string_view upload, int64_t part, std::string_view name,
               std::string_view content_type, std::string_view bytes);
Call complete_upload(std::string_view upload);

/// The Content-Type of a call's body.
std::string content_type_of(const Call& call);

} // namespace notion
