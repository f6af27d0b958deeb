// The conditions that Notion can decide: see the header. scope: planning.
#include "pg/postgres.hpp"

#include "pg/datum.hpp"
#include "pg/fdw/quals.hpp"

namespace notion::pg {
namespace {

struct Table {
    PlannerInfo* root;
    RelOptInfo* rel;
    const bridge::ScanColumn* columns;
    const Oid* types;
    int count;
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

Expr* bare(Expr* expr) {
    while (expr != nullptr && IsA(expr, RelabelType))
        expr = castNode(RelabelType, expr)->arg;
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

bool is_builtin_operator(Oid op) {
    return op < FirstGenbkiObjectId;
}

bool plain_collation(Oid collation) {
    return !OidIsValid(collation) || get_collation_isdeterministic(collation);
}

void describe(const Table& table, AttrNumber column, Operator op, OperandShape shape, Expr* operand,
              Qual* qual) {
    const bridge::ScanColumn& it = table.columns[column - 1];
    qual->column = column;
    qual->field = it.field;
    qual->op = op;
    qual->shape = shape;
    qual->operand = operand;
    // A page is fetched by its id; the id is checked here, since text may spell it otherwise.
    bool by_id =
        it.field == bridge::Field::page_id && (op == Operator::equal || op == Operator::any_of);
    qual->push = by_id ? Push::wide : bridge::scan_classify(it, op);
}

bool binary(const Table& table, OpExpr* clause, Qual* qual) {
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
    if (column == 0 || !is_operand(table, operand) ||
        !same_kind(table.types[column - 1], exprType(reinterpret_cast<Node*>(operand))))
        return false;
    const char* name = get_opname(clause->opno);
    ColumnType type;
    column_type_of(table.types[column - 1], &type);
    bool is_array = type == ColumnType::text_array || type == ColumnType::uuid_array;
    // column @> list, list <@ column
    if (is_array && strcmp(name, mirrored ? "<@" : "@>") == 0) {
        describe(table, column, Operator::contains, OperandShape::array, operand, qual);
        return true;
    }
    for (const Spelling& it : spellings) {
        if (strcmp(it.name, name) != 0)
            continue;
        // Arrays are ordered and compared element by element; Notion's sets are not.
        if (is_array != (it.op == Operator::overlaps))
            return false;
        describe(table, column, mirrored ? it.mirrored : it.op,
                 is_array ? OperandShape::array : OperandShape::scalar, operand, qual);
        return true;
    }
    return false;
}

bool any(const Table& table, ScalarArrayOpExpr* clause, Qual* qual) {
    if (!clause->useOr || !is_builtin_operator(clause->opno) ||
        !plain_collation(clause->inputcollid) || strcmp(get_opname(clause->opno), "=") != 0)
        return false;
    auto* left = static_cast<Expr*>(linitial(clause->args));
    auto* right = static_cast<Expr*>(lsecond(clause->args));
    if (AttrNumber column = column_of(table, left)) {
        Oid element = get_base_element_type(exprType(reinterpret_cast<Node*>(right)));
        if (!is_operand(table, right) || !OidIsValid(element) ||
            !same_kind(table.types[column - 1], element))
            return false;
        describe(table, column, Operator::any_of, OperandShape::array, right, qual);
        return true;
    }
    AttrNumber column = column_of(table, right);
    if (column == 0 || !is_operand(table, left))
        return false;
    Oid element = get_base_element_type(table.types[column - 1]);
    if (!OidIsValid(element) || !same_kind(element, exprType(reinterpret_cast<Node*>(left))))
        return false;
    describe(table, column, Operator::has_member, OperandShape::scalar, left, qual);
    return true;
}

bool alone(const Table& table, Expr* expr, Operator op, Qual* qual) {
    AttrNumber column = column_of(table, expr);
    if (column == 0)
        return false;
    describe(table, column, op, OperandShape::none, nullptr, qual);
    return true;
}

bool match(const Table& table, Expr* clause, Qual* qual) {
    switch (nodeTag(clause)) {
    case T_OpExpr:
        return binary(table, castNode(OpExpr, clause), qual);
    case T_ScalarArrayOpExpr:
        return any(table, castNode(ScalarArrayOpExpr, clause), qual);
    case T_NullTest: {
        auto* test = castNode(NullTest, clause);
        return !test->argisrow &&
               alone(table, test->arg,
                     test->nulltesttype == IS_NULL ? Operator::is_null : Operator::is_not_null,
                     qual);
    }
    case T_Var:
        return alone(table, clause, Operator::is_true, qual);
    case T_BooleanTest: {
        auto* test = castNode(BooleanTest, clause);
        return test->booltesttype == IS_TRUE && alone(table, test->arg, Operator::is_true, qual);
    }
    case T_BoolExpr: {
        auto* expr = castNode(BoolExpr, clause);
        return expr->boolop == NOT_EXPR &&
               alone(table, static_cast<Expr*>(linitial(expr->args)), Operator::is_false, qual);
    }
    default:
        return false;
    }
}

} // namespace

bool recognise(PlannerInfo* root, RelOptInfo* rel, const bridge::ScanColumn* columns,
               const Oid* types, int column_count, Expr* clause, Qual* qual) {
    Table table = {root, rel, columns, types, column_count};
    return match(table, clause, qual) && qual->push != Push::here;
}

} // namespace notion::pg
