// What the planner hands to the executor: a ForeignScan's fdw_private and fdw_exprs, written by
// plan.cpp and read by scan.cpp and explain.cpp. Lists of nodes only, since plans are copied.
// scope: plan.
#pragma once

#include "pg/fdw/quals.hpp"

namespace notion::pg {

/// One term: the operand is the n-th of fdw_exprs, -1 for none.
struct PlannedTerm {
    AttrNumber column;
    Operator op;
    OperandShape shape;
    int operand;
};

struct Planned {
    List* columns;         ///< IntList: numbers of the columns that the query reads
    List* recheck_columns; ///< IntList: and those of exact conditions
    List* quals;           ///< List of IntList: promise, then nodes; by pack_qual
    List* terms;           ///< List of IntList
    int id_term;           ///< the term with the pages' ids, -1 for none
    int limit;             ///< rows that are enough, 0 = not known
    bool read_ahead;
    int exact;       ///< the first of fdw_recheck_quals; the wide ones follow
    int requests;    ///< estimate
    AttrNumber sort; ///< the column by which Notion sorts, 0 for none
    bool descending;
};

List* pack(const Planned& planned);
Planned unpack(List* fdw_private);
/// Makes `qual.nodes` its own.
List* pack_qual(const Qual& qual);
List* pack_term(const PlannedTerm& term);
PlannedTerm unpack_term(List* term);

} // namespace notion::pg
