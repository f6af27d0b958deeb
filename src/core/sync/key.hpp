// Key: a row's key as one text: the value itself of one column; of several, their values joined by
// "/", with "/" and "\" inside a value escaped by "\". People read it in the marker ("2026/17"),
// and it is unambiguous. Refuses to allocate: capture calls it with PostgreSQL's memory.
// scope: none.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace notion::sync {

/// Bytes that join_key writes.
size_t joined_key_size(std::span<const std::string_view> parts) noexcept;
/// requires: room for joined_key_size(parts) at `out`.
void join_key(std::span<const std::string_view> parts, char* out) noexcept;
/// The values of a key of parts.size() columns, as views into `room`, which holds key.size() bytes.
/// False where the key has another number of parts, or ends in the middle of an escape.
bool split_key(std::string_view key, std::span<std::string_view> parts, char* room) noexcept;

} // namespace notion::sync
