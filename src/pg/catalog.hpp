// The data sources that a role sees through a server, read to the end.
// Assumes the caller checked USAGE on the server. scope: call.
#pragma once

#include "pg/postgres.hpp"

#include "bridge/catalog.hpp"

namespace notion::pg {

/// Makes the requests, waits for them, and raises what went wrong: none shared is an error, too.
/// `data_source`: id or URL, "" = all. The result belongs to `context`.
bridge::Catalog* read_catalog(Oid server, Oid role, const char* data_source, bool exact_names,
                              MemoryContext context);

} // namespace notion::pg
