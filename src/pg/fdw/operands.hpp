// The operands of a scan's terms, from expressions to cells.
// What cannot be said to Notion is left out and reported, so that it is checked here.
// scope: query.
#pragma once

#include "pg/postgres.hpp"

#include "bridge/scan.hpp"
#include "pg/fdw/private.hpp"

namespace notion::pg {

/// Where operands come from: constants only (EXPLAIN), or whatever an ExprContext knows.
struct Operands {
    List* exprs;          ///< of the plan
    List* states;         ///< ExprStates, or NIL: constants only
    ExprContext* context; ///< null with NIL
};

struct Terms {
    bridge::ScanTerm* terms; ///< as planned, in their order
    int count;
    bridge::ScanQual* quals;
    int qual_count;
    std::string_view* ids; ///< of pages; only what can be one
    int id_count;
    bool by_id;   ///< there is a condition on page_id
    bool partial; ///< an operand is not known yet, or cannot be said
    bool awaits;  ///< one is not known yet (a parameter, in EXPLAIN)
};

/// `columns`, `types`: the table's, by number from 1. Allocates in the current context.
Terms make_terms(const Planned& planned, const bridge::ScanColumn* columns, const Oid* types,
                 const Operands& operands);

} // namespace notion::pg
