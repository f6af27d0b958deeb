// References: columns that hold the key of a row of another linked table. The core sees pages in
// place of keys; what cannot be followed yet is left out, and waits (extension/41-references.sql).
// requires: SPI connected, a link that refers.
// scope: call.
#pragma once

#include "pg/apply/rows.hpp"

namespace notion::pg::apply {

/// Pages in place of keys in a row as it was read, and for what its references wait.
void follow_row(const Linked& linked, Row* row);

/// Which relations of a snapshot cannot be followed, into the `times` of sync_merge; for what they
/// wait. `key` and `mapping`: "" for a page without a row.
std::string_view follow_page(const Linked& linked, std::string_view key, std::string_view mapping,
                             std::string_view snapshot, std::string_view* times);

/// Keys in place of pages in what is to be written. False where a row is gone meanwhile.
bool unfollow(const Linked& linked, std::string_view* write);

/// For what a row (its key; the page's id where it has none) waits, in place of what it waited for
/// before. rows: for pages of rows; pages: for rows of pages.
enum class Waiting : uint8_t { rows, pages };
void keep_waits(const Linked& linked, std::string_view key, Waiting waiting,
                std::string_view waits);

/// Why a page is not created yet: one to which it relates is about to be. Null: nothing is.
const char* why_behind(const Linked& linked, std::string_view key, std::string_view waits);

} // namespace notion::pg::apply
