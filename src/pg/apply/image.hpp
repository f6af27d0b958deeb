// Images: whole rows, as JSON, of a table whose row goes with its page and comes back with it; and
// the mark that says it went. As the table's owner (owner.hpp).
// scope: call.
#pragma once

#include "pg/apply/linked.hpp"
#include "pg/apply/owner.hpp"

namespace notion::pg::apply {

/// to_jsonb of the row; "null" where it is not there.
bool read_image(const Linked& linked, std::string_view key, std::string_view* image,
                Refusal* refusal);
/// Inserts the row of an image: every column that PostgreSQL does not compute.
bool revive_row(const Linked& linked, std::string_view image, Refusal* refusal);
/// Sets the column of on_notion_trash: a boolean says whether, a time since when, a text 'trashed'.
bool mark_row(const Linked& linked, std::string_view key, std::string_view column, bool trashed,
              Refusal* refusal);

} // namespace notion::pg::apply
