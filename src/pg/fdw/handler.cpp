// notion_fdw_handler: the callbacks of foreign tables. scope: backend.
#include "pg/postgres.hpp"

#include "pg/fdw/analyze.hpp"
#include "pg/fdw/async.hpp"
#include "pg/fdw/direct.hpp"
#include "pg/fdw/explain.hpp"
#include "pg/fdw/import.hpp"
#include "pg/fdw/modify.hpp"
#include "pg/fdw/objects.hpp"
#include "pg/fdw/plan.hpp"
#include "pg/fdw/scan.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(notion_fdw_handler);
}

namespace notion::pg {
namespace {

// Data sources and objects are scanned by different code.

void begin(ForeignScanState* node, int flags) {
    is_objects(node) ? objects_begin(node, flags) : scan_begin(node, flags);
}

TupleTableSlot* iterate(ForeignScanState* node) {
    return is_objects(node) ? objects_iterate(node) : scan_iterate(node);
}

void again(ForeignScanState* node) {
    is_objects(node) ? objects_again(node) : scan_again(node);
}

void end(ForeignScanState* node) {
    is_objects(node) ? objects_end(node) : scan_end(node);
}

void explain(ForeignScanState* node, ExplainState* state) {
    is_objects(node) ? objects_explain(node, state) : explain_scan(node, state);
}

bool analyze(Relation table, AcquireSampleRowsFunc* sample, BlockNumber* pages) {
    return object_of(RelationGetRelid(table)) == nullptr && analyze_table(table, sample, pages);
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
    routine->BeginForeignScan = notion::pg::begin;
    routine->IterateForeignScan = notion::pg::iterate;
    routine->ReScanForeignScan = notion::pg::again;
    routine->EndForeignScan = notion::pg::end;
    routine->RecheckForeignScan = recheck;
    routine->ExplainForeignScan = notion::pg::explain;
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
    routine->AnalyzeForeignTable = notion::pg::analyze;
    routine->IsForeignPathAsyncCapable = async_capable;
    routine->ForeignAsyncRequest = async_request;
    routine->ForeignAsyncConfigureWait = async_configure_wait;
    routine->ForeignAsyncNotify = async_notify;
    routine->ImportForeignSchema = import_schema;
    PG_RETURN_POINTER(routine);
}
