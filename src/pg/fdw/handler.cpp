// notion_fdw_handler: the callbacks of foreign tables. Reading works; what writes is refused at
// planning, in words, before anything was asked of Notion. scope: backend.
#include "pg/postgres.hpp"

#include "pg/fdw/analyze.hpp"
#include "pg/fdw/explain.hpp"
#include "pg/fdw/import.hpp"
#include "pg/fdw/plan.hpp"
#include "pg/fdw/scan.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(notion_fdw_handler);
}

namespace notion::pg {
namespace {

[[noreturn]] void cannot_write(const char* table) {
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                    errmsg("cannot write to foreign table \"%s\" yet", table),
                    errdetail("This version of pg_notion reads foreign tables; it writes to Notion "
                              "from linked tables."),
                    errhint("Link an ordinary table to it with notion.link.")));
    pg_unreachable();
}

void add_targets(PlannerInfo*, Index, RangeTblEntry*, Relation relation) {
    cannot_write(RelationGetRelationName(relation));
}

List* plan_modify(PlannerInfo* root, ModifyTable*, Index relation, int) {
    cannot_write(get_rel_name(planner_rt_fetch(relation, root)->relid));
}

bool recheck(ForeignScanState*, TupleTableSlot*) {
    return true; // fdw_recheck_quals are checked by the executor
}

} // namespace
} // namespace notion::pg

extern "C" Datum notion_fdw_handler(PG_FUNCTION_ARGS) {
    (void)fcinfo;
    using namespace notion::pg;
    FdwRoutine* routine = makeNode(FdwRoutine);
    routine->GetForeignRelSize = plan_size;
    routine->GetForeignPaths = plan_paths;
    routine->GetForeignPlan = plan_scan;
    routine->BeginForeignScan = scan_begin;
    routine->IterateForeignScan = scan_iterate;
    routine->ReScanForeignScan = scan_again;
    routine->EndForeignScan = scan_end;
    routine->RecheckForeignScan = recheck;
    routine->ExplainForeignScan = explain_scan;
    routine->AddForeignUpdateTargets = add_targets;
    routine->PlanForeignModify = plan_modify;
    routine->AnalyzeForeignTable = analyze_table;
    routine->ImportForeignSchema = import_schema;
    PG_RETURN_POINTER(routine);
}
