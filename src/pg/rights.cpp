// Rights: who asks, for the SQL functions that run with the extension owner's rights.
// Refuses to answer where the code that asks is somebody else's: a trigger that apply fires as the
// table's owner, an index expression under REINDEX. There the session's role is a superuser's, and
// is not the author of the question (docs/security.md). scope: call.
#include "pg/postgres.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(notion_invoker);
}

/// The role of SET ROLE, or the session's.
extern "C" Datum notion_invoker(PG_FUNCTION_ARGS) {
    (void)fcinfo;
    if (InSecurityRestrictedOperation())
        ereport(ERROR,
                (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                 errmsg("pg_notion cannot be used within a security-restricted operation"),
                 errdetail("Triggers of linked tables, index expressions and materialized views "
                           "run with their owner's rights, whoever causes them to run.")));
    const Oid role = OidIsValid(GetCurrentRoleId()) ? GetCurrentRoleId() : GetSessionUserId();
    auto* name = static_cast<Name>(palloc0(NAMEDATALEN));
    namestrcpy(name, GetUserNameFromId(role, false));
    PG_RETURN_NAME(name);
}
