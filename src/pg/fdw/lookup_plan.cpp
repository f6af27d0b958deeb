// Planning a look-up: see lookup.hpp. For every pair of sides that the planner joins it offers one
// path more, which costs a request for each 100 keys. scope: planning.
#include <cmath>

#include "pg/postgres.hpp"

#include "pg/fdw/cost.hpp"
#include "pg/fdw/lookup.hpp"
#include "pg/fdw/plan.hpp"
#include "pg/settings.hpp"

namespace notion::pg {
namespace {

set_join_pathlist_hook_type hook_before;

/// `column = key`, taken apart.
struct Key {
    Expr* clause;
    Var* column;
    Expr* outer;
    Oid op; ///< column op element
    Oid collation;
};

Expr* bare(Expr* expr) {
    while (IsA(expr, RelabelType))
        expr = castNode(RelabelType, expr)->arg;
    return expr;
}

bool is_from(PlannerInfo* root, Expr* expr, Relids side) {
    Relids used = pull_varnos(root, reinterpret_cast<Node*>(expr));
    return !bms_is_empty(used) && bms_is_subset(used, side) &&
           !contain_volatile_functions(reinterpret_cast<Node*>(expr)) &&
           !contain_subplans(reinterpret_cast<Node*>(expr));
}

bool is_column(Expr* expr, const RelOptInfo* rel) {
    expr = bare(expr);
    return IsA(expr, Var) && static_cast<Index>(castNode(Var, expr)->varno) == rel->relid &&
           castNode(Var, expr)->varattno > 0;
}

bool take_apart(PlannerInfo* root, RelOptInfo* outer, RelOptInfo* inner, RestrictInfo* restriction,
                Key* key) {
    Expr* clause = restriction->clause;
    if (restriction->pseudoconstant || !IsA(clause, OpExpr) ||
        list_length(castNode(OpExpr, clause)->args) != 2)
        return false;
    auto* op = castNode(OpExpr, clause);
    auto* left = static_cast<Expr*>(linitial(op->args));
    auto* right = static_cast<Expr*>(lsecond(op->args));
    bool mirrored = !is_column(left, inner);
    if (mirrored && !is_column(right, inner))
        return false;
    key->clause = clause;
    key->column = castNode(Var, bare(mirrored ? right : left));
    key->outer = mirrored ? left : right;
    key->op = mirrored ? get_commutator(op->opno) : op->opno;
    key->collation = op->inputcollid;
    return OidIsValid(key->op) && is_from(root, key->outer, outer->relids);
}

/// column = ANY (the keys that the executor will have gathered)
Expr* any_of_keys(const Key& key) {
    Oid element = exprType(reinterpret_cast<Node*>(key.outer));
    Oid array = get_array_type(element);
    if (!OidIsValid(array))
        return nullptr;
    auto* keys = makeNode(CaseTestExpr);
    keys->typeId = array;
    keys->typeMod = -1;
    keys->collation = get_typcollation(array);
    auto* any = makeNode(ScalarArrayOpExpr);
    any->opno = key.op;
    any->opfuncid = get_opcode(key.op);
    any->useOr = true;
    any->inputcollid = key.collation;
    any->args = list_make2(copyObjectImpl(key.column), keys);
    any->location = -1;
    return reinterpret_cast<Expr*>(any);
}

ForeignPath* foreign_path(PlannerInfo* root, RelOptInfo* inner, Expr* any, double rows,
                          double requests) {
    double cost = requests * request_cost;
    List* marked = list_make2(any, makeInteger(static_cast<int>(std::ceil(requests))));
#if PG_VERSION_NUM >= 180000
    return create_foreignscan_path(root, inner, nullptr, rows, 0, cost, cost, NIL, nullptr, nullptr,
                                   NIL, marked);
#elif PG_VERSION_NUM >= 170000
    return create_foreignscan_path(root, inner, nullptr, rows, cost, cost, NIL, nullptr, nullptr,
                                   NIL, marked);
#else
    return create_foreignscan_path(root, inner, nullptr, rows, cost, cost, NIL, nullptr, nullptr,
                                   marked);
#endif
}

bool is_joinable(JoinType type) {
    return type == JOIN_INNER || type == JOIN_LEFT || type == JOIN_SEMI || type == JOIN_ANTI;
}

/// Columns alone can be told apart below and above an outer join.
bool has_only_columns(const RelOptInfo* rel) {
    ListCell* cell;
    foreach (cell, rel->reltarget->exprs)
        if (!IsA(lfirst(cell), Var))
            return false;
    return true;
}

bool is_foreign(const RelOptInfo* rel) {
    return rel->reloptkind == RELOPT_BASEREL && rel->rtekind == RTE_RELATION &&
           rel->fdwroutine != nullptr && rel->fdwroutine->GetForeignPaths == plan_paths &&
           rel->fdw_private != nullptr && // objects have none
           bms_is_empty(rel->lateral_relids);
}

/// Rows that Notion gives for the keys. Where nothing is known of the column's values the planner
/// takes it for 200 different ones; a column that is joined by is rather a key.
double rows_found(PlannerInfo* root, const RelOptInfo* join, const RelOptInfo* inner, JoinType type,
                  const Key& key, double keys) {
    VariableStatData known;
    bool guessed;
    examine_variable(root, reinterpret_cast<Node*>(key.column), 0, &known);
    get_variable_numdistinct(&known, &guessed);
    ReleaseVariableStats(known);
    double found = type == JOIN_INNER && !guessed ? join->rows : keys;
    return Min(inner->rows, Max(found, 1));
}

CustomPath* lookup_path(PlannerInfo* root, RelOptInfo* join, RelOptInfo* outer, RelOptInfo* inner,
                        JoinType type, const JoinPathExtraData* extra, const Key& key, Expr* any) {
    Path* from = outer->cheapest_total_path;
    bool by_id = plan_is_by_id(inner, key.column->varattno);
    double keys = estimate_num_groups(root, list_make1(key.outer), from->rows, nullptr, nullptr);
    double batches = std::ceil(keys / keys_a_lookup);
    double found = rows_found(root, join, inner, type, key, keys);
    double each = by_id ? Min(keys / Max(batches, 1), std::ceil(inner->tuples / page_rows)) : 1;
    double requests = Max(batches * each, by_id ? 0 : found / page_rows);
    // Batches wait for each other, where a scan reads side by side.
    double cost = requests * request_cost * 1.25;
    ForeignPath* scan = foreign_path(root, inner, any, found, requests / Max(batches, 1));
    auto* path = makeNode(CustomPath);
    path->path.pathtype = T_CustomScan;
    path->path.parent = join;
    path->path.pathtarget = join->reltarget;
    path->path.rows = join->rows;
    path->path.startup_cost = from->startup_cost + Min(request_cost, cost);
    path->path.total_cost = from->total_cost + cost + cpu_tuple_cost * (join->rows + from->rows);
    path->flags = CUSTOMPATH_SUPPORT_PROJECTION;
    path->custom_paths = list_make2(from, scan);
    path->custom_private =
        list_make4(makeInteger(type), key.outer, key.column, extra->restrictlist);
    return path;
}

extern const CustomPathMethods path_methods;

int position(List* target, const Var* column) {
    ListCell* cell;
    int at = 0;
    foreach (cell, target) {
        auto* expr = castNode(TargetEntry, lfirst(cell))->expr;
        if (IsA(expr, Var) && castNode(Var, expr)->varno == column->varno &&
            castNode(Var, expr)->varattno == column->varattno)
            return at;
        at++;
    }
    return -1;
}

/// The outer joins that mark the inner columns where target and conditions call them from above:
/// what they are called in the scan's tuple, and in the conditions of the join itself, must agree.
Bitmapset* nulling_above(const RelOptInfo* join, List* conditions, int inner) {
    List* above = list_concat(
        pull_var_clause(reinterpret_cast<Node*>(join->reltarget->exprs), PVC_INCLUDE_PLACEHOLDERS),
        pull_var_clause(reinterpret_cast<Node*>(conditions), PVC_INCLUDE_PLACEHOLDERS));
    ListCell* cell;
    foreach (cell, above)
        if (IsA(lfirst(cell), Var) && castNode(Var, lfirst(cell))->varno == inner)
            return nulling_of(castNode(Var, lfirst(cell)));
    return nullptr;
}

/// The tuple that conditions and the target are computed from: the columns of both sides.
List* scan_columns(List* outer, List* inner) {
    List* columns = NIL;
    ListCell* cell;
    foreach (cell, list_concat_copy(outer, inner)) {
        auto* entry = castNode(TargetEntry, lfirst(cell));
        columns = lappend(
            columns, makeTargetEntry(entry->expr, static_cast<AttrNumber>(list_length(columns) + 1),
                                     nullptr, false));
    }
    return columns;
}

/// Same type on both sides: then equal keys have the same hash.
bool is_hashable(const Key& key) {
    Oid outer = getBaseType(exprType(reinterpret_cast<Node*>(bare(key.outer))));
    Oid column = getBaseType(key.column->vartype);
    if (outer != column)
        return false;
    TypeCacheEntry* type = lookup_type_cache(column, TYPECACHE_HASH_PROC | TYPECACHE_EQ_OPR);
    return OidIsValid(type->hash_proc) && OidIsValid(type->eq_opr);
}

Plan* plan_lookup(PlannerInfo*, RelOptInfo* join, CustomPath* path, List* target, List*,
                  List* plans) {
    auto* outer = static_cast<Plan*>(linitial(plans));
    auto* inner = static_cast<Plan*>(lsecond(plans));
    Key key;
    memset(&key, 0, sizeof key);
    key.outer = static_cast<Expr*>(lsecond(path->custom_private));
    key.column = castNode(Var, lthird(path->custom_private));
    auto* restrictions = static_cast<List*>(lfourth(path->custom_private));
    PlannedLookup planned;
    memset(&planned, 0, sizeof planned);
    planned.type = static_cast<JoinType>(intVal(linitial(path->custom_private)));
    List* on = NIL;
    List* above = NIL;
    if (IS_OUTER_JOIN(planned.type))
        extract_actual_join_clauses(restrictions, join->relids, &on, &above);
    else
        on = extract_actual_clauses(restrictions, false);
    planned.outer_count = list_length(outer->targetlist);
    planned.inner_count = list_length(inner->targetlist);
    planned.key = position(inner->targetlist, key.column);
    planned.collation = exprCollation(reinterpret_cast<Node*>(key.column));
    planned.hashed = is_hashable(key);
    if (planned.key < 0)
        elog(ERROR, "the key of a look-up is not read");
    auto* scan = makeNode(CustomScan);
    scan->scan.plan.targetlist = target;
    scan->scan.plan.qual = above;
    scan->scan.scanrelid = 0;
    scan->flags = path->flags;
    scan->custom_plans = plans;
    Bitmapset* called = bms_make_singleton(key.column->varno);
    Bitmapset* joins = nulling_above(join, above, key.column->varno);
    auto of_inner = [&](List* list) {
        return reinterpret_cast<List*>(as_above(reinterpret_cast<Node*>(list), called, joins));
    };
    scan->custom_exprs = lcons(key.outer, of_inner(on));
    scan->custom_scan_tlist = scan_columns(outer->targetlist, of_inner(inner->targetlist));
    scan->custom_private = pack_lookup(planned);
    scan->methods = &lookup_plan_methods;
    return &scan->scan.plan;
}

const CustomPathMethods path_methods = {"NotionLookup", plan_lookup, nullptr};

void offer(PlannerInfo* root, RelOptInfo* join, RelOptInfo* outer, RelOptInfo* inner, JoinType type,
           JoinPathExtraData* extra) {
    const Path* from = outer->cheapest_total_path;
    if (!settings::pushdown || !is_joinable(type) || !is_foreign(inner) || from == nullptr ||
        from->param_info != nullptr || !bms_is_empty(join->lateral_relids) ||
        root->parse->commandType != CMD_SELECT || root->rowMarks != NIL ||
        root->hasPseudoConstantQuals || (type != JOIN_INNER && !has_only_columns(inner)))
        return;
    ListCell* cell;
    foreach (cell, extra->restrictlist) {
        auto* restriction = castNode(RestrictInfo, lfirst(cell));
        Key key;
        if (IS_OUTER_JOIN(type) && RINFO_IS_PUSHED_DOWN(restriction, join->relids))
            continue;
        if (!take_apart(root, outer, inner, restriction, &key))
            continue;
        Expr* any = any_of_keys(key);
        if (any == nullptr || !plan_takes(root, inner, any))
            continue;
        CustomPath* path = lookup_path(root, join, outer, inner, type, extra, key, any);
        path->methods = &path_methods;
        add_path(join, &path->path);
        return; // one key is enough
    }
}

void hook(PlannerInfo* root, RelOptInfo* join, RelOptInfo* outer, RelOptInfo* inner, JoinType type,
          JoinPathExtraData* extra) {
    if (hook_before != nullptr)
        hook_before(root, join, outer, inner, type, extra);
    offer(root, join, outer, inner, type, extra);
}

} // namespace

List* pack_lookup(const PlannedLookup& planned) {
    List* numbers = list_make5_int(planned.type, planned.outer_count, planned.inner_count,
                                   planned.key, planned.hashed);
    return list_make2(numbers, list_make1_oid(planned.collation));
}

PlannedLookup unpack_lookup(List* custom_private) {
    auto* numbers = static_cast<List*>(linitial(custom_private));
    PlannedLookup planned;
    planned.type = static_cast<JoinType>(list_nth_int(numbers, 0));
    planned.outer_count = list_nth_int(numbers, 1);
    planned.inner_count = list_nth_int(numbers, 2);
    planned.key = list_nth_int(numbers, 3);
    planned.hashed = list_nth_int(numbers, 4) != 0;
    planned.collation = linitial_oid(static_cast<List*>(lsecond(custom_private)));
    return planned;
}

void lookup_register() {
    RegisterCustomScanMethods(&lookup_plan_methods);
    hook_before = set_join_pathlist_hook;
    set_join_pathlist_hook = hook;
}

} // namespace notion::pg
