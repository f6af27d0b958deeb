// The operands of a scan's terms: see the header. scope: query.
#include "pg/postgres.hpp"

#include "pg/datum.hpp"
#include "pg/fdw/operands.hpp"

namespace notion::pg {
namespace {

using bridge::Cell;

struct Known {
    Datum value;
    bool null;
    Oid type;
    bool known;
};

Known evaluate(const Operands& operands, int index) {
    auto* expr = static_cast<Expr*>(list_nth(operands.exprs, index));
    Known known = {0, true, exprType(reinterpret_cast<Node*>(expr)), true};
    if (operands.context != nullptr) {
        auto* state = static_cast<ExprState*>(list_nth(operands.states, index));
        known.value = ExecEvalExpr(state, operands.context, &known.null);
        return known;
    }
    while (IsA(expr, RelabelType))
        expr = castNode(RelabelType, expr)->arg;
    if (!IsA(expr, Const)) {
        known.known = false;
        return known;
    }
    known.value = castNode(Const, expr)->constvalue;
    known.null = castNode(Const, expr)->constisnull;
    return known;
}

/// One cell, or false where it cannot be said.
bool scalar(const Known& known, Cell* cell) {
    // Infinity and NaN are no values of Notion's, but numbers compare with them.
    if (!known.null && known.type == FLOAT8OID) {
        cell->kind = bridge::CellKind::real;
        cell->real = DatumGetFloat8(known.value);
        return true;
    }
    Shape shape;
    memset(&shape, 0, sizeof shape);
    return shape_of(known.type, -1, CurrentMemoryContext, &shape) &&
           from_datum(known.value, known.null, &shape, cell);
}

/// Days beside times, as PostgreSQL compares them: by the session's midnight. False where that is
/// beyond its calendar. A time beside a column of days becomes its day, which `<` includes.
bool made_like(Known* known, Oid column, Operator* op) {
    Oid base = getBaseType(column);
    if (known->null || known->type == base)
        return true;
    int overflow = 0;
    if (base == TIMESTAMPTZOID && known->type == DATEOID)
        known->value = TimestampTzGetDatum(
            date2timestamptz_opt_overflow(DatumGetDateADT(known->value), &overflow));
    else if (base == TIMESTAMPTZOID && known->type == TIMESTAMPOID)
        known->value = TimestampTzGetDatum(
            timestamp2timestamptz_opt_overflow(DatumGetTimestamp(known->value), &overflow));
    else if (base == DATEOID && (known->type == TIMESTAMPOID || known->type == TIMESTAMPTZOID)) {
        known->value = known->type == TIMESTAMPOID
                           ? DirectFunctionCall1(timestamp_date, known->value)
                           : DirectFunctionCall1(timestamptz_date, known->value);
        if (*op == Operator::less)
            *op = Operator::less_equal;
    } else
        return true;
    known->type = base;
    return overflow == 0;
}

/// The elements of an array operand. Where it is NULL, a single NULL: core knows what that means.
bool elements(const Known& known, Cell** cells, int* count) {
    *cells = static_cast<Cell*>(palloc0(sizeof(Cell)));
    *count = 1;
    if (known.null)
        return true;
    ArrayType* array = DatumGetArrayTypeP(known.value);
    Oid type = ARR_ELEMTYPE(array);
    int16 length;
    bool by_value;
    char align;
    Datum* values;
    bool* nulls;
    int all;
    get_typlenbyvalalign(type, &length, &by_value, &align);
    deconstruct_array(array, type, length, by_value, align, &values, &nulls, &all);
    *cells = static_cast<Cell*>(palloc0(sizeof(Cell) * Max(all, 1)));
    *count = all;
    for (int at = 0; at < all; at++)
        if (!nulls[at] && !scalar({values[at], false, type, true}, &(*cells)[at]))
            return false;
    return true;
}

/// Notion's ids are lower case with dashes; a text in any other form equals none of them.
bool may_be_id(const Cell& cell) {
    if (cell.kind != bridge::CellKind::text || cell.text.size() != 36)
        return false;
    for (size_t at = 0; at < cell.text.size(); at++) {
        char letter = cell.text[at];
        bool dash = at == 8 || at == 13 || at == 18 || at == 23;
        bool hex = (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'f');
        if (dash ? letter != '-' : !hex)
            return false;
    }
    return true;
}

void take_ids(const Cell* cells, int count, Terms* terms) {
    terms->by_id = true;
    terms->ids = static_cast<std::string_view*>(palloc(sizeof(std::string_view) * Max(count, 1)));
    for (int at = 0; at < count; at++)
        if (may_be_id(cells[at]))
            terms->ids[terms->id_count++] = cells[at].text;
}

void make_quals(const Planned& planned, Terms* made) {
    made->qual_count = list_length(planned.quals);
    made->quals = static_cast<bridge::ScanQual*>(
        palloc0(sizeof(bridge::ScanQual) * Max(made->qual_count, 1)));
    for (int at = 0; at < made->qual_count; at++) {
        auto* packed = static_cast<List*>(list_nth(planned.quals, at));
        int count = (list_length(packed) - 1) / 2;
        auto* nodes = static_cast<QualNode*>(palloc(sizeof(QualNode) * Max(count, 1)));
        for (int node = 0; node < count; node++)
            nodes[node] = {static_cast<NodeKind>(list_nth_int(packed, 1 + 2 * node)),
                           list_nth_int(packed, 2 + 2 * node)};
        made->quals[at] = {{nodes, static_cast<size_t>(count)},
                           static_cast<Push>(linitial_int(packed))};
    }
}

} // namespace

Terms make_terms(const Planned& planned, const bridge::ScanColumn* columns, const Oid* types,
                 const Operands& operands) {
    Terms made;
    memset(static_cast<void*>(&made), 0, sizeof made);
    made.count = list_length(planned.terms);
    made.terms =
        static_cast<bridge::ScanTerm*>(palloc0(sizeof(bridge::ScanTerm) * Max(made.count, 1)));
    for (int at = 0; at < made.count; at++) {
        PlannedTerm term = unpack_term(static_cast<List*>(list_nth(planned.terms, at)));
        auto* cells = static_cast<Cell*>(palloc0(sizeof(Cell)));
        int count = 0;
        bool known = true;
        if (term.shape != OperandShape::none) {
            Known operand = evaluate(operands, term.operand);
            known = operand.known;
            made.awaits = made.awaits || !known;
            if (known && term.shape == OperandShape::array)
                known = elements(operand, &cells, &count);
            else if (known)
                known = made_like(&operand, types[term.column - 1], &term.op) &&
                        scalar(operand, &cells[count++]);
        }
        made.partial = made.partial || !known;
        made.terms[at] = {
            columns[term.column - 1], term.op, {cells, static_cast<size_t>(count)}, known};
        if (at == planned.id_term && known)
            take_ids(cells, count, &made);
        made.by_id = made.by_id || at == planned.id_term;
    }
    make_quals(planned, &made);
    return made;
}

} // namespace notion::pg
