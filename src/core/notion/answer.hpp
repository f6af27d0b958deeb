// Answer: what Notion said. A status and a body become a document or an Error in Notion's words.
// What a body claims is not believed until its shape was checked; unknown members are ignored.
// scope: none.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/notion/json.hpp"
#include "core/notion/schema.hpp"

namespace notion {

/// The error behind a status other than 200: kind by status and Notion's code, message in the
/// PostgreSQL style, Notion's own words in detail, request id, a hint that names the next step
/// ("share the data source with the connection in Notion …"). Never quotes a body that is not
/// Notion's JSON at more than 200 bytes.
Error error_of(int status, std::string_view body, int64_t retry_after_ms,
               std::string_view request_id);
/// Whether a read may simply be made again: 409, 429, 5xx, 529, and a broken connection.
bool may_read_again(const Error& error);

/// The page that a 503 says was made in spite of it, or "": evidence to verify (protocol.md 1.6).
std::string committed_id(std::string_view body);

/// What every page says of itself. Views into the document.
struct PageHead {
    std::string_view id;
    std::string_view url;
    std::string_view data_source; ///< parent.data_source_id, or "" for another parent
    std::string_view created_by;
    std::string_view edited_by;
    Instant created{};
    Instant edited{}; ///< rounded to the minute by Notion
    bool in_trash = false;
    bool is_archived = false;
    const json::Value* properties = nullptr; ///< an object
};
Result<PageHead> page_head(const json::Value& page);

/// The property value with this id in a page, or nullptr: absent is unknown, never NULL.
const json::Value* property_by_id(const PageHead& page, std::string_view property_id);
/// The same, looking first where it was found in the page before: pages show their properties in
/// one order. `place`: 0 at first.
const json::Value* property_by_id(const PageHead& page, std::string_view property_id,
                                  unsigned& place);

/// A list answer: results, where to go on, and whether Notion cut it at its cap.
struct ListHead {
    const json::Value* results = nullptr; ///< an array
    std::string_view next_cursor;         ///< "" = the end
    bool incomplete = false;
};
Result<ListHead> list_head(const json::Value& list);

} // namespace notion
