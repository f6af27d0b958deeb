// Running a look-up: see the header. The outer rows of a batch are kept, hashed by their key; what
// Notion finds for all keys streams past them, so that memory is that of a batch, however many
// pages there are. scope: query.
#include "pg/postgres.hpp"

#include "pg/fdw/lookup.hpp"
#include "pg/fdw/scan.hpp"

namespace notion::pg {
namespace {

/// Rows with the same few keys: not all of a large table at once.
constexpr int rows_a_batch = 1000;
constexpr int buckets = 256;

struct OuterRow {
    MinimalTuple tuple;
    uint32 hash;
    int next; ///< in the bucket, -1 at the end
    bool matched;
    bool has_key;
};

enum class Phase : uint8_t { gather, probe, unmatched, done };

struct Lookup {
    CustomScanState custom; ///< first
    PlannedLookup planned;
    ExprState* outer_key;
    Oid key_type;
    ExprState* on;
    PlanState* outer;
    ForeignScanState* inner;
    TupleTableSlot* outer_slot;
    TypeCacheEntry* type;
    MemoryContext batch; ///< rows and keys of the batch
    Phase phase;
    OuterRow* rows;
    int count;
    int heads[buckets];
    Datum* keys;
    int key_count;
    bool outer_ended;
    int at; ///< in phase unmatched: the row looked at next; in probe: in the bucket
    bool inner_row;
    int64 batches;
};

Lookup* of(CustomScanState* node) {
    return reinterpret_cast<Lookup*>(node);
}

void no_nulls(Lookup* lookup) {
    TupleTableSlot* slot = lookup->custom.ss.ss_ScanTupleSlot;
    ExecClearTuple(slot);
    memset(slot->tts_isnull, true, sizeof(bool) * slot->tts_tupleDescriptor->natts);
}

void put_outer(Lookup* lookup, TupleTableSlot* from) {
    TupleTableSlot* slot = lookup->custom.ss.ss_ScanTupleSlot;
    slot_getallattrs(from);
    for (int at = 0; at < lookup->planned.outer_count; at++) {
        slot->tts_values[at] = from->tts_values[at];
        slot->tts_isnull[at] = from->tts_isnull[at];
    }
}

void put_inner(Lookup* lookup, TupleTableSlot* from) {
    TupleTableSlot* slot = lookup->custom.ss.ss_ScanTupleSlot;
    const PlannedLookup& planned = lookup->planned;
    slot_getallattrs(from);
    int to = planned.outer_count;
    for (int at = 0; at < planned.inner_count; at++, to++) {
        slot->tts_values[to] = from->tts_values[at];
        slot->tts_isnull[to] = from->tts_isnull[at];
    }
}

uint32 hash_of(const Lookup* lookup, Datum key) {
    if (!lookup->planned.hashed)
        return 0;
    return DatumGetUInt32(
        FunctionCall1Coll(&lookup->type->hash_proc_finfo, lookup->planned.collation, key));
}

bool is_known_key(const Lookup* lookup, Datum key, uint32 hash) {
    for (int at = lookup->heads[hash % buckets]; at >= 0; at = lookup->rows[at].next)
        if (lookup->rows[at].has_key && lookup->rows[at].hash == hash)
            for (int known = 0; known < lookup->key_count; known++)
                if (datumIsEqual(lookup->keys[known], key, lookup->type->typbyval,
                                 lookup->type->typlen))
                    return true;
    return false;
}

/// Takes a row of the outer side into the batch.
void keep(Lookup* lookup, TupleTableSlot* slot) {
    MemoryContext before = MemoryContextSwitchTo(lookup->batch);
    ExprContext* context = lookup->custom.ss.ps.ps_ExprContext;
    no_nulls(lookup);
    put_outer(lookup, slot);
    ExecStoreVirtualTuple(lookup->custom.ss.ss_ScanTupleSlot);
    context->ecxt_scantuple = lookup->custom.ss.ss_ScanTupleSlot;
    bool null;
    Datum key = ExecEvalExpr(lookup->outer_key, context, &null);
    OuterRow* row = &lookup->rows[lookup->count];
    memset(row, 0, sizeof *row);
    row->tuple = ExecCopySlotMinimalTuple(slot);
    row->next = -1;
    row->has_key = !null;
    if (!null) {
        if (lookup->type->typlen == -1)
            key = PointerGetDatum(PG_DETOAST_DATUM(key));
        row->hash = hash_of(lookup, key);
        if (!is_known_key(lookup, key, row->hash))
            lookup->keys[lookup->key_count++] =
                datumCopy(key, lookup->type->typbyval, lookup->type->typlen);
        row->next = lookup->heads[row->hash % buckets];
        lookup->heads[row->hash % buckets] = lookup->count;
    }
    lookup->count++;
    MemoryContextSwitchTo(before);
    ResetExprContext(context);
}

/// Hands the keys to the foreign scan, which begins anew.
void ask(Lookup* lookup) {
    MemoryContext before = MemoryContextSwitchTo(lookup->batch);
    ArrayType* array =
        construct_array(lookup->keys, lookup->key_count, lookup->key_type, lookup->type->typlen,
                        lookup->type->typbyval, lookup->type->typalign);
    MemoryContextSwitchTo(before);
    ExprContext* context = lookup->inner->ss.ps.ps_ExprContext;
    context->caseValue_datum = PointerGetDatum(array);
    context->caseValue_isNull = false;
    ExecReScan(&lookup->inner->ss.ps);
    lookup->batches++;
}

bool needs_unmatched(const Lookup* lookup) {
    return lookup->planned.type == JOIN_LEFT || lookup->planned.type == JOIN_ANTI;
}

void gather(Lookup* lookup) {
    MemoryContextReset(lookup->batch);
    lookup->rows =
        static_cast<OuterRow*>(MemoryContextAlloc(lookup->batch, sizeof(OuterRow) * rows_a_batch));
    lookup->keys =
        static_cast<Datum*>(MemoryContextAlloc(lookup->batch, sizeof(Datum) * keys_a_lookup));
    for (int& head : lookup->heads)
        head = -1;
    lookup->count = lookup->key_count = 0;
    while (lookup->count < rows_a_batch && lookup->key_count < keys_a_lookup) {
        TupleTableSlot* slot = lookup->outer_ended ? nullptr : ExecProcNode(lookup->outer);
        if (slot == nullptr || TupIsNull(slot)) {
            lookup->outer_ended = true;
            break;
        }
        keep(lookup, slot);
    }
    lookup->at = 0;
    lookup->inner_row = false;
    lookup->phase = lookup->count == 0        ? Phase::done
                    : lookup->key_count > 0   ? Phase::probe
                    : needs_unmatched(lookup) ? Phase::unmatched
                                              : Phase::gather;
    if (lookup->phase == Phase::probe)
        ask(lookup);
}

/// A row of the batch beside what stands in the slot as inner side.
void show(Lookup* lookup, const OuterRow& row) {
    ExecStoreMinimalTuple(row.tuple, lookup->outer_slot, false);
    put_outer(lookup, lookup->outer_slot);
}

/// The next inner row into the slot; false at their end.
bool next_inner(Lookup* lookup) {
    TupleTableSlot* inner = ExecProcNode(&lookup->inner->ss.ps);
    if (TupIsNull(inner))
        return false;
    TupleTableSlot* slot = lookup->custom.ss.ss_ScanTupleSlot;
    no_nulls(lookup);
    put_inner(lookup, inner);
    ExecStoreVirtualTuple(slot);
    int key = lookup->planned.outer_count + lookup->planned.key;
    bool null = slot->tts_isnull[key];
    uint32 hash = null ? 0 : hash_of(lookup, slot->tts_values[key]);
    lookup->at = null ? -1 : lookup->heads[hash % buckets];
    return true;
}

/// True where a joined row stands in the slot.
bool probe(Lookup* lookup) {
    ExprContext* context = lookup->custom.ss.ps.ps_ExprContext;
    while (true) {
        if (!lookup->inner_row || lookup->at < 0) {
            lookup->inner_row = next_inner(lookup);
            if (!lookup->inner_row) {
                lookup->at = 0;
                lookup->phase = needs_unmatched(lookup) ? Phase::unmatched : Phase::gather;
                return false;
            }
            continue;
        }
        OuterRow& row = lookup->rows[lookup->at];
        lookup->at = row.next;
        bool once = lookup->planned.type == JOIN_SEMI || lookup->planned.type == JOIN_ANTI;
        if (once && row.matched)
            continue;
        show(lookup, row);
        ResetExprContext(context);
        context->ecxt_scantuple = lookup->custom.ss.ss_ScanTupleSlot;
        if (!ExecQual(lookup->on, context))
            continue;
        row.matched = true;
        if (lookup->planned.type != JOIN_ANTI)
            return true;
    }
}

bool unmatched(Lookup* lookup) {
    while (lookup->at < lookup->count) {
        const OuterRow& row = lookup->rows[lookup->at++];
        if (row.matched)
            continue;
        no_nulls(lookup);
        show(lookup, row);
        ExecStoreVirtualTuple(lookup->custom.ss.ss_ScanTupleSlot);
        return true;
    }
    lookup->phase = Phase::gather;
    return false;
}

TupleTableSlot* access(ScanState* node) {
    auto* lookup = reinterpret_cast<Lookup*>(node);
    while (true) {
        CHECK_FOR_INTERRUPTS();
        switch (lookup->phase) {
        case Phase::gather:
            gather(lookup);
            break;
        case Phase::probe:
            if (probe(lookup))
                return node->ss_ScanTupleSlot;
            break;
        case Phase::unmatched:
            if (unmatched(lookup))
                return node->ss_ScanTupleSlot;
            break;
        case Phase::done:
            return ExecClearTuple(node->ss_ScanTupleSlot);
        }
    }
}

bool access_again(ScanState*, TupleTableSlot*) {
    return true; // never below a row lock
}

void begin(CustomScanState* node, EState* state, int flags) {
    Lookup* lookup = of(node);
    auto* plan = castNode(CustomScan, node->ss.ps.plan);
    lookup->planned = unpack_lookup(plan->custom_private);
    int child_flags = flags & ~(EXEC_FLAG_REWIND | EXEC_FLAG_MARK | EXEC_FLAG_BACKWARD);
    auto* outer = static_cast<Plan*>(linitial(plan->custom_plans));
    auto* inner = static_cast<Plan*>(lsecond(plan->custom_plans));
    lookup->outer = ExecInitNode(outer, state, child_flags);
    PlanState* below = ExecInitNode(inner, state, child_flags);
    node->custom_ps = list_make2(lookup->outer, below);
    lookup->inner = castNode(ForeignScanState, below);
    auto* key = static_cast<Expr*>(linitial(plan->custom_exprs));
    lookup->key_type = exprType(reinterpret_cast<Node*>(key));
    lookup->type = lookup_type_cache(lookup->key_type, TYPECACHE_HASH_PROC_FINFO);
    lookup->outer_key = ExecInitExpr(key, &node->ss.ps);
    lookup->on = ExecInitQual(list_copy_tail(plan->custom_exprs, 1), &node->ss.ps);
    lookup->outer_slot =
        ExecInitExtraTupleSlot(state, ExecGetResultType(lookup->outer), &TTSOpsMinimalTuple);
    lookup->batch =
        AllocSetContextCreate(state->es_query_cxt, "notion look-up", ALLOCSET_DEFAULT_SIZES);
}

TupleTableSlot* run(CustomScanState* node) {
    return ExecScan(&node->ss, access, access_again);
}

void again(CustomScanState* node) {
    Lookup* lookup = of(node);
    lookup->phase = Phase::gather;
    lookup->outer_ended = false;
    if (lookup->outer->chgParam == nullptr)
        ExecReScan(lookup->outer);
}

void end(CustomScanState* node) {
    Lookup* lookup = of(node);
    ExecEndNode(lookup->outer);
    ExecEndNode(&lookup->inner->ss.ps);
}

void explain(CustomScanState* node, List* ancestors, ExplainState* state) {
    auto* plan = castNode(CustomScan, node->ss.ps.plan);
    const char* type = of(node)->planned.type == JOIN_LEFT   ? "Left"
                       : of(node)->planned.type == JOIN_SEMI ? "Semi"
                       : of(node)->planned.type == JOIN_ANTI ? "Anti"
                                                             : "Inner";
    ExplainPropertyText("Join Type", type, state);
    List* context = set_deparse_context_plan(state->deparse_cxt, node->ss.ps.plan, ancestors);
    auto* on = make_ands_explicit(list_copy_tail(plan->custom_exprs, 1));
    ExplainPropertyText(
        "Join Cond", deparse_expression(reinterpret_cast<Node*>(on), context, true, false), state);
    ExplainPropertyInteger("Keys a Request", nullptr, keys_a_lookup, state);
    if (state->analyze)
        ExplainPropertyInteger("Batches", nullptr, of(node)->batches, state);
}

const CustomExecMethods exec_methods = {
    .CustomName = "NotionLookup",
    .BeginCustomScan = begin,
    .ExecCustomScan = run,
    .EndCustomScan = end,
    .ReScanCustomScan = again,
    .MarkPosCustomScan = nullptr,
    .RestrPosCustomScan = nullptr,
    .EstimateDSMCustomScan = nullptr,
    .InitializeDSMCustomScan = nullptr,
    .ReInitializeDSMCustomScan = nullptr,
    .InitializeWorkerCustomScan = nullptr,
    .ShutdownCustomScan = nullptr,
    .ExplainCustomScan = explain,
};

} // namespace

Node* lookup_state(CustomScan* plan) {
    (void)plan;
    auto* lookup = static_cast<Lookup*>(palloc0(sizeof(Lookup)));
    lookup->custom.ss.ps.type = T_CustomScanState;
    lookup->custom.methods = &exec_methods;
    return reinterpret_cast<Node*>(lookup);
}

const CustomScanMethods lookup_plan_methods = {"NotionLookup", lookup_state};

} // namespace notion::pg
