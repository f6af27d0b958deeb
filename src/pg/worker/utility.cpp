// Statements that our workers must not hold up: see the header. A background worker counts as a
// session of its database, and 15 to 18 offer it no way out of that count, so ours leave first and
// come back when the statement's transaction has ended, whichever way.
// Refuses to send workers home for one who may not run the statement. scope: backend.
#include "pg/postgres.hpp"

#include "pg/worker/shared.hpp"
#include "pg/worker/utility.hpp"

namespace notion::pg::worker {
namespace {

ProcessUtility_hook_type before_us;

bool owns(Oid database) {
#if PG_VERSION_NUM >= 160000
    return object_ownercheck(DatabaseRelationId, database, GetUserId());
#else
    return pg_database_ownercheck(database, GetUserId());
#endif
}

bool may_copy(Oid database) {
    if (owns(database))
        return true;
    HeapTuple tuple = SearchSysCache1(DATABASEOID, ObjectIdGetDatum(database));
    if (!HeapTupleIsValid(tuple))
        return false;
    bool is_template = reinterpret_cast<Form_pg_database>(GETSTRUCT(tuple))->datistemplate;
    ReleaseSysCache(tuple);
    return is_template && have_createdb_privilege();
}

const char* template_of(const CreatedbStmt* statement) {
    const char* name = "template1";
    ListCell* cell;
    foreach (cell, statement->options) {
        auto* option = static_cast<DefElem*>(lfirst(cell));
        if (strcmp(option->defname, "template") == 0 && option->arg != nullptr)
            name = defGetString(option);
    }
    return name;
}

bool sets_tablespace(const AlterDatabaseStmt* statement) {
    ListCell* cell;
    foreach (cell, statement->options)
        if (strcmp(static_cast<DefElem*>(lfirst(cell))->defname, "tablespace") == 0)
            return true;
    return false;
}

/// The database that the statement needs for itself, or InvalidOid.
Oid wanted_alone(Node* statement) {
    switch (nodeTag(statement)) {
    case T_DropdbStmt: {
        Oid database = get_database_oid(castNode(DropdbStmt, statement)->dbname, true);
        return OidIsValid(database) && owns(database) ? database : InvalidOid;
    }
    case T_RenameStmt: {
        auto* rename = castNode(RenameStmt, statement);
        if (rename->renameType != OBJECT_DATABASE)
            return InvalidOid;
        Oid database = get_database_oid(rename->subname, true);
        return OidIsValid(database) && owns(database) ? database : InvalidOid;
    }
    case T_AlterDatabaseStmt: {
        auto* alter = castNode(AlterDatabaseStmt, statement);
        Oid database = get_database_oid(alter->dbname, true);
        return OidIsValid(database) && sets_tablespace(alter) && owns(database) ? database
                                                                                : InvalidOid;
    }
    case T_CreatedbStmt: {
        Oid database = get_database_oid(template_of(castNode(CreatedbStmt, statement)), true);
        return OidIsValid(database) && may_copy(database) ? database : InvalidOid;
    }
    default:
        return InvalidOid;
    }
}

bool drops_extension(Node* statement) {
    if (!IsA(statement, DropStmt) || castNode(DropStmt, statement)->removeType != OBJECT_EXTENSION)
        return false;
    ListCell* cell;
    foreach (cell, castNode(DropStmt, statement)->objects)
        if (strcmp(strVal(lfirst(cell)), "pg_notion") == 0) {
            Oid extension = get_extension_oid("pg_notion", true);
#if PG_VERSION_NUM >= 160000
            return OidIsValid(extension) &&
                   object_ownercheck(ExtensionRelationId, extension, GetUserId());
#else
            return OidIsValid(extension) && pg_extension_ownercheck(extension, GetUserId());
#endif
        }
    return false;
}

void process_utility(PlannedStmt* planned, const char* query, bool read_only_tree,
                     ProcessUtilityContext context, ParamListInfo params,
                     QueryEnvironment* environment, DestReceiver* destination,
                     QueryCompletion* completion) {
    Node* statement = planned->utilityStmt;
    if (IsTransactionState()) {
        Oid database = wanted_alone(statement);
        if (OidIsValid(database))
            withdraw(database, Patience::wait);
        else if (drops_extension(statement)) {
            // They hold no lock while they are idle, so there is nothing to wait for.
            withdraw(MyDatabaseId, Patience::go_on);
            announce_at_commit();
        }
    }
    if (before_us != nullptr)
        before_us(planned, query, read_only_tree, context, params, environment, destination,
                  completion);
    else
        standard_ProcessUtility(planned, query, read_only_tree, context, params, environment,
                                destination, completion);
}

} // namespace

void hook_utility() {
    before_us = ProcessUtility_hook;
    ProcessUtility_hook = process_utility;
}

} // namespace notion::pg::worker
