// What Notion allows, and the budget of requests per token.
// The budget's windows run on elapsed time: real time plus what the control plane advances.
// scope: emulator.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace emulator {

struct Limits {
    int64_t budget = 180; // requests per window and token; 0: no budget
    int64_t window_ms = 60'000;
    int64_t query_results = 10'000;
    int64_t latency_ms = 0;
    int64_t body_bytes = 500 * 1024; // "500 KB per payload"
    int64_t rows_per_source = 250'000;
    int64_t properties_per_source = 500;
    int64_t markdown_blocks = 20'000; // about as many as Notion renders of a page at once
    size_t references_shown = 25;
    size_t render_cache_bytes = size_t{1} << 30; // texts of pages kept ready

    struct Window {
        int64_t started = 0;
        int64_t used = 0;
    };
    std::map<std::string, Window> windows;

    /// Counts one request; 0 if it is within the budget, else the seconds until the window ends.
    int spend(const std::string& token, int64_t elapsed_ms);
};

} // namespace emulator
