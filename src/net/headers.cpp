// See headers.hpp. scope: value.
#include "net/headers.hpp"

#include <algorithm>

namespace notion::net {

namespace {

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

} // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, {}, lower, lower);
}

std::string_view Headers::find(std::string_view name) const {
    for (auto field = fields.rbegin(); field != fields.rend(); ++field)
        if (equal_ignoring_case(field->first, name))
            return field->second;
    return {};
}

} // namespace notion::net
