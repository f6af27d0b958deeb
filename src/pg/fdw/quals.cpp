// The conditions that Notion can decide: see the header. scope: planning.
#include "pg/postgres.hpp"

#include "pg/datum.hpp"
#include "pg/fdw/private.hpp"
#include "pg/fdw/quals.hpp"

namespace notion::pg {
namespace {

// Of one clause: beyond that it is nothing that people write, and stays here.
constexpr int nodes_max = 2000;

/// `column op operand`.
struct Leaf {
    AttrNumber column;
    Operator op;
    OperandShape shape;
    Expr* operand; ///< null where shape is none
};

/// A clause on its way into nodes and terms.
struct Reading {
    const Table& table;
    Gathered* gathered;
    List* nodes;
};

struct Spelling {
    const char* name;
    Operator op;
    Operator mirrored; ///< where the column stands on the right
};

constexpr Spelling spellings[] = {
    {"=", Operator::equal, Operator::equal},
    {"<>", Operator::not_equal, Operator::not_equal},
    {"<", Operator::less, Operator::greater},
    {"<=", Operator::less_equal, Operator::greater_equal},
    {">", Operator::greater, Operator::less},
    {">=", Operator::greater_equal, Operator::less_equal},
    {"&&", Operator::overlaps, Operator::overlaps},
};

// These take the column on their left only.
constexpr Spelling text_spellings[] = {
    {"~~", Operator::like, Operator::like},
    {"~~*", Operator::ilike, Operator::ilike},
    {"^@", Operator::starts_with, Operator::starts_with},
};

Expr* bare(Expr* expr) {
    while (expr != nullptr && (IsA(expr, RelabelType) || IsA(expr, CollateExpr)))
        expr = IsA(expr, RelabelType) ? castNode(RelabelType, expr)->arg
                                      : castNode(CollateExpr, expr)->arg;
    return expr;
}

/// The table's column that the expression is, or 0.
AttrNumber column_of(const Table& table, Expr* expr) {
    expr = bare(expr);
    if (expr == nullptr || !IsA(expr, Var))
        return 0;
    auto* var = castNode(Var, expr);
    if (static_cast<Index>(var->varno) != table.rel->relid || var->varlevelsup != 0 ||
        var->varattno <= 0 || var->varattno > table.count)
        return 0;
    return var->varattno;
}

/// Something that is known before the scan begins.
bool is_operand(const Table& table, Expr* expr) {
    Relids used = pull_varnos(table.root, reinterpret_cast<Node*>(expr));
    return !bms_is_member(static_cast<int>(table.rel->relid), used) &&
           !contain_volatile_functions(reinterpret_cast<Node*>(expr)) &&
           !contain_subplans(reinterpret_cast<Node*>(expr));
}

bool is_integer(ColumnType type) {
    return type == ColumnType::int2 || type == ColumnType::int4 || type == ColumnType::int8;
}

/// Whether a value of `operand` type is one of the column's values. bpchar is not: its equality
/// ignores blanks. An enum is equal to itself only.
bool same_kind(Oid column, Oid operand) {
    ColumnType left;
    ColumnType right;
    Oid left_base = getBaseType(column);
    Oid right_base = getBaseType(operand);
    if (left_base == BPCHAROID || right_base == BPCHAROID || !column_type_of(column, &left) ||
        !column_type_of(operand, &right))
        return false;
    if (type_is_enum(left_base) || type_is_enum(right_base))
        return left_base == right_base;
    return left == right || (is_integer(left) && is_integer(right));
}

/// Days beside times: the operand is made the column's kind when it is known (operands.cpp).
bool comparable(Oid column, Oid operand, Operator op) {
    if (op > Operator::greater_equal)
        return false;
    Oid base = getBaseType(column);
    if (base == TIMESTAMPTZOID)
        return operand == DATEOID || operand == TIMESTAMPOID;
    return base == DATEOID && op != Operator::not_equal &&
           (operand == TIMESTAMPOID || operand == TIMESTAMPTZOID);
}

bool is_builtin_operator(Oid op) {
    return op < FirstGenbkiObjectId;
}

bool plain_collation(Oid collation) {
    return !OidIsValid(collation) || get_collation_isdeterministic(collation);
}

Oid type_of(Expr* expr) {
    return exprType(reinterpret_cast<Node*>(expr));
}

bool find(const char* name, bool mirrored, Operator* op) {
    for (const Spelling& it : spellings)
        if (strcmp(it.name, name) == 0) {
            *op = mirrored ? it.mirrored : it.op;
            return true;
        }
    for (const Spelling& it : text_spellings)
        if (!mirrored && strcmp(it.name, name) == 0) {
            *op = it.op;
            return true;
        }
    return false;
}

bool is_array(const Table& table, AttrNumber column) {
    return OidIsValid(get_base_element_type(table.types[column - 1]));
}

/// OpExpr and DistinctExpr, which are one struct.
bool binary(const Table& table, OpExpr* clause, bool distinct, Leaf* leaf) {
    if (list_length(clause->args) != 2 || !is_builtin_operator(clause->opno) ||
        !plain_collation(clause->inputcollid))
        return false;
    auto* left = static_cast<Expr*>(linitial(clause->args));
    auto* right = static_cast<Expr*>(lsecond(clause->args));
    AttrNumber column = column_of(table, left);
    bool mirrored = column == 0;
    if (mirrored)
        column = column_of(table, right);
    Expr* operand = mirrored ? left : right;
    if (column == 0 || !is_operand(table, operand))
        return false;
    const char* name = get_opname(clause->opno);
    bool array = is_array(table, column);
    Operator op;
    if (distinct && array)
        return false;
    if (distinct)
        op = Operator::distinct;
    else if (array && strcmp(name, mirrored ? "<@" : "@>") == 0)
        op = Operator::contains; // column @> list, list <@ column
    else if (!find(name, mirrored, &op))
        return false;
    // Arrays are ordered and compared element by element; Notion's sets are not.
    if (array != (op == Operator::overlaps || op == Operator::contains) &&
        !(array && op == Operator::equal))
        return false;
    Oid type = table.types[column - 1];
    if (!same_kind(type, type_of(operand)) && (array || !comparable(type, type_of(operand), op)))
        return false;
    *leaf = {column, op, array ? OperandShape::array : OperandShape::scalar, operand};
    return true;
}

bool any(const Table& table, ScalarArrayOpExpr* clause, Leaf* leaf) {
    if (!is_builtin_operator(clause->opno) || !plain_collation(clause->inputcollid))
        return false;
    const char* name = get_opname(clause->opno);
    Operator op;
    if (!find(name, false, &op))
        return false;
    auto* left = static_cast<Expr*>(linitial(clause->args));
    auto* right = static_cast<Expr*>(lsecond(clause->args));
    if (AttrNumber column = column_of(table, left)) {
        Oid element = get_base_element_type(type_of(right));
        bool pattern = op >= Operator::like && clause->useOr;
        bool listed = op == (clause->useOr ? Operator::equal : Operator::not_equal);
        if (!is_operand(table, right) || !OidIsValid(element) || (!listed && !pattern) ||
            !same_kind(table.types[column - 1], element))
            return false;
        op = pattern ? op : clause->useOr ? Operator::any_of : Operator::none_of;
        *leaf = {column, op, OperandShape::array, right};
        return true;
    }
    AttrNumber column = column_of(table, right);
    if (column == 0 || op != Operator::equal || !clause->useOr || !is_operand(table, left))
        return false;
    Oid element = get_base_element_type(table.types[column - 1]);
    if (!OidIsValid(element) || !same_kind(element, type_of(left)))
        return false;
    *leaf = {column, Operator::has_member, OperandShape::scalar, left};
    return true;
}

bool alone(const Table& table, Expr* expr, Operator op, Leaf* leaf) {
    AttrNumber column = column_of(table, expr);
    if (column == 0)
        return false;
    *leaf = {column, op, OperandShape::none, nullptr};
    return true;
}

Operator operator_of(BoolTestType test) {
    switch (test) {
    case IS_TRUE:
        return Operator::is_true;
    case IS_NOT_TRUE:
        return Operator::is_not_true;
    case IS_FALSE:
        return Operator::is_false;
    case IS_NOT_FALSE:
        return Operator::is_not_false;
    case IS_UNKNOWN:
        return Operator::is_null;
    case IS_NOT_UNKNOWN:
        return Operator::is_not_null;
    }
    pg_unreachable();
}

bool match(const Table& table, Expr* clause, Leaf* leaf) {
    switch (nodeTag(clause)) {
    case T_OpExpr:
        return binary(table, castNode(OpExpr, clause), false, leaf);
    case T_DistinctExpr:
        return binary(table, reinterpret_cast<OpExpr*>(clause), true, leaf);
    case T_ScalarArrayOpExpr:
        return any(table, castNode(ScalarArrayOpExpr, clause), leaf);
    case T_NullTest: {
        auto* test = castNode(NullTest, clause);
        return !test->argisrow &&
               alone(table, test->arg,
                     test->nulltesttype == IS_NULL ? Operator::is_null : Operator::is_not_null,
                     leaf);
    }
    case T_Var:
        return alone(table, clause, Operator::is_true, leaf);
    case T_BooleanTest: {
        auto* test = castNode(BooleanTest, clause);
        return alone(table, test->arg, operator_of(test->booltesttype), leaf);
    }
    default:
        return false;
    }
}

void add_node(Reading* reading, NodeKind kind, int count) {
    reading->nodes = lappend_int(lappend_int(reading->nodes, static_cast<int>(kind)), count);
}

void read(Reading* reading, Expr* clause, bool wanted);

void read_list(Reading* reading, BoolExpr* expr, bool wanted) {
    add_node(reading, expr->boolop == AND_EXPR ? NodeKind::all : NodeKind::any,
             list_length(expr->args));
    ListCell* cell;
    foreach (cell, expr->args)
        read(reading, static_cast<Expr*>(lfirst(cell)), wanted);
}

void read(Reading* reading, Expr* clause, bool wanted) {
    check_stack_depth();
    if (IsA(clause, BoolExpr)) {
        auto* expr = castNode(BoolExpr, clause);
        if (expr->boolop != NOT_EXPR) {
            read_list(reading, expr, wanted);
            return;
        }
        add_node(reading, NodeKind::no, 1);
        read(reading, static_cast<Expr*>(linitial(expr->args)), !wanted);
        return;
    }
    Leaf leaf;
    const Table& table = reading->table;
    bool known = match(table, clause, &leaf);
    if (!known && IsA(clause, BooleanTest) && wanted) {
        // Where it is looked for being true, `x IS TRUE` is x; elsewhere NULL would differ.
        auto* test = castNode(BooleanTest, clause);
        if (test->booltesttype == IS_FALSE)
            add_node(reading, NodeKind::no, 1);
        if (test->booltesttype == IS_TRUE || test->booltesttype == IS_FALSE) {
            read(reading, test->arg, test->booltesttype == IS_TRUE);
            return;
        }
    }
    known =
        known && (table.texts || !bridge::scan_rests_on_texts(table.columns[leaf.column - 1].type));
    if (!known) {
        add_node(reading, NodeKind::unknown, 0);
        return;
    }
    Gathered* gathered = reading->gathered;
    add_node(reading, NodeKind::leaf, list_length(gathered->terms));
    PlannedTerm term = {leaf.column, leaf.op, leaf.shape, -1};
    if (leaf.operand != nullptr) {
        term.operand = list_length(gathered->exprs);
        gathered->exprs = lappend(gathered->exprs, leaf.operand);
    }
    gathered->terms = lappend(gathered->terms, pack_term(term));
}

/// A page is fetched by its id; the id is checked here, since text may spell it otherwise.
bool names_pages(const Table& table, const Reading& reading) {
    if (list_length(reading.nodes) != 2 || linitial_int(reading.nodes) != int(NodeKind::leaf))
        return false;
    PlannedTerm term = unpack_term(static_cast<List*>(llast(reading.gathered->terms)));
    return table.columns[term.column - 1].field == bridge::Field::page_id &&
           (term.op == Operator::equal || term.op == Operator::any_of);
}

Push promise(const Table& table, const Reading& reading) {
    int count = list_length(reading.nodes) / 2;
    auto* nodes = static_cast<QualNode*>(palloc(sizeof(QualNode) * count));
    for (int at = 0; at < count; at++)
        nodes[at] = {static_cast<NodeKind>(list_nth_int(reading.nodes, 2 * at)),
                     list_nth_int(reading.nodes, 2 * at + 1)};
    int known = list_length(reading.gathered->terms);
    auto* terms = static_cast<bridge::ScanTerm*>(palloc0(sizeof(bridge::ScanTerm) * Max(known, 1)));
    for (int at = 0; at < known; at++) {
        PlannedTerm term = unpack_term(static_cast<List*>(list_nth(reading.gathered->terms, at)));
        terms[at].column = table.columns[term.column - 1];
        terms[at].op = term.op;
    }
    return bridge::scan_classify({nodes, static_cast<size_t>(count)},
                                 {terms, static_cast<size_t>(known)});
}

} // namespace

bool recognise(const Table& table, Expr* clause, Gathered* gathered, Qual* qual) {
    int terms = list_length(gathered->terms);
    int exprs = list_length(gathered->exprs);
    Reading reading = {table, gathered, NIL};
    read(&reading, clause, true);
    qual->nodes = reading.nodes;
    qual->by_id = names_pages(table, reading);
    bool small = list_length(reading.nodes) <= 2 * nodes_max;
    qual->push = qual->by_id ? Push::wide : small ? promise(table, reading) : Push::here;
    if (qual->push != Push::here)
        return true;
    gathered->terms = list_truncate(gathered->terms, terms);
    gathered->exprs = list_truncate(gathered->exprs, exprs);
    return false;
}

} // namespace notion::pg
