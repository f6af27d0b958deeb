// Request: the calls of the sync, as method, path and body: writes of a wish, look-ups, polls.
// Refuses a wish that Notion could not hold, before the network, naming the column.
// scope: none.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/notion/endpoint.hpp"
#include "core/sync/mapping.hpp"

namespace notion::sync {

struct Request {
    Call call;
    Cell marker; ///< of a create: byte for byte as sent
};
/// `key` is the row's, for the marker of a create. Errors: unsendable, invalid_argument.
Result<Request> request_of(const Link& link, const Mapping& mapping, const Wish& wish,
                           std::string_view key);

inline constexpr size_t markers_max = 100; ///< Notion's limit for one level of a filter
/// Pages by marker, for creates with an unknown outcome. Errors: invalid_argument.
Result<Call> look_up(const Link& link, const std::vector<std::string>& markers);

/// Pages edited since, oldest edit first.
Call poll(const Link& link, std::string_view since, std::string_view cursor);
/// All pages, oldest first, an order in which no edit moves them; `since` "" or those created
/// since.
Call scan(const Link& link, std::string_view since, std::string_view cursor);

} // namespace notion::sync
