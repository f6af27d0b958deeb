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
    Shape shape;
    memset(&shape, 0, sizeof shape);
    return shape_of(known.type, -1, CurrentMemoryContext, &shape) &&
           from_datum(known.value, known.null, &shape, cell);
}

/// No row fulfils a condition with a NULL operand: that is how core hears of it.
void no_row(Cell* cell, int* count) {
    cell[0] = Cell{};
    *count = 1;
}

/// The elements of an array operand; what NULL and empty mean depends on the operator.
bool elements(const Known& known, Operator op, Cell** cells, int* count) {
    *cells = static_cast<Cell*>(palloc0(sizeof(Cell)));
    if (known.null) {
        no_row(*cells, count);
        return true;
    }
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
    int kept = 0;
    for (int at = 0; at < all; at++) {
        if (nulls[at] && op == Operator::contains) {
            no_row(*cells, count);
            return true;
        }
        if (!nulls[at] && !scalar({values[at], false, type, true}, &(*cells)[kept++]))
            return false;
    }
    if (kept == 0 && op == Operator::contains)
        return false; // every row contains the empty set
    if (kept == 0)
        no_row(*cells, &kept);
    *count = kept;
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

} // namespace

Terms make_terms(const Planned& planned, const bridge::ScanColumn* columns,
                 const Operands& operands) {
    Terms made;
    memset(static_cast<void*>(&made), 0, sizeof made);
    int planned_count = list_length(planned.terms);
    made.terms =
        static_cast<bridge::ScanTerm*>(palloc0(sizeof(bridge::ScanTerm) * Max(planned_count, 1)));
    for (int at = 0; at < planned_count; at++) {
        PlannedTerm term = unpack_term(static_cast<List*>(list_nth(planned.terms, at)));
        auto* cells = static_cast<Cell*>(palloc0(sizeof(Cell)));
        int count = 0;
        bool sayable = true;
        if (term.shape != OperandShape::none) {
            Known known = evaluate(operands, term.operand);
            if (!known.known)
                sayable = false;
            else if (term.shape == OperandShape::array)
                sayable = elements(known, term.op, &cells, &count);
            else
                sayable = scalar(known, &cells[count++]);
        }
        made.partial = made.partial || !sayable;
        made.by_id = made.by_id || at == planned.id_term;
        if (!sayable)
            continue;
        if (at == planned.id_term) {
            take_ids(cells, count, &made);
            continue;
        }
        bridge::ScanTerm& into = made.terms[made.count++];
        into.column = columns[term.column - 1];
        into.op = term.op;
        into.push = term.push;
        into.operands = {cells, static_cast<size_t>(count)};
    }
    return made;
}

} // namespace notion::pg
