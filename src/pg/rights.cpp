// Rights: who asks, for the SQL functions that run with the extension owner's rights.
// Refuses to answer where the code that asks is somebody else's: a trigger that apply fires as the
// table's owner, an index expression under REINDEX. There the session's role is a superuser's, and
// is not the author of the question (docs/security.md). scope: call.
#include "pg/postgres.hpp"

#include "pg/rights.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(notion_invoker);
}

namespace notion::pg {

Oid invoker() {
    if (InSecurityRestrictedOperation())
        ereport(ERROR,
                (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                 errmsg("pg_notion cannot be used within a security-restricted operation"),
                 errdetail("Triggers of linked tables, index expressions and materialized views "
                           "run with their owner's rights, whoever causes them to run."),
                 errhint("Call it in a statement of your own, or in an ordinary trigger of a table "
                         "that is not linked.")));
    return OidIsValid(GetCurrentRoleId()) ? GetCurrentRoleId() : GetSessionUserId();
}

void require_server_owner(const ForeignServer* server, Oid asker) {
    if (has_privs_of_role(asker, server->owner))
        return;
    ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                    errmsg("must be owner of foreign server %s", server->servername),
                    errhint("Connections belong to the owner of their server; ask %s.",
                            quote_identifier(GetUserNameFromId(server->owner, false)))));
}

void require_server_usage(const ForeignServer* server, Oid asker) {
#if PG_VERSION_NUM >= 160000
    AclResult may = object_aclcheck(ForeignServerRelationId, server->serverid, asker, ACL_USAGE);
#else
    AclResult may = pg_foreign_server_aclcheck(server->serverid, asker, ACL_USAGE);
#endif
    if (may != ACLCHECK_OK)
        ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                        errmsg("permission denied for foreign server %s", server->servername),
                        errhint("Its owner may GRANT USAGE ON FOREIGN SERVER %s TO %s.",
                                quote_identifier(server->servername),
                                quote_identifier(GetUserNameFromId(asker, false)))));
}

bool is_notion_server(const ForeignServer* server) {
    return strcmp(GetForeignDataWrapper(server->fdwid)->fdwname, "notion_fdw") == 0;
}

ForeignServer* notion_server(const char* name) {
    ForeignServer* server = GetForeignServerByName(name, false);
    if (!is_notion_server(server))
        ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
                        errmsg("server \"%s\" is not a server of notion_fdw", name),
                        errhint("CREATE SERVER … FOREIGN DATA WRAPPER notion_fdw makes one; \\des "
                                "lists those there are.")));
    return server;
}

} // namespace notion::pg

extern "C" Datum notion_invoker(PG_FUNCTION_ARGS) {
    (void)fcinfo;
    auto* name = static_cast<Name>(palloc0(NAMEDATALEN));
    namestrcpy(name, GetUserNameFromId(notion::pg::invoker(), false));
    PG_RETURN_NAME(name);
}
