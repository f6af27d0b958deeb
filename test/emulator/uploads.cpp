// Uploads of files: opened, sent in one part or many as multipart/form-data, completed, and
// attached to a property within the hour. Keeps lengths, not the bytes.
// scope: call; the uploads live in World::uploads.
#include "handlers.hpp"

namespace emulator {

namespace {

constexpr int64_t hour_ms = 3'600'000;
constexpr int64_t part_bytes_min = 5 * 1024 * 1024;
constexpr int64_t part_bytes_max = 20 * 1024 * 1024;
constexpr const char* base = "https://api.notion.com/v1/file_uploads/";

int64_t length_of(const FileUpload& upload) {
    int64_t length = 0;
    for (const auto& [number, bytes] : upload.parts)
        length += bytes;
    return length;
}

void write_upload(Out& out, Uuid id, const FileUpload& upload) {
    out.open().key("object").text("file_upload").key("id").text(dashed(id));
    out.key("created_time").text(minute_text(upload.created_at));
    out.key("created_by").open().key("id").text(dashed(upload.author)).key("type").text("bot");
    out.close().key("last_edited_time").text(minute_text(upload.created_at));
    out.key("expiry_time").text(minute_text(upload.created_at + hour_ms));
    if (upload.status == "pending") {
        out.key("upload_url").text(base + dashed(id) + "/send");
        if (upload.number_of_parts > 0)
            out.key("complete_url").text(base + dashed(id) + "/complete");
    }
    out.key("in_trash").boolean(false).key("status").text(upload.status);
    out.key("filename").text(upload.filename).key("content_type").text(upload.content_type);
    out.key("content_length");
    if (upload.status == "uploaded")
        out.integer(length_of(upload));
    else
        out.null();
    if (upload.number_of_parts > 0) {
        out.key("number_of_parts").open().key("total").integer(upload.number_of_parts);
        out.key("sent").integer(static_cast<int64_t>(upload.parts.size())).close();
    }
    out.close();
}

Reply answer(Uuid id, const FileUpload& upload) {
    Reply reply;
    Out out(reply.body);
    write_upload(out, id, upload);
    return reply;
}

FileUpload& known_upload(World& world, const Call& call, Uuid& id) {
    id = path_id(call, 0, "file_upload_id");
    const auto found = world.uploads.find(id);
    if (found == world.uploads.end())
        refuse_not_found(world, call, "file_upload", id);
    return found->second;
}

/// A field of the form: what stands between its headers and the next boundary.
std::optional<std::string_view> form_field(std::string_view body, std::string_view name) {
    const std::string_view boundary = body.substr(0, body.find("\r\n"));
    const std::string wanted = "name=\"" + std::string(name) + "\"";
    for (size_t at = 0; at < body.size();) {
        const size_t head = body.find("\r\n\r\n", at);
        if (head == body.npos)
            return std::nullopt;
        const size_t end = body.find("\r\n" + std::string(boundary), head + 4);
        if (end == body.npos)
            return std::nullopt;
        if (body.substr(at, head - at).find(wanted) != body.npos)
            return body.substr(head + 4, end - head - 4);
        at = end + 2;
    }
    return std::nullopt;
}

void check_part(const FileUpload& upload, int64_t number, int64_t bytes) {
    if (upload.status != "pending")
        refuse("File upload is not pending.");
    if (bytes > part_bytes_max)
        throw Refusal{.status = 413, .code = "validation_error", .message = "Part is too large."};
    if (upload.number_of_parts == 0)
        return;
    if (number < 1 || number > upload.number_of_parts)
        refuse("part_number should be between 1 and number_of_parts.");
    if (number < upload.number_of_parts && bytes < part_bytes_min)
        refuse("Parts should have at least 5 MiB, the last one apart.");
}

} // namespace

Reply post_file_upload(World& world, const Call& call) {
    FileUpload upload;
    const auto mode = text_member(call.body, "mode").value_or("single_part");
    if (mode != "single_part" && mode != "multi_part")
        refuse_body("body.mode", "`\"single_part\"` or `\"multi_part\"`", quoted(mode));
    upload.filename = text_member(call.body, "filename").value_or("file");
    upload.content_type =
        text_member(call.body, "content_type").value_or("application/octet-stream");
    if (mode == "multi_part") {
        const Json* parts = member(call.body, "number_of_parts");
        if (!parts || !parts->IsInt() || parts->GetInt() < 1)
            refuse_body("body.number_of_parts", "defined", "undefined");
        upload.number_of_parts = parts->GetInt();
    }
    upload.author = call.caller.user;
    upload.created_at = world.clock.now();
    const Uuid id = world.store.new_id();
    return answer(id, world.uploads[id] = std::move(upload));
}

Reply get_file_upload(World& world, const Call& call) {
    Uuid id;
    const FileUpload& upload = known_upload(world, call, id);
    return answer(id, upload);
}

Reply list_file_uploads(World& world, const Call&) {
    Reply reply;
    Out out(reply.body);
    out.open().key("object").text("list").key("results").open_array();
    for (const auto& [id, upload] : world.uploads)
        write_upload(out, id, upload);
    out.close_array();
    close_list(out, nullptr, "file_upload");
    out.close();
    return reply;
}

Reply send_file_upload(World& world, const Call& call) {
    Uuid id;
    FileUpload& upload = known_upload(world, call, id);
    const auto file = form_field(call.raw, "file");
    const auto part = form_field(call.raw, "part_number");
    if (!file)
        refuse_body("body.file", "defined", "undefined");
    const int64_t number = part ? std::atoll(std::string(*part).c_str()) : 1;
    check_part(upload, number, static_cast<int64_t>(file->size()));
    upload.parts[number] = static_cast<int64_t>(file->size());
    if (upload.number_of_parts == 0)
        upload.status = "uploaded";
    return answer(id, upload);
}

Reply complete_file_upload(World& world, const Call& call) {
    Uuid id;
    FileUpload& upload = known_upload(world, call, id);
    if (static_cast<int64_t>(upload.parts.size()) != upload.number_of_parts)
        refuse("Not all parts were sent.");
    upload.status = "uploaded";
    return answer(id, upload);
}

} // namespace emulator
