// The table of endpoints, and which of them a path means.
// scope: call.
#pragma once

#include "world.hpp"

namespace emulator {

using Handler = Reply (*)(World&, const Call&);

struct Route {
    std::string_view method;
    std::string_view pattern; // segments that begin with a colon are arguments
    Handler handler;
};

/// The route and its arguments; null where no endpoint has such a path and method.
const Route* find_route(std::string_view method, std::string_view path,
                        std::vector<std::string>& arguments);
bool fits_path(std::string_view pattern, std::string_view path,
               std::vector<std::string>& arguments);
std::string percent_decoded(std::string_view text, bool plus_is_space);
std::vector<std::pair<std::string, std::string>> read_query(std::string_view query);

} // namespace emulator
