// Column values of PostgreSQL, to and from cells: types, typmods, domains, enums and encodings are
// honoured here, since the executor coerces nothing that a foreign table returns (postgres.md 45).
// Assumes a cell is of the kind that core/notion/value.hpp gives for the column's type.
// scope: query (Shape), none (the functions).
#pragma once

#include "pg/postgres.hpp"

#include "bridge/cell.hpp"

namespace notion::pg {

/// How one column's values are made. Zero-initialise, then shape_of.
struct Shape {
    Oid type; ///< as declared; may be a domain
    int32 typmod;
    Oid base; ///< below all domains
    int32 base_typmod;
    ColumnType column;
    Oid element; ///< of arrays, as the next four
    int16 element_length;
    bool element_by_value;
    char element_align;
    bool element_is_enum;
    bool is_enum;
    bool is_domain;
    void* domain_cache;
    FmgrInfo input;
    Oid input_parameter;
    FmgrInfo output;
};

/// False where no column of this type can be filled from Notion.
/// `context`: where what it looks up is kept.
bool shape_of(Oid type, int32 typmod, MemoryContext context, Shape* shape);
/// The ColumnType alone, for planning: no look-ups are kept.
bool column_type_of(Oid type, ColumnType* column);

struct Placed {
    Datum value;
    bool null;
    const char* misfit; ///< why the value does not fit the column's type; null: it does
};
/// Allocates in the current context. A domain's constraints raise their own errors.
Placed to_datum(const bridge::Cell& cell, Shape* shape);

/// False where the value has no form in core (infinity, NaN, BC): it cannot be said to Notion.
/// What the cell points to is allocated in the current context, in UTF-8.
bool from_datum(Datum value, bool null, Shape* shape, bridge::Cell* cell);

/// UTF-8 to the database's encoding, palloc'd and terminated; raises where it has no form there.
char* server_text(std::string_view utf8);
/// The database's encoding to UTF-8.
std::string_view utf8_text(const char* text);

} // namespace notion::pg
