// One HTTP call of the worker, as an object: open, step the mux (bridge/mux.hpp), look at the
// reply. Reads and writes alike: it never sends again, and says of a write that failed what is
// known of it. Refuses to wait and to take from the budget. scope: worker.
#pragma once

#include <cstdint>
#include <string_view>

#include "bridge/endpoint.hpp"
#include "bridge/fault.hpp"

namespace notion::bridge {

struct Call;

/// `request`: the JSON that sync_call, sync_poll and sync_lookup give: {"method","path","body"}.
Call* call_open(const Endpoint& endpoint, std::string_view request, Fault& fault) noexcept;
/// GET of a page with all its properties. `page`: an id.
Call* call_page(const Endpoint& endpoint, std::string_view page, Fault& fault) noexcept;
/// GET of one property's items, page by page. `cursor`: "" at first.
Call* call_items(const Endpoint& endpoint, std::string_view page, std::string_view property,
                 std::string_view cursor, Fault& fault) noexcept;
/// GET of the connection's own user: who we are in Notion.
Call* call_me(const Endpoint& endpoint, Fault& fault) noexcept;

/// The calls of OAuth: with the integration's own id and secret, not with a token.
struct OAuthClient {
    std::string_view id;
    std::string_view secret;
};
enum class OAuthErrand : uint8_t { exchange, refresh, introspect, revoke };
/// `secret`: the code of exchange, the refresh token of refresh, else the token. `redirect_uri`: of
/// exchange, as it stood in the URL; "" where it did not. Null where it could not be made.
Call* call_oauth(const Endpoint& endpoint, const OAuthClient& client, OAuthErrand errand,
                 std::string_view secret, std::string_view redirect_uri, Fault& fault) noexcept;

/// Cancels what is under way.
void call_close(Call* call) noexcept;

/// False while it is under way.
bool call_is_done(const Call* call) noexcept;

/// Views stay valid until call_close. requires: call_is_done.
struct Reply {
    int32_t status;   ///< 0: no answer
    bool handed_over; ///< a byte of the request may have reached Notion
    std::string_view body;
    int64_t retry_after_ms; ///< < 0: not said
    int64_t date_ms;        ///< Notion's clock; < 0: not said
    std::string_view request_id;
};
Reply call_reply(const Call* call) noexcept;

/// Why the call is no 200, in Notion's words or the transport's. requires: call_is_done.
void call_fault(const Call* call, Fault& fault) noexcept;

/// `before` (a JSON array) and what an answer to call_items adds to it; "" where it is no list.
/// Views into the call; `cursor`: where it goes on, "" at the end.
std::string_view call_list(Call* call, std::string_view before, std::string_view& cursor) noexcept;

/// The id of the user in an answer to call_me: "" where it has none. A view into the call.
std::string_view call_user(Call* call) noexcept;

} // namespace notion::bridge
