// What requests cost in the planner's currency. scope: none.
#pragma once

namespace notion::pg {

/// A third of a second, where a page of a table read at random costs 4.
inline constexpr double request_cost = 5000;
inline constexpr double page_rows = 100;

} // namespace notion::pg
