// A page's content as Markdown, read for a backend: one request, or several where Notion cuts it.
// scope: call.
#pragma once

#include "pg/connection.hpp"
#include "pg/talk.hpp"

namespace notion::pg {

/// UTF-8, palloc'd in the current context; waits, within the budget. Raises what Notion says.
std::string_view read_content(const Connection* connection, Talk* talk, std::string_view page);

} // namespace notion::pg
