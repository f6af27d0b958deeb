// Planning a scan: see the header. A request costs as much as reading thousands of pages of a
// table, and Notion allows few of them, so the planner should avoid them where it can: a rescan
// costs its requests again, and Materialize is cheap beside that. scope: planning.
#include <cmath>

#include "pg/postgres.hpp"

#include "bridge/endpoint.hpp"
#include "pg/fdw/columns.hpp"
#include "pg/fdw/cost.hpp"
#include "pg/fdw/learned.hpp"
#include "pg/fdw/objects.hpp"
#include "pg/fdw/plan.hpp"
#include "pg/fdw/private.hpp"
#include "pg/fdw/upper.hpp"
#include "pg/options.hpp"
#include "pg/settings.hpp"

namespace notion::pg {
namespace {

// Without ANALYZE nothing is known; a data source has hundreds of pages rather than ten.
constexpr double rows_guess = 1000;
// More would not fit into a filter, which core sees to; the planner need not look at them.
constexpr int terms_max = 500;

/// Of one foreign table in one query; in rel->fdw_private.
struct Sketch {
    bridge::ScanColumn* columns;
    Oid* types;
    TupleDesc description;
    int count;
    bool texts; ///< conditions on texts may be asked of Notion
    double requests;
    bool all_exact; ///< every condition of the table is decided by Notion alone
};

/// The conditions of a scan, split as they will be executed.
struct Split {
    List* local; ///< checked here by the executor: wide and here
    List* exact; ///< left to Notion
    List* wide;  ///< the same as in local, for EXPLAIN and EvalPlanQual
    List* quals;
    Gathered gathered;
    int id_term;
};

Sketch* sketch(Oid table) {
    auto* made = static_cast<Sketch*>(palloc0(sizeof(Sketch)));
    Relation relation = table_open(table, NoLock);
    TupleDesc description = RelationGetDescr(relation);
    made->description = CreateTupleDescCopy(description);
    made->count = description->natts;
    made->texts = server_options(GetForeignServer(GetForeignTable(table)->serverid)).texts;
    made->columns =
        static_cast<bridge::ScanColumn*>(palloc0(sizeof(bridge::ScanColumn) * Max(made->count, 1)));
    made->types = static_cast<Oid*>(palloc0(sizeof(Oid) * Max(made->count, 1)));
    for (int at = 0; at < made->count; at++) {
        if (TupleDescAttr(description, at)->attisdropped)
            continue;
        made->types[at] = TupleDescAttr(description, at)->atttypid;
        made->columns[at] = scan_column(relation, static_cast<AttrNumber>(at + 1));
    }
    table_close(relation, NoLock);
    return made;
}

Table table_of(PlannerInfo* root, RelOptInfo* rel, const Sketch* sketch) {
    return {root, rel, sketch->columns, sketch->types, sketch->count, sketch->texts};
}

void add_qual(Split* split, const Qual& qual, Expr* clause) {
    split->quals = lappend(split->quals, pack_qual(qual));
    if (qual.push == Push::exact) {
        split->exact = lappend(split->exact, clause);
        return;
    }
    split->wide = lappend(split->wide, clause);
    split->local = lappend(split->local, clause);
}

/// Pages fetched by id are not filtered by Notion: then every other condition is checked here too.
Split split_clauses(PlannerInfo* root, RelOptInfo* rel, const Sketch* sketch, List* clauses) {
    Split split;
    memset(&split, 0, sizeof split);
    split.id_term = -1;
    Table table = table_of(root, rel, sketch);
    auto* quals = static_cast<Qual*>(palloc0(sizeof(Qual) * Max(list_length(clauses), 1)));
    auto* known = static_cast<bool*>(palloc0(sizeof(bool) * Max(list_length(clauses), 1)));
    int at = 0;
    ListCell* cell;
    foreach (cell, clauses) {
        known[at] = settings::pushdown && list_length(split.gathered.terms) < terms_max &&
                    recognise(table, static_cast<Expr*>(lfirst(cell)), &split.gathered, &quals[at]);
        bool by_id = known[at] && quals[at].by_id;
        known[at] = known[at] && !(by_id && split.id_term >= 0); // one list of pages is enough
        if (by_id && split.id_term < 0)
            split.id_term = list_length(split.gathered.terms) - 1;
        at++;
    }
    at = 0;
    foreach (cell, clauses) {
        auto* clause = static_cast<Expr*>(lfirst(cell));
        if (split.id_term >= 0)
            quals[at].push = Push::wide;
        if (known[at])
            add_qual(&split, quals[at], clause);
        else
            split.local = lappend(split.local, clause);
        at++;
    }
    return split;
}

/// Without constant conditions, which the planner puts above the scan.
List* bare_clauses(List* restrictions) {
    List* clauses = NIL;
    ListCell* cell;
    foreach (cell, restrictions) {
        auto* restriction = castNode(RestrictInfo, lfirst(cell));
        if (!restriction->pseudoconstant)
            clauses = lappend(clauses, restriction->clause);
    }
    return clauses;
}

double rows_after(PlannerInfo* root, RelOptInfo* rel, List* clauses, double rows) {
    return clamp_row_est(rows * clauselist_selectivity(root, clauses, static_cast<int>(rel->relid),
                                                       JOIN_INNER, nullptr));
}

double requests_for(PlannerInfo* root, RelOptInfo* rel, const Split& split) {
    if (split.id_term >= 0)
        return 1;
    List* sent = list_concat_copy(split.exact, split.wide);
    return std::ceil(rows_after(root, rel, sent, rel->tuples) / page_rows);
}

/// The rows after which nobody asks for more, or 0: only where nothing stands between the LIMIT and
/// the scan, and Notion alone decides which rows there are (law 3).
int limit_of(PlannerInfo* root, RelOptInfo* rel, const Split& split, bool sorted) {
    bool plain =
        root->limit_tuples > 0 && root->limit_tuples <= INT_MAX / 2 &&
        rel->reloptkind == RELOPT_BASEREL && bms_membership(root->all_baserels) == BMS_SINGLETON &&
        (sorted || root->parse->sortClause == NIL) && root->parse->rowMarks == NIL &&
        root->parse->limitOption != LIMIT_OPTION_WITH_TIES && !root->hasPseudoConstantQuals;
    return plain && split.local == NIL && split.id_term < 0 ? static_cast<int>(root->limit_tuples)
                                                            : 0;
}

bool has_semi_join(const PlannerInfo* root) {
    ListCell* cell;
    foreach (cell, root->join_info_list) {
        JoinType type = castNode(SpecialJoinInfo, lfirst(cell))->jointype;
        if (type == JOIN_SEMI || type == JOIN_ANTI)
            return true;
    }
    return false;
}

/// Whether whoever reads will surely read to the end. A sort or a grouping does, even below a
/// LIMIT.
bool reads_to_end(PlannerInfo* root, RelOptInfo* rel) {
    const Query* parse = root->parse;
    if (IS_OTHER_REL(rel) && rel->reloptkind != RELOPT_OTHER_MEMBER_REL)
        return false;
    if (has_semi_join(root))
        return false;
    bool single = bms_membership(root->all_baserels) == BMS_SINGLETON;
    bool gathers = parse->sortClause != NIL || parse->groupClause != NIL || parse->hasAggs;
    return root->tuple_fraction <= 0 || (single && gathers);
}

void add_scan_path(PlannerInfo* root, RelOptInfo* rel, Relids outer, double rows, double total,
                   List* order = NIL) {
    Cost startup = Min(request_cost, total);
    // For an Append: it may begin before the scans before it have ended.
    List* to_end = reads_to_end(root, rel) ? list_make1(makeInteger(1)) : NIL;
#if PG_VERSION_NUM >= 180000
    ForeignPath* path = create_foreignscan_path(root, rel, nullptr, rows, 0, startup, total, order,
                                                outer, nullptr, NIL, to_end);
#elif PG_VERSION_NUM >= 170000
    ForeignPath* path = create_foreignscan_path(root, rel, nullptr, rows, startup, total, order,
                                                outer, nullptr, NIL, to_end);
#else
    ForeignPath* path = create_foreignscan_path(root, rel, nullptr, rows, startup, total, order,
                                                outer, nullptr, to_end);
#endif
    add_path(rel, &path->path);
}

/// For generate_implied_equalities_for_column: is this member our column?
bool is_column(PlannerInfo*, RelOptInfo* rel, EquivalenceClass*, EquivalenceMember* member,
               void* column) {
    Expr* expr = member->em_expr;
    while (IsA(expr, RelabelType))
        expr = castNode(RelabelType, expr)->arg;
    if (!IsA(expr, Var))
        return false;
    auto* var = castNode(Var, expr);
    return static_cast<Index>(var->varno) == rel->relid && var->varlevelsup == 0 &&
           var->varattno == *static_cast<AttrNumber*>(column);
}

/// A page for each row of the other side, by its id: good for a handful of rows, and as expensive
/// as the requests that it makes.
void add_lookup_paths(PlannerInfo* root, RelOptInfo* rel, AttrNumber column) {
    List* clauses = generate_implied_equalities_for_column(root, rel, is_column, &column,
                                                           rel->lateral_referencers);
    Relids done[8];
    int count = 0;
    ListCell* cell;
    foreach (cell, clauses) {
        auto* clause = castNode(RestrictInfo, lfirst(cell));
        if (!join_clause_is_movable_to(clause, rel))
            continue;
        Relids outer = bms_union(clause->clause_relids, rel->lateral_relids);
        outer = bms_del_member(outer, static_cast<int>(rel->relid));
        bool known = bms_is_empty(outer) || count == 8;
        for (int at = 0; at < count; at++)
            known = known || bms_equal(done[at], outer);
        if (known)
            continue;
        done[count++] = outer;
        add_scan_path(root, rel, outer, 1, request_cost);
    }
}

bool reads_content(const RelOptInfo* rel, const Sketch* made) {
    Bitmapset* used = nullptr;
    pull_varattnos(reinterpret_cast<Node*>(rel->reltarget->exprs), rel->relid, &used);
    ListCell* cell;
    foreach (cell, rel->baserestrictinfo)
        pull_varattnos(reinterpret_cast<Node*>(lfirst_node(RestrictInfo, cell)->clause), rel->relid,
                       &used);
    foreach (cell, used_columns(used, made->description))
        if (made->columns[lfirst_int(cell) - 1].field == bridge::Field::content)
            return true;
    return false;
}

} // namespace

void plan_size(PlannerInfo* root, RelOptInfo* rel, Oid table) {
    if (object_of(table) != nullptr)
        return objects_size(root, rel, table);
    Sketch* made = sketch(table);
    rel->fdw_private = made;
    Learned known;
    if (recall(table, &known))
        rel->tuples = static_cast<double>(known.rows);
    else if (rel->tuples < 0)
        rel->tuples = rows_guess;
    set_baserel_size_estimates(root, rel);
    Split split = split_clauses(root, rel, made, bare_clauses(rel->baserestrictinfo));
    made->requests = requests_for(root, rel, split);
    made->all_exact = split.local == NIL && split.id_term < 0;
    if (split.id_term >= 0)
        rel->rows = 1;
    if (int limit = limit_of(root, rel, split, false); limit > 0)
        made->requests = std::ceil(Min(limit, rel->rows) / page_rows);
    made->requests = Max(made->requests, 1);
    if (reads_content(rel, made)) { // one more for each row
        int limit = limit_of(root, rel, split, false);
        made->requests += limit > 0 ? Min(limit, rel->rows) : rel->rows;
    }
}

void plan_paths(PlannerInfo* root, RelOptInfo* rel, Oid table) {
    if (object_of(table) != nullptr)
        return objects_paths(root, rel, table);
    auto* made = static_cast<Sketch*>(rel->fdw_private);
    add_scan_path(root, rel, rel->lateral_relids, rel->rows,
                  request_cost * made->requests + cpu_tuple_cost * rel->rows);
    if (!settings::pushdown)
        return;
    Split split = split_clauses(root, rel, made, bare_clauses(rel->baserestrictinfo));
    if (limit_of(root, rel, split, true) > 0 &&
        top_order(table_of(root, rel, made), split.quals, split.gathered.terms, nullptr))
        add_scan_path(root, rel, nullptr, rel->rows,
                      request_cost * made->requests + cpu_tuple_cost * rel->rows,
                      root->sort_pathkeys);
    for (int at = 0; at < made->count; at++)
        if (made->columns[at].field == bridge::Field::page_id && OidIsValid(made->types[at]))
            add_lookup_paths(root, rel, static_cast<AttrNumber>(at + 1));
}

bool plan_takes(PlannerInfo* root, RelOptInfo* rel, Expr* clause) {
    auto* made = static_cast<Sketch*>(rel->fdw_private);
    Split split = split_clauses(root, rel, made, list_make1(clause));
    return split.quals != NIL;
}

bool plan_is_by_id(const RelOptInfo* rel, AttrNumber column) {
    auto* made = static_cast<const Sketch*>(rel->fdw_private);
    return made->columns[column - 1].field == bridge::Field::page_id;
}

ForeignScan* plan_scan(PlannerInfo* root, RelOptInfo* rel, Oid table, ForeignPath* path,
                       List* target_list, List* clauses, Plan* outer) {
    if (OidIsValid(table) && object_of(table) != nullptr)
        return objects_plan(root, rel, table, target_list, clauses);
    auto* made = static_cast<Sketch*>(rel->fdw_private);
    // Below a look-up: its keys are a condition more, which the look-up checks itself.
    bool looked_up = path->fdw_private != NIL && !IsA(linitial(path->fdw_private), Integer);
    Expr* keys = looked_up ? static_cast<Expr*>(linitial(path->fdw_private)) : nullptr;
    List* all = bare_clauses(clauses);
    if (keys != nullptr)
        all = lcons(keys, all);
    Split split = split_clauses(root, rel, made, all);
    split.local = list_delete_ptr(split.local, keys);
    split.wide = list_delete_ptr(split.wide, keys);
    split.exact = list_delete_ptr(split.exact, keys);
    Bitmapset* used = nullptr;
    pull_varattnos(reinterpret_cast<Node*>(rel->reltarget->exprs), rel->relid, &used);
    pull_varattnos(reinterpret_cast<Node*>(split.local), rel->relid, &used);
    Planned planned;
    planned.columns = used_columns(used, made->description);
    pull_varattnos(reinterpret_cast<Node*>(split.exact), rel->relid, &used);
    planned.recheck_columns = used_columns(used, made->description);
    planned.quals = split.quals;
    planned.terms = split.gathered.terms;
    planned.id_term = split.id_term;
    Top top = {0, false};
    bool sorted = path->path.pathkeys != NIL;
    if (sorted)
        top_order(table_of(root, rel, made), split.quals, split.gathered.terms, &top);
    planned.sort = top.column;
    planned.descending = top.descending;
    planned.limit = limit_of(root, rel, split, sorted);
    planned.read_ahead = planned.limit > 0 || reads_to_end(root, rel) ||
                         (keys != nullptr && root->tuple_fraction <= 0);
    planned.exact = list_length(split.exact);
    planned.requests = looked_up ? intVal(lsecond(path->fdw_private))
                                 : static_cast<int>(Min(made->requests, INT_MAX / 2));
    return make_foreignscan(target_list, split.local, rel->relid, split.gathered.exprs,
                            pack(planned), NIL, list_concat_copy(split.exact, split.wide), outer);
}

} // namespace notion::pg
