// One request of a person's own choice (notion.api), to the answer or to what is known of it.
// The path is checked to stay below /v1/ of the server's own address. What may have been done is
// an error that says so, never sent again. Refuses to wait: see turn.hpp. scope: call.
#pragma once

#include <cstdint>
#include <string_view>

#include "bridge/endpoint.hpp"
#include "bridge/turn.hpp"

namespace notion::bridge {

struct Api;

/// `method`: GET, POST, PATCH or DELETE. `body`: JSON, "" = none. Errors: invalid_argument.
Api* api_open(const Endpoint& endpoint, std::string_view method, std::string_view path,
              std::string_view body, Fault& fault) noexcept;
void api_shut(Api* api) noexcept;
/// asks: api_send. done: api_answer.
Step api_next(Api* api, int64_t now_ms, Fault& fault) noexcept;
bool api_send(Api* api, Fault& fault) noexcept;
/// The answer as JSON that jsonb can hold. requires: done.
/// Notion's id of the request; "" where it named none. requires: done.
const char* api_request_id(const Api* api) noexcept;
std::string_view api_answer(const Api* api) noexcept;
/// Whether it can have changed anything: all but GET, searches and queries.
bool api_writes(const Api* api) noexcept;
/// As modify_in_doubt.
bool api_in_doubt(const Api* api, std::string_view why, Fault& fault) noexcept;

} // namespace notion::bridge
