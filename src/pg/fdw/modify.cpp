// INSERT, UPDATE and DELETE on foreign tables: see the header. scope: query.
#include "pg/postgres.hpp"

#include "pg/fdw/columns.hpp"
#include "pg/fdw/modify.hpp"
#include "pg/fdw/object_modify.hpp"
#include "pg/fdw/objects.hpp"
#include "pg/fdw/writing.hpp"

namespace notion::pg {
namespace {

bool is_object(Relation table) {
    return object_of(RelationGetRelid(table)) != nullptr;
}

// Rows of one INSERT that are gathered before any is sent: enough to keep a budget's worth of
// requests in flight, few enough to hold in memory.
constexpr int batch_rows = 100;

[[noreturn]] void no_id(Relation table) {
    ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                    errmsg("cannot update or delete in foreign table \"%s\"",
                           RelationGetRelationName(table)),
                    errdetail("It has no column page_id, which says what page a row is."),
                    errhint("ALTER FOREIGN TABLE %s ADD COLUMN page_id uuid.",
                            quote_identifier(RelationGetRelationName(table)))));
    pg_unreachable();
}

Oid role_of(ResultRelInfo* result, EState* estate) {
#if PG_VERSION_NUM >= 160000
    return ExecGetResultRelCheckAsUser(result, estate);
#else
    Index index = result->ri_RangeTableIndex;
    if (index == 0 && result->ri_RootResultRelInfo != nullptr)
        index = result->ri_RootResultRelInfo->ri_RangeTableIndex;
    Oid role = index == 0 ? InvalidOid : exec_rt_fetch(index, estate)->checkAsUser;
    return OidIsValid(role) ? role : GetUserId();
#endif
}

/// What the executor looks at after the row is written: RETURNING, and with triggers or checks of
/// a view the whole row.
bool looks_at_all(const ResultRelInfo* result) {
    const TriggerDesc* triggers = result->ri_TrigDesc;
    return result->ri_WithCheckOptions != NIL ||
           (triggers != nullptr &&
            (triggers->trig_insert_after_row || triggers->trig_update_after_row ||
             triggers->trig_delete_after_row || triggers->trig_insert_new_table ||
             triggers->trig_update_new_table || triggers->trig_delete_old_table));
}

Writing* writing_of(ResultRelInfo* result) {
    auto* writing = static_cast<Writing*>(result->ri_FdwState);
    if (writing->modify == nullptr)
        writing->wants_all = writing->wants_all || looks_at_all(result);
    return writing;
}

/// What a view's WITH CHECK OPTION, or the row security of a partitioned table, allows to be
/// written. The executor asks the first of a foreign table's row once it is written, and what is in
/// Notion stays there; the second never. Of the two kinds a statement has the one that it needs.
void check_allowed(ResultRelInfo* result, TupleTableSlot* slot, EState* estate) {
    if (result->ri_WithCheckOptions == NIL)
        return;
    for (const WCOKind kind : {WCO_RLS_INSERT_CHECK, WCO_RLS_UPDATE_CHECK, WCO_VIEW_CHECK})
        ExecWithCheckOptions(kind, result, slot, estate);
}

bool wants_back(const Writing* writing) {
    return writing->returned_count > 0;
}

/// Writes what was added, one row, and gives its slot back.
TupleTableSlot* finish(Writing* writing, TupleTableSlot* slot) {
    while (writing_next(writing))
        if (wants_back(writing))
            writing_store(writing, slot);
    return slot;
}

std::string_view page_of(Writing* writing, TupleTableSlot* plan_slot) {
    bool null;
    Datum id = ExecGetJunkAttribute(plan_slot, writing->id_junk, &null);
    if (null)
        ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                        errmsg("a row of foreign table \"%s\" has no page_id",
                               RelationGetRelationName(writing->table))));
    return writing_page(writing, id);
}

} // namespace

void modify_check(Relation table, const ModifyTable* plan) {
    check_writable(table);
    if (plan != nullptr && plan->onConflictAction != ONCONFLICT_NONE)
        ereport(ERROR,
                (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                 errmsg("ON CONFLICT is not supported for foreign table \"%s\"",
                        RelationGetRelationName(table)),
                 errdetail("Notion has no unique properties: nothing can conflict."),
                 errhint("Link a table that has a key (notion.link), or look first whether the row "
                         "is there.")));
}

List* returned_columns(const ModifyTable* plan, Index index, int subplan, TupleDesc description) {
    if (plan->returningLists == NIL)
        return NIL;
    Bitmapset* used = nullptr;
    auto* list = static_cast<List*>(list_nth(plan->returningLists, subplan));
    pull_varattnos(reinterpret_cast<Node*>(list), index, &used);
    return used_columns(used, description);
}

void modify_targets(PlannerInfo* root, Index index, RangeTblEntry* entry, Relation table) {
    (void)entry;
    check_writable(table);
    AttrNumber number = is_object(table) ? object_key_column(table) : id_column_of(table);
    if (number == InvalidAttrNumber)
        no_id(table);
    Form_pg_attribute attribute = TupleDescAttr(RelationGetDescr(table), number - 1);
    Var* id = makeVar(static_cast<int>(index), number, attribute->atttypid, attribute->atttypmod,
                      attribute->attcollation, 0);
    add_row_identity_var(root, id, index, modify_id_junk);
}

List* modify_plan(PlannerInfo* root, ModifyTable* plan, Index index, int subplan) {
    Relation table = table_open(planner_rt_fetch(index, root)->relid, NoLock);
    modify_check(table, plan);
    if (is_object(table))
        object_modify_check(table, plan->operation);
    List* returned = returned_columns(plan, index, subplan, RelationGetDescr(table));
    table_close(table, NoLock);
    return returned;
}

void modify_begin(ModifyTableState* state, ResultRelInfo* result, List* fdw_private, int subplan,
                  int flags) {
    (void)subplan;
    if (flags & EXEC_FLAG_EXPLAIN_ONLY)
        return;
    EState* estate = state->ps.state;
    if (is_object(result->ri_RelationDesc))
        return object_modify_begin(state, result, role_of(result, estate));
    Writing* writing = writing_begin(result->ri_RelationDesc, role_of(result, estate), fdw_private,
                                     estate->es_query_cxt);
    if (state->operation != CMD_INSERT) {
        Plan* plan = outerPlanState(state)->plan;
        writing->id_junk = ExecFindJunkAttributeInTlist(plan->targetlist, modify_id_junk);
        if (!AttributeNumberIsValid(writing->id_junk))
            no_id(result->ri_RelationDesc);
    }
    result->ri_FdwState = writing;
}

TupleTableSlot* modify_insert(EState* estate, ResultRelInfo* result, TupleTableSlot* slot,
                              TupleTableSlot* plan_slot) {
    check_allowed(result, slot, estate);
    if (is_object(result->ri_RelationDesc))
        return object_modify(result, CMD_INSERT, slot, plan_slot);
    Writing* writing = writing_of(result);
    writing_insert(writing, slot);
    return finish(writing, slot);
}

TupleTableSlot** modify_insert_batch(EState*, ResultRelInfo* result, TupleTableSlot** slots,
                                     TupleTableSlot**, int* count) {
    Writing* writing = writing_of(result);
    for (int at = 0; at < *count; at++)
        writing_insert(writing, slots[at]);
    for (int at = 0; writing_next(writing); at++)
        if (wants_back(writing))
            writing_store(writing, slots[at]);
    return slots;
}

int modify_batch_size(ResultRelInfo* result) {
    // With these the executor wants each row before the next one is made.
    if (is_object(result->ri_RelationDesc) || result->ri_projectReturning != nullptr ||
        result->ri_WithCheckOptions != NIL ||
        (result->ri_TrigDesc != nullptr && (result->ri_TrigDesc->trig_insert_before_row ||
                                            result->ri_TrigDesc->trig_insert_after_row)))
        return 1;
    return batch_rows;
}

TupleTableSlot* modify_update(EState* estate, ResultRelInfo* result, TupleTableSlot* slot,
                              TupleTableSlot* plan_slot) {
    check_allowed(result, slot, estate);
    if (is_object(result->ri_RelationDesc))
        return object_modify(result, CMD_UPDATE, slot, plan_slot);
    Writing* writing = writing_of(result);
    std::string_view page = page_of(writing, plan_slot);
    if (!writing_update(writing, page, slot, result->ri_oldTupleSlot))
        return slot; // nothing differs: the row is as wanted
    return finish(writing, slot);
}

TupleTableSlot* modify_delete(EState*, ResultRelInfo* result, TupleTableSlot* slot,
                              TupleTableSlot* plan_slot) {
    if (is_object(result->ri_RelationDesc))
        return object_modify(result, CMD_DELETE, slot, plan_slot);
    Writing* writing = writing_of(result);
    writing_trash(writing, page_of(writing, plan_slot));
    ExecClearTuple(slot);
    finish(writing, slot);
    if (TTS_EMPTY(slot))
        ExecStoreAllNullTuple(slot);
    return slot;
}

void modify_end(EState*, ResultRelInfo* result) {
    if (is_object(result->ri_RelationDesc))
        return object_modify_end(result);
    auto* writing = static_cast<Writing*>(result->ri_FdwState);
    result->ri_FdwState = nullptr;
    if (writing != nullptr)
        writing_end(writing);
}

void modify_begin_insert(ModifyTableState* state, ResultRelInfo* result) {
    const ModifyTable* plan =
        state->ps.plan != nullptr ? castNode(ModifyTable, state->ps.plan) : nullptr;
    modify_check(result->ri_RelationDesc, plan);
    if (result->ri_FdwState != nullptr)
        return; // a partition that is updated too: the same writes
    EState* estate = state->ps.state;
    Writing* writing =
        writing_begin(result->ri_RelationDesc, role_of(result, estate), NIL, estate->es_query_cxt);
    writing->wants_all = plan != nullptr && plan->returningLists != NIL;
    result->ri_FdwState = writing;
}

void modify_end_insert(EState* estate, ResultRelInfo* result) {
    modify_end(estate, result);
}

int modify_updatable(Relation table) {
    ForeignServer* server = GetForeignServer(GetForeignTable(RelationGetRelid(table))->serverid);
    if (table_options(RelationGetRelid(table), server_options(server)).read_only)
        return 0;
    if (is_object(table))
        return object_updatable(table);
    int events = 1 << CMD_INSERT;
    if (id_column_of(table) != InvalidAttrNumber)
        events |= 1 << CMD_UPDATE | 1 << CMD_DELETE;
    return events;
}

void modify_explain(ModifyTableState* state, ResultRelInfo* result, List*, int,
                    ExplainState* explain) {
    if (is_object(result->ri_RelationDesc))
        return;
    const char* request =
        state->operation == CMD_INSERT ? "POST /v1/pages" : "PATCH /v1/pages/:page_id";
    ExplainPropertyText("Notion Write", request, explain);
    if (state->operation == CMD_INSERT && result->ri_BatchSize > 1)
        ExplainPropertyInteger("Batch Size", nullptr, result->ri_BatchSize, explain);
    auto* writing = static_cast<Writing*>(result->ri_FdwState);
    if (!explain->analyze || !explain->timing || writing == nullptr)
        return;
    ExplainPropertyInteger("Requests", nullptr, writing->talk.requests, explain);
    ExplainPropertyInteger("Waited for Budget", "ms", writing->talk.waited_ms, explain);
}

void modify_truncate(List* relations, DropBehavior, bool) {
    auto* table = static_cast<Relation>(linitial(relations));
    const char* name = RelationGetRelationName(table);
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                    errmsg("cannot truncate foreign table \"%s\"", name),
                    errdetail("It would move every page of the data source to the trash."),
                    errhint("DELETE FROM %s says so.", quote_identifier(name))));
}

} // namespace notion::pg
