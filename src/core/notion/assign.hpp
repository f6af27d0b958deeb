// Assign: one row's new values as the members of requests that write a page.
// Only what was given is sent; what Notion could not hold is refused here, before the network, with
// the column in the message. What belongs to the page and not to a property goes beside it.
// scope: none.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/notion/codec.hpp"
#include "core/notion/endpoint.hpp"

namespace notion {

/// The content of a page, as Markdown: a member of the request that makes it.
inline constexpr std::string_view content_member = "markdown";
/// The template that it is made from.
inline constexpr std::string_view template_member = "template";
/// `wanted`: "default", "none", or a template's id or URL. Errors: unsendable.
Result<std::string> template_json(std::string_view wanted);

/// A value for a property, or (`beside`) for a member of the page itself: "icon", "cover",
/// content_member, template_member.
struct Assignment {
    std::string column;   ///< for messages
    std::string property; ///< its id, or its name
    bool beside = false;
    Codec codec;
    Value value;
    bool was_null = false; ///< what it replaces is known to be nothing: a new page, an old NULL
};

/// Whether the value cannot be encoded well without what the page holds now: the formatting of a
/// text, the other part of a date, the addresses of people, the names of files.
bool needs_base(const Assignment& assignment);

struct PageMembers {
    std::vector<Member> properties;
    std::vector<Member> beside;
};
/// `base`: the page's "properties", or null. Errors: unsendable, which names the column;
/// invalid_argument where two columns would write one property.
Result<PageMembers> members_of(const std::vector<Assignment>& assignments, const json::Value* base);

/// A status that its property does not have, as an error that lists those it has; Notion adds none.
/// requires: codec.options known. Done for everything else.
Status check_status(const Assignment& assignment);

inline constexpr size_t request_bytes_max = 500'000; ///< Notion's limit for a body

/// The properties in as many requests as their size needs; at least one.
/// Errors: unsendable, where a single property is larger than a request.
Result<std::vector<PageMembers>> split(PageMembers members, size_t bytes_max = request_bytes_max);

} // namespace notion
