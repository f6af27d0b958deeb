// ORDER BY with LIMIT: see the header. A sort is worth leaving to Notion only where it saves
// requests, and safe only within one answer: while a longer list is read, an edit may move a page
// from where it was not read yet to where it was. scope: planning.
#include "pg/postgres.hpp"

#include "pg/fdw/cost.hpp"
#include "pg/fdw/private.hpp"
#include "pg/fdw/upper.hpp"

namespace notion::pg {
namespace {

AttrNumber column_of(const Table& table, const EquivalenceClass* members) {
    ListCell* cell;
    foreach (cell, members->ec_members) {
        auto* member = castNode(EquivalenceMember, lfirst(cell));
        Expr* expr = member->em_expr;
        while (IsA(expr, RelabelType))
            expr = castNode(RelabelType, expr)->arg;
        if (!IsA(expr, Var))
            continue;
        auto* var = castNode(Var, expr);
        if (static_cast<Index>(var->varno) == table.rel->relid && var->varlevelsup == 0 &&
            var->varattno > 0 && var->varattno <= table.count)
            return var->varattno;
    }
    return 0;
}

bool is_descending(const PathKey* key) {
#if PG_VERSION_NUM >= 180000
    return key->pk_cmptype == COMPARE_GT;
#else
    return key->pk_strategy == BTGreaterStrategyNumber;
#endif
}

/// Whether a condition that Notion decides alone keeps NULLs of the column out. Those that are
/// joined by OR do not count.
bool is_filled(List* quals, List* terms, AttrNumber column) {
    ListCell* cell;
    foreach (cell, quals) {
        auto* qual = static_cast<List*>(lfirst(cell));
        if (list_length(qual) != 3 || static_cast<Push>(linitial_int(qual)) != Push::exact ||
            static_cast<NodeKind>(lsecond_int(qual)) != NodeKind::leaf)
            continue;
        PlannedTerm term = unpack_term(static_cast<List*>(list_nth(terms, lthird_int(qual))));
        bool strict = term.op <= Operator::greater_equal || term.op == Operator::is_not_null ||
                      term.op == Operator::any_of;
        if (term.column == column && strict)
            return true;
    }
    return false;
}

} // namespace

bool top_order(const Table& table, List* quals, List* terms, Top* top) {
    const PlannerInfo* root = table.root;
    if (list_length(root->sort_pathkeys) != 1 || root->limit_tuples > page_rows)
        return false;
    auto* key = static_cast<const PathKey*>(linitial(root->sort_pathkeys));
    AttrNumber column = column_of(table, key->pk_eclass);
    if (column == 0 || key->pk_opfamily >= FirstGenbkiObjectId ||
        !bridge::scan_sorts_alike(table.columns[column - 1], is_filled(quals, terms, column)))
        return false;
    if (top != nullptr)
        *top = {column, is_descending(key)};
    return true;
}

} // namespace notion::pg
