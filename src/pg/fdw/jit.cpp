// A request costs the planner much (cost.hpp), and PostgreSQL takes what costs much to be worth
// compiling: 20 MB of LLVM and a tenth of a second for rows that come as slowly as the network
// brings them. So of a plan that reads Notion only the parts that do not are held against
// jit_above_cost. Assumes: rows above a scan of ours are as few. scope: backend.
#include "pg/postgres.hpp"

#include "pg/fdw/jit.hpp"
#include "pg/rights.hpp"

namespace notion::pg {
namespace {

ExecutorStart_hook_type start_before;

bool is_ours(const Plan* plan) {
    if (!IsA(plan, ForeignScan))
        return false;
    Oid server = reinterpret_cast<const ForeignScan*>(plan)->fs_server;
    return OidIsValid(server) && is_notion_server(GetForeignServer(server));
}

/// Plans below this one that are neither its left nor its right.
List* more_plans(Plan* plan) {
    switch (nodeTag(plan)) {
    case T_Append:
        return castNode(Append, plan)->appendplans;
    case T_MergeAppend:
        return castNode(MergeAppend, plan)->mergeplans;
    case T_SubqueryScan:
        return list_make1(castNode(SubqueryScan, plan)->subplan);
    case T_CustomScan:
        return castNode(CustomScan, plan)->custom_plans;
    default:
        return NIL;
    }
}

/// Whether it reads Notion; `here` becomes the cost of the costliest part that does not.
bool reads_notion(Plan* plan, Cost* here) {
    if (plan == nullptr)
        return false;
    check_stack_depth();
    bool reads = is_ours(plan);
    reads = reads_notion(plan->lefttree, here) || reads;
    reads = reads_notion(plan->righttree, here) || reads;
    ListCell* cell;
    foreach (cell, more_plans(plan))
        reads = reads_notion(static_cast<Plan*>(lfirst(cell)), here) || reads;
    if (!reads)
        *here = Max(*here, plan->total_cost);
    return reads;
}

void judge(PlannedStmt* statement) {
    Cost here = 0;
    bool reads = reads_notion(statement->planTree, &here);
    ListCell* cell;
    foreach (cell, statement->subplans) // of other statements' CTEs and of expressions
        reads = reads_notion(static_cast<Plan*>(lfirst(cell)), &here) || reads;
    if (!reads)
        return;
    if (here <= jit_above_cost)
        statement->jitFlags = PGJIT_NONE;
    if (here <= jit_optimize_above_cost)
        statement->jitFlags &= ~PGJIT_OPT3;
    if (here <= jit_inline_above_cost)
        statement->jitFlags &= ~PGJIT_INLINE;
}

/// The flags of a kept plan stay as they are judged: each time alike.
void start(QueryDesc* query, int flags) {
    if (query->plannedstmt->jitFlags & PGJIT_PERFORM)
        judge(query->plannedstmt);
    if (start_before != nullptr)
        start_before(query, flags);
    else
        standard_ExecutorStart(query, flags);
}

} // namespace

void hook_jit() {
    start_before = ExecutorStart_hook;
    ExecutorStart_hook = start;
}

} // namespace notion::pg
