// Upload: see the header. scope: none.
#include "core/notion/upload.hpp"

#include "core/notion/json.hpp"

namespace notion {

namespace {

constexpr std::string_view boundary_stem = "pg_notion-part-";
constexpr std::string_view send_path = "/send";

/// A line that occurs nowhere in the bytes.
std::string boundary_for(std::string_view bytes) {
    for (int64_t number = 0;; ++number) {
        std::string boundary = std::string(boundary_stem) + std::to_string(number);
        if (bytes.find(boundary) == bytes.npos)
            return boundary;
    }
}

/// Quotes and line ends would end the header they stand in.
std::string header_text(std::string_view text) {
    std::string safe;
    for (const char c : text)
        safe.push_back(c == '"' || c == '\r' || c == '\n' ? '_' : c);
    return safe;
}

bool is_content_type(std::string_view text) {
    size_t slash = text.find('/');
    if (slash == 0 || slash == text.npos || slash + 1 == text.size())
        return false;
    for (const char c : text)
        if (c < ' ' || c > '~')
            return false;
    return true;
}

} // namespace

size_t parts_of(size_t bytes) {
    return bytes <= upload_single_max ? 1 : (bytes + upload_part_bytes - 1) / upload_part_bytes;
}

Result<Call> open_upload(std::string_view name, std::string_view content_type, size_t bytes) {
    constexpr size_t name_bytes_max = 900; // Notion's limit
    if (name.empty() || name.size() > name_bytes_max)
        return fail(ErrorKind::invalid_argument, "a file's name has 1 to 900 bytes",
                    "It has " + std::to_string(name.size()) + ".", "Give it a shorter one.");
    if (!is_content_type(content_type))
        return fail(ErrorKind::invalid_argument, "not a content type", "",
                    "Such as image/png or application/pdf.");
    if (bytes == 0)
        return fail(ErrorKind::invalid_argument, "an empty file cannot be uploaded", "",
                    "Notion takes none; leave it out.");
    size_t parts = parts_of(bytes);
    std::string body = parts == 1 ? R"({"mode":"single_part")" : R"({"mode":"multi_part")";
    body += ",\"filename\":" + json::quote(name) + ",\"content_type\":" + json::quote(content_type);
    if (parts > 1)
        body += ",\"number_of_parts\":" + std::to_string(parts);
    return Call{Method::post, "/v1/file_uploads", body + "}"};
}

Call send_part(std::string_view upload, int64_t part, std::string_view name,
               std::string_view content_type, std::string_view bytes) {
    const std::string boundary = boundary_for(bytes);
    std::string body;
    if (part > 0)
        body += "--" + boundary +
                "\r\nContent-Disposition: form-data; name=\"part_number\"\r\n\r\n" +
                std::to_string(part) + "\r\n";
    body += "--" + boundary + "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" +
            header_text(name) + "\"\r\nContent-Type: " + header_text(content_type) + "\r\n\r\n";
    body += bytes;
    body += "\r\n--" + boundary + "--\r\n";
    return {Method::post, "/v1/file_uploads/" + encode_part(upload) + std::string(send_path),
            std::move(body)};
}

Call complete_upload(std::string_view upload) {
    return {Method::post, "/v1/file_uploads/" + encode_part(upload) + "/complete", "{}"};
}

std::string content_type_of(const Call& call) {
    if (!call.path.ends_with(send_path) || !call.body.starts_with("--"))
        return "application/json";
    std::string_view line = std::string_view(call.body).substr(0, call.body.find('\r'));
    return "multipart/form-data; boundary=" + std::string(line.substr(2));
}

} // namespace notion
