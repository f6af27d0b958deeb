// A call of Notion's API as the HTTP request that it is, for everything that speaks to a workspace;
// and an Endpoint that outlives the call that gave it. Inside the bridge only. scope: none.
#pragma once

#include <string>

#include "bridge/endpoint.hpp"
#include "core/notion/endpoint.hpp"
#include "net/exchange.hpp"

namespace notion::bridge {

/// An Endpoint that outlives the call. The token is not copied: see Token.
class KeptEndpoint {
  public:
    explicit KeptEndpoint(const Endpoint& from);
    Endpoint view() const;

  private:
    std::string api_url_, api_version_, proxy_, ca_file_;
    Endpoint rest_;
};

/// With the endpoint's token, as it is now.
net::Request request_to(const Endpoint& endpoint, notion::Call call);
/// With another value of the header Authorization.
net::Request request_to(const Endpoint& endpoint, notion::Call call,
                        const std::string& authorization);

} // namespace notion::bridge
