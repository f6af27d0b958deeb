// A row's key as one text, for capture and apply: see core/sync/key.hpp. scope: none.
#pragma once

#include "core/sync/key.hpp"

namespace notion::bridge {

using sync::join_key;
using sync::joined_key_size;
using sync::split_key;

} // namespace notion::bridge
