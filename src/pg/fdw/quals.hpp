// The conditions of a query, as far as Notion can decide them, and what it promises for each.
// Assumes operators of pg_catalog mean what core says of them; every other operator, collation or
// type stays here. Decides nothing about Notion: core's classify does. scope: planning.
#pragma once

#include "pg/postgres.hpp"

#include "bridge/scan.hpp"

namespace notion::pg {

enum class OperandShape : uint8_t { none, scalar, array };

/// The table that conditions speak of.
struct Table {
    PlannerInfo* root;
    RelOptInfo* rel;
    const bridge::ScanColumn* columns; ///< all columns, by number from 1
    const Oid* types;
    int count;
    bool texts; ///< conditions on texts may be asked of Notion
};

/// What is known of a scan's conditions: `terms` as private.hpp packs them, their operands.
struct Gathered {
    List* terms;
    List* exprs;
};

/// One clause, as understood.
struct Qual {
    List* nodes; ///< IntList: kind and count of each node in prefix order
    Push push;
    bool by_id; ///< it names pages: `page_id = …`
};

/// False where the clause stays here; then nothing was added to `gathered`.
bool recognise(const Table& table, Expr* clause, Gathered* gathered, Qual* qual);

} // namespace notion::pg
