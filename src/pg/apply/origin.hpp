// Origin: whose change a transaction makes, for triggers that want to know: notion.applying() and
// notion.actor(). Set by apply around the merge of a page; false and null everywhere else.
// scope: backend.
#pragma once

namespace notion::pg::apply {

/// editor: the id of who edited the page last; "" where it is not known.
void begin_applying(const char* editor);
void end_applying();

} // namespace notion::pg::apply
