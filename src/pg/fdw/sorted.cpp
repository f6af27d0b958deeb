// Sorting here what Notion was to sort: see the header. scope: query.
#include "pg/postgres.hpp"

#include "pg/fdw/scan.hpp"
#include "pg/fdw/sorted.hpp"

namespace notion::pg {

Sorted* sorted_begin(ForeignScanState* node, const Running* running) {
    MemoryContext before = MemoryContextSwitchTo(node->ss.ps.state->es_query_cxt);
    TupleDesc description = RelationGetDescr(node->ss.ss_currentRelation);
    auto number = static_cast<AttrNumber>(running->planned.sort);
    Form_pg_attribute attribute = TupleDescAttr(description, number - 1);
    TypeCacheEntry* type =
        lookup_type_cache(getBaseType(attribute->atttypid), TYPECACHE_LT_OPR | TYPECACHE_GT_OPR);
    Oid by = running->planned.descending ? type->gt_opr : type->lt_opr;
    bool nulls_first = false; // there are none (core's sorts_alike)
    auto* sorted = static_cast<Sorted*>(palloc0(sizeof(Sorted)));
    sorted->rows = tuplesort_begin_heap(description, 1, &number, &by, &attribute->attcollation,
                                        &nulls_first, work_mem, nullptr, TUPLESORT_ALLOWBOUNDED);
    if (running->planned.limit > 0) // nobody asks for more
        tuplesort_set_bound(sorted->rows, running->planned.limit);
    sorted->slot = ExecInitExtraTupleSlot(node->ss.ps.state, description, &TTSOpsMinimalTuple);
    MemoryContextSwitchTo(before);
    return sorted;
}

void sorted_add(Sorted* sorted, TupleTableSlot* slot) {
    tuplesort_puttupleslot(sorted->rows, slot);
}

TupleTableSlot* sorted_next(Sorted* sorted) {
    if (!sorted->complete)
        tuplesort_performsort(sorted->rows);
    sorted->complete = true;
    bool found = tuplesort_gettupleslot(sorted->rows, true, false, sorted->slot, nullptr);
    return found ? sorted->slot : nullptr;
}

void sorted_end(Sorted* sorted) {
    if (sorted != nullptr)
        tuplesort_end(sorted->rows);
}

} // namespace notion::pg
