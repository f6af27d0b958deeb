// Endpoint: the requests we make of Notion, as method, path and body; no host, no token.
// One function an endpoint; ids are checked, property ids are put into paths and queries as Notion
// returned them (they are URL-encoded already: encoding twice is a 400).
// scope: none.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace notion {

inline constexpr std::string_view api_version = "2026-03-11";
inline constexpr int page_size_max = 100;       ///< Notion's page_size limit
inline constexpr int query_results_max = 10000; ///< Notion's cap for one query

enum class Method : uint8_t { get, post, patch, del };

struct Call {
    Method method = Method::get;
    std::string path; ///< with query string: "/v1/pages/…?filter_properties=…"
    std::string body; ///< "" for get and del
};

enum class SortKey : uint8_t { created_time, last_edited_time };
struct Query {
    std::string data_source;
    std::string filter;                  ///< JSON, "" = none
    std::string sorts;                   ///< JSON array, "" = none
    std::vector<std::string> properties; ///< ids to return
    bool all_properties = false;         ///< otherwise exactly `properties`; none = none
    int page_size = page_size_max;
    std::string cursor; ///< "" = the first page
};
/// With neither properties nor all_properties the query asks for the title alone: Notion has no
/// way to ask for none.
Call query_data_source(const Query& query);
Call get_data_source(std::string_view id);
Call search_data_sources(std::string_view cursor);
/// `value`: "page" or "data_source".
Call search_objects(std::string_view value, std::string_view cursor);
Call get_database(std::string_view id);
Call get_page(std::string_view id, const std::vector<std::string>& properties = {});
Call get_property_items(std::string_view page, std::string_view property, std::string_view cursor);
struct Member {
    std::string property_id;
    std::string json; ///< from encode
};
/// `beside`: members of the body itself, such as "icon".
Call create_page(std::string_view data_source, const std::vector<Member>& members,
                 const std::vector<Member>& beside = {});
Call update_page(std::string_view page, const std::vector<Member>& members,
                 const std::vector<Member>& beside = {});
Call set_trash(std::string_view page, bool in_trash);
Call get_me();
Call list_users(std::string_view cursor);

/// A part of a path or query: everything but unreserved characters as %XX.
std::string encode_part(std::string_view text);
/// The opposite: Notion's messages name property ids so.
std::string decode_part(std::string_view text);

/// The id in a Notion URL or id in any form: 32 hex digits with or without dashes, at the end of a
/// path or in `?p=`; lower case with dashes. Errors: invalid_argument.
Result<std::string> parse_id(std::string_view url_or_id);

} // namespace notion
