// A request and its answer as plain data, apart from any socket.
// scope: call.
#pragma once

#include "uuid.hpp"

#include <string>
#include <utility>
#include <vector>

namespace emulator {

struct Request {
    std::string method;
    std::string path;
    std::string query; // as sent, without the question mark
    std::string authorization;
    std::string version;
    bool accepts_gzip = false;
    std::string body;
};

struct Reply {
    int status = 200;
    std::string body;
    std::string content_type = "application/json; charset=utf-8";
    std::string request_id;
    int retry_after_s = 0;
    std::string location; ///< of a redirect
    /// The gate adds request_id to the JSON object in `body`.
    bool add_request_id = true;
};

} // namespace emulator
