// What the files of the bridge that open calls share; not for src/pg. scope: none.
#pragma once

#include <string>

#include "bridge/client.hpp"
#include "core/notion/endpoint.hpp"

namespace notion::bridge {

/// A call with another Authorization than the endpoint's token. Throws std::bad_alloc.
Call* open_call(const Endpoint& endpoint, const std::string& authorization, notion::Call call);

} // namespace notion::bridge
