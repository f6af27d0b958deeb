// Fields: what a row that is written changes, as notion.log keeps it. Long values are cut, and what
// finds no room is left out: the names of all columns stand beside it. scope: call.
#pragma once

#include "pg/postgres.hpp"

namespace notion::pg {

/// A value: its words in the current context, null: NULL.
struct Known {
    Oid type;
    Datum value;
    bool null;
};

/// Adds {"column": {"from": …, "to": …}}; `from` null: what was there is not known.
void fields_add(StringInfo fields, const char* column, const Known* from, const Known& to);
/// The object; empty where nothing was added.
const char* fields_end(StringInfo fields);

} // namespace notion::pg
