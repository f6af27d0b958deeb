// Foreign tables of schema "system": see the header. A parent's ids are the operands of conditions
// such as page_id = …, which the executor checks again, as it does all others. scope: query.
#include "pg/postgres.hpp"

#include "bridge/objects.hpp"
#include "pg/connection.hpp"
#include "pg/datum.hpp"
#include "pg/fdw/columns.hpp"
#include "pg/fdw/objects.hpp"
#include "pg/fdw/scan.hpp"
#include "pg/own.hpp"
#include "pg/talk.hpp"
#include "pg/wait.hpp"

namespace notion::pg {
namespace {

// As for scans of data sources: a request is dear.
constexpr double request_cost = 5000;
constexpr double unknown_cost = 1e9;
constexpr double rows_guess = 100;
constexpr double rows_by_parent = 20;
constexpr const char* mark = "objects";

/// In ForeignScanState.fdw_state.
struct Listing {
    MemoryContext context; ///< owns `objects`; reset by a rescan
    const char* kind;
    int count;
    int* numbers;
    Shape* shapes;
    bridge::Cell* cells;
    std::string_view* names;
    List* parents; ///< ExprStates
    Connection* connection;
    Talk talk;
    Entry* entry; ///< of notion.log; null: none
    bridge::Objects* objects;
};

AttrNumber parent_column(Oid table, const char* kind) {
    std::string_view name = bridge::objects_parent(kind);
    return name.empty() ? InvalidAttrNumber : get_attnum(table, name.data());
}

bool is_parent(Node* node, Index relation, AttrNumber column) {
    while (node != nullptr && IsA(node, RelabelType))
        node = reinterpret_cast<Node*>(castNode(RelabelType, node)->arg);
    if (node == nullptr || !IsA(node, Var))
        return false;
    auto* var = castNode(Var, node);
    return static_cast<Index>(var->varno) == relation && var->varattno == column &&
           var->varlevelsup == 0;
}

bool is_operand(PlannerInfo* root, Node* node, Index relation) {
    return !bms_is_member(static_cast<int>(relation), pull_varnos(root, node)) &&
           !contain_volatile_functions(node) && !contain_subplans(node);
}

/// The other side of `column = …` or `column = ANY (…)`, or null.
Node* operand_of(PlannerInfo* root, Expr* clause, Index relation, AttrNumber column) {
    if (IsA(clause, OpExpr)) {
        auto* op = castNode(OpExpr, clause);
        if (list_length(op->args) != 2 || get_opcode(op->opno) != F_UUID_EQ)
            return nullptr;
        auto* left = static_cast<Node*>(linitial(op->args));
        auto* right = static_cast<Node*>(lsecond(op->args));
        if (is_parent(left, relation, column) && is_operand(root, right, relation))
            return right;
        if (is_parent(right, relation, column) && is_operand(root, left, relation))
            return left;
        return nullptr;
    }
    if (!IsA(clause, ScalarArrayOpExpr))
        return nullptr;
    auto* op = castNode(ScalarArrayOpExpr, clause);
    auto* right = static_cast<Node*>(lsecond(op->args));
    bool fits = op->useOr && get_opcode(op->opno) == F_UUID_EQ &&
                is_parent(static_cast<Node*>(linitial(op->args)), relation, column) &&
                is_operand(root, right, relation);
    return fits ? right : nullptr;
}

void add_scan(PlannerInfo* root, RelOptInfo* rel, Relids outer, Cost start) {
    double rows = rel->rows;
    Cost total = start + cpu_tuple_cost * rows;
#if PG_VERSION_NUM >= 180000
    ForeignPath* path = create_foreignscan_path(root, rel, nullptr, rows, 0, start, total, NIL,
                                                outer, nullptr, NIL, NIL);
#elif PG_VERSION_NUM >= 170000
    ForeignPath* path = create_foreignscan_path(root, rel, nullptr, rows, start, total, NIL, outer,
                                                nullptr, NIL, NIL);
#else
    ForeignPath* path =
        create_foreignscan_path(root, rel, nullptr, rows, start, total, NIL, outer, nullptr, NIL);
#endif
    add_path(rel, &path->path);
}

/// For generate_implied_equalities_for_column.
bool is_member(PlannerInfo*, RelOptInfo* rel, EquivalenceClass*, EquivalenceMember* member,
               void* column) {
    return is_parent(reinterpret_cast<Node*>(member->em_expr), rel->relid,
                     *static_cast<AttrNumber*>(column));
}

[[noreturn]] void needs_parent(ForeignScanState* node, const char* kind) {
    ereport(ERROR, (errcode(ERRCODE_FDW_ERROR),
                    errmsg("foreign table \"%s\" needs a condition on %s",
                           RelationGetRelationName(node->ss.ss_currentRelation),
                           bridge::objects_parent(kind).data()),
                    errdetail("Notion lists %s by their parent only.", kind),
                    errhint("WHERE %s = '…', or a join that gives it.",
                            bridge::objects_parent(kind).data())));
    pg_unreachable();
}

void choose_columns(ForeignScanState* node, Listing* listing, List* numbers) {
    TupleDesc description = RelationGetDescr(node->ss.ss_currentRelation);
    size_t room = static_cast<size_t>(Max(list_length(numbers), 1));
    listing->numbers = static_cast<int*>(palloc0(sizeof(int) * room));
    listing->shapes = static_cast<Shape*>(palloc0(sizeof(Shape) * room));
    listing->cells = static_cast<bridge::Cell*>(palloc0(sizeof(bridge::Cell) * room));
    listing->names = static_cast<std::string_view*>(palloc0(sizeof(std::string_view) * room));
    ListCell* cell;
    foreach (cell, numbers) {
        Form_pg_attribute attribute = TupleDescAttr(description, lfirst_int(cell) - 1);
        Shape* shape = &listing->shapes[listing->count];
        const char* name = pstrdup(NameStr(attribute->attname));
        bridge::ObjectsColumn known = {};
        bool found = false;
        for (int at = 0; !found && bridge::objects_column(listing->kind, at, &known); at++)
            found = known.name == name;
        bool fits =
            shape_of(attribute->atttypid, attribute->atttypmod, CurrentMemoryContext, shape) &&
            found && shape->column == known.type;
        if (!fits)
            ereport(ERROR, (errcode(ERRCODE_FDW_COLUMN_NAME_NOT_FOUND),
                            errmsg("%s have no column \"%s\" of type %s", listing->kind, name,
                                   format_type_be(attribute->atttypid)),
                            errhint("IMPORT FOREIGN SCHEMA system makes the table anew.")));
        listing->numbers[listing->count] = lfirst_int(cell);
        listing->names[listing->count++] = name;
    }
}

void add_parent(List** ids, Datum value, bool null) {
    if (null)
        return;
    *ids = lappend(*ids, DatumGetCString(DirectFunctionCall1(uuid_out, value)));
}

/// The ids that all conditions on the parent allow would be their intersection; those of the first
/// are a superset, and the executor checks the rest.
List* parent_ids(ForeignScanState* node, const Listing* listing) {
    auto* state = static_cast<ExprState*>(linitial(listing->parents));
    bool null;
    Datum value = ExecEvalExpr(state, node->ss.ps.ps_ExprContext, &null);
    List* ids = NIL;
    Oid type = exprType(reinterpret_cast<Node*>(state->expr));
    if (null || type == UUIDOID) {
        add_parent(&ids, value, null);
        return ids;
    }
    Datum* elements;
    bool* nulls;
    int count;
    deconstruct_array(DatumGetArrayTypeP(value), UUIDOID, UUID_LEN, false, TYPALIGN_CHAR, &elements,
                      &nulls, &count);
    for (int at = 0; at < count; at++)
        add_parent(&ids, elements[at], nulls[at]);
    return ids;
}

void open(ForeignScanState* node, Listing* listing) {
    if (listing->connection == nullptr) {
        MemoryContext before = MemoryContextSwitchTo(node->ss.ps.state->es_query_cxt);
        Oid server = GetForeignTable(RelationGetRelid(node->ss.ss_currentRelation))->serverid;
        listing->connection = connect(server, scan_role(node));
        talk_begin(&listing->talk, listing->connection, sync::Priority::interactive);
        listing->entry = entry_begin(CurrentMemoryContext, &listing->talk, "read", scan_role(node));
        entry_names_table(listing->entry, node->ss.ss_currentRelation);
        MemoryContextSwitchTo(before);
    }
    MemoryContext before = MemoryContextSwitchTo(listing->context);
    bridge::ObjectsPlan plan;
    plan.endpoint = listing->connection->endpoint;
    plan.kind = listing->kind;
    plan.columns = {listing->names, static_cast<size_t>(listing->count)};
    if (!bridge::objects_parent(listing->kind).empty()) {
        if (listing->parents == NIL)
            needs_parent(node, listing->kind);
        List* ids = parent_ids(node, listing);
        size_t count = static_cast<size_t>(list_length(ids));
        auto* views =
            static_cast<std::string_view*>(palloc0(sizeof(std::string_view) * Max(count, 1)));
        for (size_t at = 0; at < count; at++)
            views[at] = static_cast<const char*>(list_nth(ids, static_cast<int>(at)));
        plan.parents = {views, count};
    }
    listing->objects = own<bridge::Objects, bridge::objects_shut>(
        listing->context, [&](bridge::Fault& fault) { return bridge::objects_open(plan, fault); });
    MemoryContextSwitchTo(before);
}

void fill(Listing* listing, TupleTableSlot* slot) {
    memset(slot->tts_isnull, true,
           sizeof(bool) * static_cast<size_t>(slot->tts_tupleDescriptor->natts));
    for (int at = 0; at < listing->count; at++) {
        Placed placed = to_datum(listing->cells[at], &listing->shapes[at]);
        slot->tts_values[listing->numbers[at] - 1] = placed.value;
        slot->tts_isnull[listing->numbers[at] - 1] = placed.null || placed.misfit != nullptr;
    }
    ExecStoreVirtualTuple(slot);
}

bool is_wanted(const ImportForeignSchemaStmt* statement, std::string_view table) {
    bool listed = false;
    ListCell* cell;
    foreach (cell, statement->table_list)
        listed = listed || table == static_cast<RangeVar*>(lfirst(cell))->relname;
    return statement->list_type == FDW_IMPORT_SCHEMA_ALL ||
           listed == (statement->list_type == FDW_IMPORT_SCHEMA_LIMIT_TO);
}

} // namespace

const char* object_of(Oid table) {
    ListCell* cell;
    foreach (cell, GetForeignTable(table)->options) {
        auto* option = static_cast<DefElem*>(lfirst(cell));
        if (strcmp(option->defname, "object") == 0)
            return defGetString(option);
    }
    return nullptr;
}

void objects_size(PlannerInfo* root, RelOptInfo* rel, Oid table) {
    bool by_parent = AttributeNumberIsValid(parent_column(table, object_of(table)));
    rel->tuples = by_parent ? rows_by_parent : rows_guess;
    set_baserel_size_estimates(root, rel);
    if (by_parent)
        rel->rows = Min(rows_by_parent, Max(rel->rows, 1));
}

void objects_paths(PlannerInfo* root, RelOptInfo* rel, Oid table) {
    AttrNumber column = parent_column(table, object_of(table));
    bool by_parent = AttributeNumberIsValid(column);
    bool known = !by_parent;
    ListCell* cell;
    foreach (cell, rel->baserestrictinfo)
        known = known || operand_of(root, castNode(RestrictInfo, lfirst(cell))->clause, rel->relid,
                                    column) != nullptr;
    // Without its parent nothing can be listed: a plan for want of any other, whose error says so.
    add_scan(root, rel, rel->lateral_relids, known ? request_cost : unknown_cost);
    if (!by_parent)
        return;
    List* clauses = generate_implied_equalities_for_column(root, rel, is_member, &column,
                                                           rel->lateral_referencers);
    foreach (cell, clauses) {
        auto* clause = castNode(RestrictInfo, lfirst(cell));
        if (!join_clause_is_movable_to(clause, rel))
            continue;
        Relids outer = bms_union(clause->clause_relids, rel->lateral_relids);
        outer = bms_del_member(outer, static_cast<int>(rel->relid));
        if (!bms_is_empty(outer))
            add_scan(root, rel, outer, request_cost);
    }
}

ForeignScan* objects_plan(PlannerInfo* root, RelOptInfo* rel, Oid table, List* target_list,
                          List* clauses) {
    const char* kind = object_of(table);
    AttrNumber column = parent_column(table, kind);
    List* quals = extract_actual_clauses(clauses, false);
    List* operands = NIL;
    ListCell* cell;
    foreach (cell, quals)
        if (Node* operand =
                AttributeNumberIsValid(column)
                    ? operand_of(root, static_cast<Expr*>(lfirst(cell)), rel->relid, column)
                    : nullptr)
            operands = lappend(operands, operand);
    Bitmapset* used = nullptr;
    pull_varattnos(reinterpret_cast<Node*>(rel->reltarget->exprs), rel->relid, &used);
    pull_varattnos(reinterpret_cast<Node*>(quals), rel->relid, &used);
    Relation relation = table_open(table, NoLock);
    List* numbers = used_columns(used, RelationGetDescr(relation));
    table_close(relation, NoLock);
    List* fdw_private = list_make3(makeString(pstrdup(mark)), makeString(pstrdup(kind)), numbers);
    return make_foreignscan(target_list, quals, rel->relid, operands, fdw_private, NIL, NIL,
                            nullptr);
}

bool is_objects(const ForeignScanState* node) {
    List* fdw_private = castNode(ForeignScan, node->ss.ps.plan)->fdw_private;
    auto* first = static_cast<Node*>(linitial(fdw_private));
    return first != nullptr && IsA(first, String) && strcmp(strVal(first), mark) == 0;
}

void objects_begin(ForeignScanState* node, int flags) {
    auto* plan = castNode(ForeignScan, node->ss.ps.plan);
    auto* listing = static_cast<Listing*>(palloc0(sizeof(Listing)));
    node->fdw_state = listing;
    listing->context = AllocSetContextCreate(node->ss.ps.state->es_query_cxt, "notion objects",
                                             ALLOCSET_DEFAULT_SIZES);
    listing->kind = strVal(lsecond(plan->fdw_private));
    choose_columns(node, listing, static_cast<List*>(lthird(plan->fdw_private)));
    if ((flags & EXEC_FLAG_EXPLAIN_ONLY) == 0)
        listing->parents = ExecInitExprList(plan->fdw_exprs, &node->ss.ps);
}

TupleTableSlot* objects_iterate(ForeignScanState* node) {
    auto* listing = static_cast<Listing*>(node->fdw_state);
    TupleTableSlot* slot = node->ss.ss_ScanTupleSlot;
    ExecClearTuple(slot);
    if (listing->objects == nullptr)
        open(node, listing);
    while (true) {
        bridge::Step step = bridge::objects_next(listing->objects, steady_ms(), listing->cells,
                                                 listing->talk.fault);
        if (step.turn == bridge::Turn::done)
            return slot;
        if (step.turn == bridge::Turn::row)
            break;
        talk_serve(&listing->talk, step);
    }
    fill(listing, slot);
    return slot;
}

void objects_again(ForeignScanState* node) {
    auto* listing = static_cast<Listing*>(node->fdw_state);
    listing->objects = nullptr;
    MemoryContextReset(listing->context);
}

void objects_end(ForeignScanState* node) {
    auto* listing = static_cast<Listing*>(node->fdw_state);
    if (listing != nullptr)
        MemoryContextReset(listing->context);
}

void objects_explain(ForeignScanState* node, ExplainState* explain) {
    auto* listing = static_cast<Listing*>(node->fdw_state);
    ExplainPropertyText("Notion Objects", listing->kind, explain);
    if (explain->analyze && explain->timing)
        ExplainPropertyInteger("Requests", nullptr, listing->talk.requests, explain);
}

List* objects_import(const ImportForeignSchemaStmt* statement, const char* server) {
    List* statements = NIL;
    for (int number = 0;; number++) {
        std::string_view kind = bridge::objects_kind(number);
        if (kind.empty())
            return statements;
        if (!is_wanted(statement, kind))
            continue;
        StringInfoData sql;
        initStringInfo(&sql);
        appendStringInfo(&sql, "CREATE FOREIGN TABLE %s (", kind.data());
        bridge::ObjectsColumn column;
        for (int at = 0; bridge::objects_column(kind, at, &column); at++)
            appendStringInfo(&sql, "%s%s %s", at > 0 ? ", " : "",
                             quote_identifier(column.name.data()), column.sql_type.data());
        appendStringInfo(&sql, ") SERVER %s OPTIONS (object %s)", quote_identifier(server),
                         quote_literal_cstr(kind.data()));
        statements = lappend(statements, sql.data);
    }
}

} // namespace notion::pg
