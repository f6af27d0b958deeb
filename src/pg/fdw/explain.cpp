// EXPLAIN of a foreign scan: see the header. scope: call.
#include "pg/postgres.hpp"

#include "pg/fdw/content_column.hpp"
#include "pg/fdw/explain.hpp"
#include "pg/fdw/scan.hpp"

namespace notion::pg {
namespace {

const char* words_of(ForeignScanState* node, List* quals, ExplainState* explain) {
    List* context = set_deparse_context_plan(explain->deparse_cxt, node->ss.ps.plan, NIL);
    bool prefix = list_length(explain->rtable) > 1 || explain->verbose;
    return deparse_expression(reinterpret_cast<Node*>(make_ands_explicit(quals)), context, prefix,
                              false);
}

void text(const char* label, std::string_view words, ExplainState* explain) {
    if (!words.empty())
        ExplainPropertyText(label, server_text(words), explain);
}

void explain_estimate(const Running* running, const ServerOptions& options, ExplainState* explain) {
    int32_t per_minute =
        options.budget_per_minute == 0 ? sync::budget_per_minute : options.budget_per_minute;
    double minutes = per_minute > 0 ? running->planned.requests / double(per_minute) : 0;
    ExplainPropertyInteger("Estimated Requests", nullptr, running->planned.requests, explain);
    ExplainPropertyFloat("Estimated Minutes", nullptr, minutes, 2, explain);
}

void explain_actual(const Running* running, ExplainState* explain) {
    bridge::ScanStats stats = scan_totals(running);
    // The contents of pages are asked for beside the scan.
    ExplainPropertyInteger("Requests", nullptr, running->talk.requests, explain);
    ExplainPropertyInteger("Received", "bytes", stats.bytes, explain);
    ExplainPropertyInteger("Waited for Budget", "ms", running->talk.waited_ms, explain);
    ExplainPropertyInteger("Connections Reused", nullptr, stats.reused, explain);
    if (stats.lanes > 1)
        ExplainPropertyInteger("Read Side by Side", nullptr, stats.lanes, explain);
    if (running->removed > 0 || explain->verbose)
        ExplainPropertyInteger("Rows Removed by Recheck", nullptr, running->removed, explain);
}

} // namespace

void explain_scan(ForeignScanState* node, ExplainState* explain) {
    auto* running = static_cast<Running*>(node->fdw_state);
    auto* plan = castNode(ForeignScan, node->ss.ps.plan);
    if (running->scan != nullptr) {
        bridge::ScanWords words = bridge::scan_words(running->scan);
        text("Notion Request", words.path, explain);
        bool by_id = running->planned.id_term >= 0 && words.sorts.empty();
        if (words.never)
            ExplainPropertyText("Notion Filter", "never true: nothing is asked", explain);
        else if (!by_id)
            text("Notion Filter", words.filter, explain);
        if (explain->verbose || running->planned.sort > 0)
            text("Notion Sorts", words.sorts, explain);
        text("Notion Properties", words.properties.empty() ? "title" : words.properties, explain);
        if (content_column_read(running) != InvalidAttrNumber)
            text("Notion Content", "GET /v1/pages/:page_id/markdown for each row", explain);
        if (running->planned.limit > 0)
            ExplainPropertyInteger("Notion Page Size", nullptr, words.page_size, explain);
    }
    List* exact = list_copy_head(plan->fdw_recheck_quals, running->planned.exact);
    List* wide = list_copy_tail(plan->fdw_recheck_quals, running->planned.exact);
    if (exact != NIL)
        ExplainPropertyText(running->recheck && !running->awaits ? "Checked Here"
                                                                 : "Decided by Notion",
                            words_of(node, exact, explain), explain);
    if (wide != NIL)
        ExplainPropertyText("Narrowed by Notion", words_of(node, wide, explain), explain);
    if (explain->costs) {
        Oid server = GetForeignTable(RelationGetRelid(node->ss.ss_currentRelation))->serverid;
        explain_estimate(running, server_options(GetForeignServer(server)), explain);
    }
    if (explain->analyze && explain->timing)
        explain_actual(running, explain);
}

} // namespace notion::pg
