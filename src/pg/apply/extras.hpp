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

} // namespace notion::pg::apply
