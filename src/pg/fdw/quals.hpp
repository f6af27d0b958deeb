// The conditions of a query, as far as Notion can decide them, and what it promises for each.
// Assumes operators of pg_catalog mean what core says of them; every other operator, collation or
// type stays here. Decides nothing about Notion: core's classify does. scope: planning.
#pragma once

#include "pg/postgres.hpp"

#include "bridge/scan.hpp"

namespace notion::pg {

enum class OperandShape : uint8_t { none, scalar, array };

/// `column op operand`, as recognised in a clause.
struct Qual {
    AttrNumber column;
    bridge::Field field;
    Operator op;
    Push push;
    OperandShape shape;
    Expr* operand; ///< null where shape is none
};

/// False where the clause stays here. `columns`: all columns of the table, by number from 1.
bool recognise(PlannerInfo* root, RelOptInfo* rel, const bridge::ScanColumn* columns,
               const Oid* types, int column_count, Expr* clause, Qual* qual);

} // namespace notion::pg
