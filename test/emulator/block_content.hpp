// The content of a block under its type's key: order of members and defaults as recorded.
// scope: call.
#pragma once

#include "edit.hpp"

namespace emulator {

/// Overlays what was sent on what the block holds; sets content and plain text.
void fill_content(World& world, Block& block, const Json& sent, const std::string& path);
bool is_block_type(std::string_view type);
/// The type key of a block in a request; refuses where there is none.
std::string block_type_of(const Json& wish, const std::string& path);

} // namespace emulator
