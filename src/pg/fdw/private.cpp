// What the planner hands to the executor: see the header. scope: plan.
#include "pg/postgres.hpp"

#include "pg/fdw/private.hpp"

namespace notion::pg {

List* pack(const Planned& planned) {
    List* numbers = list_make5_int(planned.id_term, planned.limit, planned.read_ahead,
                                   planned.exact, planned.requests);
    numbers = lappend_int(lappend_int(numbers, planned.sort), planned.descending);
    return list_make5(planned.columns, planned.recheck_columns, planned.quals, planned.terms,
                      numbers);
}

Planned unpack(List* fdw_private) {
    auto* numbers = static_cast<List*>(list_nth(fdw_private, 4));
    Planned planned;
    planned.columns = static_cast<List*>(linitial(fdw_private));
    planned.recheck_columns = static_cast<List*>(lsecond(fdw_private));
    planned.quals = static_cast<List*>(lthird(fdw_private));
    planned.terms = static_cast<List*>(lfourth(fdw_private));
    planned.id_term = list_nth_int(numbers, 0);
    planned.limit = list_nth_int(numbers, 1);
    planned.read_ahead = list_nth_int(numbers, 2) != 0;
    planned.exact = list_nth_int(numbers, 3);
    planned.requests = list_nth_int(numbers, 4);
    planned.sort = static_cast<AttrNumber>(list_nth_int(numbers, 5));
    planned.descending = list_nth_int(numbers, 6) != 0;
    return planned;
}

List* pack_qual(const Qual& qual) {
    return lcons_int(static_cast<int>(qual.push), qual.nodes);
}

List* pack_term(const PlannedTerm& term) {
    return list_make4_int(term.column, static_cast<int>(term.op), static_cast<int>(term.shape),
                          term.operand);
}

PlannedTerm unpack_term(List* term) {
    return {static_cast<AttrNumber>(list_nth_int(term, 0)),
            static_cast<Operator>(list_nth_int(term, 1)),
            static_cast<OperandShape>(list_nth_int(term, 2)), list_nth_int(term, 3)};
}

} // namespace notion::pg
