// notion.checked_filter: reads the row filter of a link as PostgreSQL reads a CHECK constraint, and
// gives it back in PostgreSQL's words. It is parsed as an expression, so that nothing else can be
// smuggled into the statements that it becomes a part of. Refuses to run any of it.
// scope: call.
#include "pg/postgres.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(notion_checked_filter);
}

namespace notion::pg {
namespace {

[[noreturn]] void refuse(const char* message) {
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s", message)));
}

/// The one expression of `text`; what else the grammar of SELECT knows is refused.
Node* expression_of(const char* text) {
    List* statements = raw_parser(text, RAW_PARSE_PLPGSQL_EXPR);
    const auto* statement = castNode(RawStmt, linitial(statements));
    const auto* select = castNode(SelectStmt, statement->stmt);
    const bool is_plain = list_length(select->targetList) == 1 && select->fromClause == NIL &&
                          select->whereClause == nullptr && select->distinctClause == NIL &&
                          select->groupClause == NIL && select->havingClause == nullptr &&
                          select->windowClause == NIL && select->sortClause == NIL &&
                          select->limitCount == nullptr && select->limitOffset == nullptr &&
                          select->lockingClause == NIL && select->op == SETOP_NONE;
    if (!is_plain)
        refuse("the filter is not one expression");
    return linitial_node(ResTarget, select->targetList)->val;
}

} // namespace
} // namespace notion::pg

extern "C" Datum notion_checked_filter(PG_FUNCTION_ARGS) {
    using namespace notion::pg;
    Relation table = table_open(PG_GETARG_OID(0), AccessShareLock);
    Node* raw = expression_of(text_to_cstring(PG_GETARG_TEXT_PP(1)));
    ParseState* state = make_parsestate(nullptr);
    ParseNamespaceItem* item =
        addRangeTableEntryForRelation(state, table, AccessShareLock, nullptr, false, true);
    addNSItemToQuery(state, item, true, true, true);
    Node* filter = transformExpr(state, raw, EXPR_KIND_CHECK_CONSTRAINT);
    filter = coerce_to_boolean(state, filter, "filter");
    assign_expr_collations(state, filter);
    if (contain_volatile_functions(filter))
        refuse("a function of the filter is volatile: a row would come and go by itself");
    List* context = deparse_context_for(RelationGetRelationName(table), RelationGetRelid(table));
    const char* words = deparse_expression(filter, context, false, false);
    table_close(table, AccessShareLock);
    free_parsestate(state);
    PG_RETURN_TEXT_P(cstring_to_text(words));
}
