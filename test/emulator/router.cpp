// The table of endpoints; see router.hpp. scope: call.
#include "router.hpp"

#include "handlers.hpp"

#include <algorithm>

namespace emulator {

namespace {

constexpr Route routes[] = {
    {"GET", "/v1/users/me", get_me},
    {"GET", "/v1/users/:user_id", get_user},
    {"GET", "/v1/users", list_users},
    {"POST", "/v1/search", search},
    {"POST", "/v1/databases", post_database},
    {"GET", "/v1/databases/:database_id", get_database},
    {"PATCH", "/v1/databases/:database_id", patch_database},
    {"POST", "/v1/data_sources", post_data_source},
    {"GET", "/v1/data_sources/:data_source_id", get_data_source},
    {"PATCH", "/v1/data_sources/:data_source_id", patch_data_source},
    {"POST", "/v1/data_sources/:data_source_id/query", query_data_source},
    {"GET", "/v1/data_sources/:data_source_id/templates", list_templates},
    {"POST", "/v1/pages", post_page},
    {"GET", "/v1/pages/:page_id", get_page},
    {"PATCH", "/v1/pages/:page_id", patch_page},
    {"POST", "/v1/pages/:page_id/move", post_page_move},
    {"GET", "/v1/pages/:page_id/properties/:property_id", get_property_item},
    {"GET", "/v1/pages/:page_id/markdown", get_markdown},
    {"PATCH", "/v1/pages/:page_id/markdown", patch_markdown},
    {"GET", "/v1/blocks/:block_id", get_block},
    {"PATCH", "/v1/blocks/:block_id", patch_block},
    {"DELETE", "/v1/blocks/:block_id", delete_block},
    {"GET", "/v1/blocks/:block_id/children", list_children},
    {"PATCH", "/v1/blocks/:block_id/children", append_children},
    {"GET", "/v1/comments", get_comments},
    {"POST", "/v1/comments", post_comment},
    {"GET", "/v1/async_tasks/:task_id", get_task},
    {"POST", "/v1/file_uploads", post_file_upload},
    {"GET", "/v1/file_uploads", list_file_uploads},
    {"GET", "/v1/file_uploads/:file_upload_id", get_file_upload},
    {"POST", "/v1/file_uploads/:file_upload_id/send", send_file_upload},
    {"POST", "/v1/file_uploads/:file_upload_id/complete", complete_file_upload},
};

std::string_view take_segment(std::string_view& path) {
    const auto end = std::min(path.find('/'), path.size());
    const auto segment = path.substr(0, end);
    path.remove_prefix(std::min(end + 1, path.size()));
    return segment;
}

int hex_value(char byte) {
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    const char lower = static_cast<char>(byte | 32);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

} // namespace

bool fits_path(std::string_view pattern, std::string_view path,
               std::vector<std::string>& arguments) {
    arguments.clear();
    while (!pattern.empty() && !path.empty()) {
        const auto wanted = take_segment(pattern);
        const auto found = take_segment(path);
        if (wanted.starts_with(':') && !found.empty())
            arguments.push_back(percent_decoded(found, false));
        else if (wanted != found)
            return false;
    }
    return pattern.empty() && path.empty();
}

const Route* find_route(std::string_view method, std::string_view path,
                        std::vector<std::string>& arguments) {
    for (const auto& route : routes)
        if (route.method == method && fits_path(route.pattern, path, arguments))
            return &route;
    return nullptr;
}

std::string percent_decoded(std::string_view text, bool plus_is_space) {
    std::string decoded;
    for (size_t at = 0; at < text.size(); ++at) {
        const int high = text[at] == '%' && at + 2 < text.size() ? hex_value(text[at + 1]) : -1;
        const int low = high >= 0 ? hex_value(text[at + 2]) : -1;
        if (low >= 0) {
            decoded.push_back(static_cast<char>(high * 16 + low));
            at += 2;
        } else {
            decoded.push_back(plus_is_space && text[at] == '+' ? ' ' : text[at]);
        }
    }
    return decoded;
}

std::vector<std::pair<std::string, std::string>> read_query(std::string_view query) {
    std::vector<std::pair<std::string, std::string>> parameters;
    while (!query.empty()) {
        const auto end = std::min(query.find('&'), query.size());
        const auto part = query.substr(0, end);
        const auto equals = std::min(part.find('='), part.size());
        parameters.emplace_back(
            percent_decoded(part.substr(0, equals), true),
            percent_decoded(part.substr(std::min(equals + 1, part.size())), true));
        query.remove_prefix(std::min(end + 1, query.size()));
    }
    return parameters;
}

} // namespace emulator
