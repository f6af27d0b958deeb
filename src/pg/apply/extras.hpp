// Extras: what a link adds to what the core decides of a row: content and template of a page that
// is to be made, and what is never sent (notion.link's content, template, forbid).
// scope: step.
#pragma once

#include "pg/apply/linked.hpp"
#include "pg/apply/owner.hpp"

namespace notion::pg::apply {

/// Adds to `told`, what sync_decide gave, "content" and "template" of a create. `why_not`: the link
/// forbids to send this row, else null. False where the table refused to be read.
/// requires: SPI connected.
bool add_extras(const Linked& linked, std::string_view key, std::string_view* told,
                const char** why_not, Refusal* refusal);

/// The text of one column of the row, which need not be paired; null where it is NULL or the row is
/// not there. False where the table refused to be read.
bool read_text(const Linked& linked, std::string_view key, const char* column, const char** words,
               Refusal* refusal);

/// Where the link's content goes outward too: whether the row's wants its page to be written.
/// False where the table refused to be read. requires: the row is there; SPI connected.
bool wish_content(const Linked& linked, std::string_view key, bool* wished,
                  Refusal* refusal); // content.cpp

} // namespace notion::pg::apply
