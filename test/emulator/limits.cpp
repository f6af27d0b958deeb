// The budget of requests per token; see limits.hpp. scope: emulator.
#include "limits.hpp"

namespace emulator {

int Limits::spend(const std::string& token, int64_t elapsed_ms) {
    if (budget <= 0)
        return 0;
    Window& window = windows[token];
    if (window.used == 0 || elapsed_ms - window.started >= window_ms)
        window = {elapsed_ms, 0};
    if (window.used < budget) {
        ++window.used;
        return 0;
    }
    const int64_t left = window_ms - (elapsed_ms - window.started);
    return static_cast<int>((left + 999) / 1000);
}

} // namespace emulator
