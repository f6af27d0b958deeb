// Pages that a statement wrote through a foreign table whose data source is linked: the worker
// reads them when the statement's transaction has committed (protocol.md 1.10), as it reads what
// an event names. Runs as the owner of the extension's tables. scope: transaction.
#pragma once

#include "pg/postgres.hpp"

namespace notion::pg {

/// Whether some link has this data source. `id`: as text, a uuid.
bool is_linked(std::string_view data_source);
void page_is_due(std::string_view data_source, std::string_view page);

} // namespace notion::pg
