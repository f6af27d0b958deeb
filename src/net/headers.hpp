// HTTP header fields as received, in order, and a look-up that ignores case.
// Assumes few fields (both ends bound their size); a repeated field: the last one counts.
// scope: value.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace notion::net {

struct Headers {
    std::vector<std::pair<std::string, std::string>> fields;

    // The value without surrounding blanks; empty where the field is absent.
    std::string_view find(std::string_view name) const;
};

// ASCII only, as RFC 9110 section 5.1 compares field names.
bool equal_ignoring_case(std::string_view a, std::string_view b);

} // namespace notion::net
