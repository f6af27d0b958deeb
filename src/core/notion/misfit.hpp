// Misfit: the errors that decode, canon and encode share. Values only in DETAIL.
// scope: none.
#pragma once

#include <string>
#include <string_view>

#include "core/notion/codec.hpp"

namespace notion {

/// The column cannot hold the value; `why` is a sentence about it.
Error misfit(const Codec& codec, std::string why);
/// Notion cannot hold the value.
Error unsendable(const Codec& codec, std::string why, std::string hint = {});
/// Notion's JSON has not the shape of its type.
Error misshapen(std::string_view what);
/// A value for DETAIL: in quotes, cut.
std::string quoted(std::string_view text);

} // namespace notion
