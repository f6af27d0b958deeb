// Outcome: what an exchange says about a write: the second table of docs/sync.md.
// Whatever is not a certain yes or no is unknown; nothing is sent again on a guess.
// scope: none.
#pragma once

#include <cstdint>
#include <string_view>

namespace notion::sync {

enum class Outcome : uint8_t {
    done,
    certain_no, ///< may be tried again
    permanent,  ///< would not succeed either: a failure in Notion's words
    look,       ///< 400, 404 or 409 on a mapped page: GET it
    link_rests, ///< 401, 403
    verify,     ///< 503 that names what was committed
    unknown,
};

struct Exchange {
    bool is_create = false;
    bool handed_over = true; ///< a byte of the request's body may have left
    int32_t status = 0;      ///< 0: no answer
    std::string_view body;
};
Outcome outcome(const Exchange& exchange);

} // namespace notion::sync
