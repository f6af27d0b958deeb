// notion_fdw_handler: the callbacks of foreign tables. scope: backend.
#include "pg/postgres.hpp"

#include "pg/fdw/analyze.hpp"
#include "pg/fdw/async.hpp"
#include "pg/fdw/direct.hpp"
#include "pg/fdw/explain.hpp"
#include "pg/fdw/import.hpp"
#include "pg/fdw/modify.hpp"
#include "pg/fdw/plan.hpp"
#include "pg/fdw/scan.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(notion_fdw_handler);
}

namespace notion::pg {
namespace {

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
    routine->AddForeignUpdateTargets = modify_targets;
    routine->PlanForeignModify = modify_plan;
    routine->BeginForeignModify = modify_begin;
    routine->ExecForeignInsert = modify_insert;
    routine->ExecForeignBatchInsert = modify_insert_batch;
    routine->GetForeignModifyBatchSize = modify_batch_size;
    routine->ExecForeignUpdate = modify_update;
    routine->ExecForeignDelete = modify_delete;
    routine->EndForeignModify = modify_end;
    routine->BeginForeignInsert = modify_begin_insert;
    routine->EndForeignInsert = modify_end_insert;
    routine->IsForeignRelUpdatable = modify_updatable;
    routine->ExplainForeignModify = modify_explain;
    routine->ExecForeignTruncate = modify_truncate;
    routine->PlanDirectModify = direct_plan;
    routine->BeginDirectModify = direct_begin;
    routine->IterateDirectModify = direct_iterate;
    routine->EndDirectModify = direct_end;
    routine->ExplainDirectModify = direct_explain;
    routine->AnalyzeForeignTable = analyze_table;
    routine->IsForeignPathAsyncCapable = async_capable;
    routine->ForeignAsyncRequest = async_request;
    routine->ForeignAsyncConfigureWait = async_configure_wait;
    routine->ForeignAsyncNotify = async_notify;
    routine->ImportForeignSchema = import_schema;
    PG_RETURN_POINTER(routine);
}
