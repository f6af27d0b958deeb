// Key: see the header.
// scope: none.
#include "core/sync/key.hpp"

#include <algorithm>

namespace notion::sync {
namespace {

constexpr char separator = '/';
constexpr char escape = '\\';

bool is_special(char c) {
    return c == separator || c == escape;
}

} // namespace

size_t joined_key_size(std::span<const std::string_view> parts) noexcept {
    if (parts.size() == 1)
        return parts[0].size();
    size_t size = parts.empty() ? 0 : parts.size() - 1;
    for (std::string_view part : parts)
        size += part.size() + static_cast<size_t>(std::ranges::count_if(part, is_special));
    return size;
}

void join_key(std::span<const std::string_view> parts, char* out) noexcept {
    if (parts.size() == 1) {
        std::ranges::copy(parts[0], out);
        return;
    }
    bool first = true;
    for (std::string_view part : parts) {
        if (!first)
            *out++ = separator;
        first = false;
        if (std::ranges::none_of(part, is_special)) {
            out = std::ranges::copy(part, out).out;
            continue;
        }
        for (char c : part) {
            if (is_special(c))
                *out++ = escape;
            *out++ = c;
        }
    }
}

bool split_key(std::string_view key, std::span<std::string_view> parts, char* room) noexcept {
    if (parts.size() == 1) {
        parts[0] = key;
        return true;
    }
    size_t found = 0;
    char* begin = room;
    for (size_t i = 0; i <= key.size(); i++) {
        if (i == key.size() || key[i] == separator) {
            if (found == parts.size())
                return false;
            parts[found++] = {begin, static_cast<size_t>(room - begin)};
            begin = room;
            continue;
        }
        if (key[i] == escape && (++i == key.size() || !is_special(key[i])))
            return false;
        *room++ = key[i];
    }
    return found == parts.size();
}

} // namespace notion::sync
