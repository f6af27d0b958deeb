// The columns of a foreign table as the bridge knows them: what each reads, and of what type.
// Assumes the table's options; refuses columns that nothing can fill, by name. scope: query.
#pragma once

#include "pg/postgres.hpp"

#include "bridge/scan.hpp"

namespace notion::pg {

/// What column `number` (from 1) of the table reads. Raises where its type cannot hold it.
/// Names point into the relation's and the catalog's caches, copied to the current context.
bridge::ScanColumn scan_column(Relation table, AttrNumber number);

/// The field that a column of this name reads where it has no options; property for all others.
bridge::Field page_field(const char* name);

/// The numbers of the columns that pull_varattnos found, those of a whole row without the dropped.
List* used_columns(const Bitmapset* used, TupleDesc description);

} // namespace notion::pg
