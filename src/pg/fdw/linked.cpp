// Pages of linked data sources: see the header. Every operator is named with its schema: the
// search path is the user's, the rights are not. scope: transaction.
#include "pg/postgres.hpp"

#include "pg/fdw/linked.hpp"
#include "pg/worker/shared.hpp"

namespace notion::pg {
namespace {

constexpr const char* find_link =
    "SELECT 1 FROM notion.links l WHERE l.data_source OPERATOR(pg_catalog.=) $1 LIMIT 1";

// As for an event: attempts 0 says that a reading under way came too early.
constexpr const char* insert_due =
    "INSERT INTO notion.due_pages AS d (link, page, why)"
    " SELECT l.id, $2, 'written through a foreign table' FROM notion.links l"
    "  WHERE l.data_source OPERATOR(pg_catalog.=) $1"
    " ON CONFLICT (link, page) DO UPDATE SET due = pg_catalog.clock_timestamp(), attempts = 0,"
    "       why = excluded.why";

Oid owner_of_tables() {
    Oid relation = get_relname_relid("due_pages", get_namespace_oid("notion", false));
    HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
    if (!HeapTupleIsValid(tuple))
        return InvalidOid;
    Oid owner = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple))->relowner;
    ReleaseSysCache(tuple);
    return owner;
}

Datum uuid_of(std::string_view text) {
    return DirectFunctionCall1(uuid_in, CStringGetDatum(pnstrdup(text.data(), text.size())));
}

/// Rows processed. An error leaves the user to the transaction's own clean-up.
uint64 run(const char* sql, int count, Datum* values, bool reads) {
    Oid owner = owner_of_tables();
    if (!OidIsValid(owner))
        return 0;
    Oid user;
    int context;
    GetUserIdAndSecContext(&user, &context);
    SetUserIdAndSecContext(owner, context | SECURITY_LOCAL_USERID_CHANGE);
    Oid types[2] = {UUIDOID, UUIDOID};
    SPI_connect();
    SPI_execute_with_args(sql, count, types, values, nullptr, reads, 0);
    uint64 rows = SPI_processed;
    SPI_finish();
    SetUserIdAndSecContext(user, context);
    return rows;
}

} // namespace

bool is_linked(std::string_view data_source) {
    Datum values[1] = {uuid_of(data_source)};
    return run(find_link, 1, values, true) > 0;
}

void page_is_due(std::string_view data_source, std::string_view page) {
    Datum values[2] = {uuid_of(data_source), uuid_of(page)};
    if (run(insert_due, 2, values, false) > 0)
        worker::wake_net_at_commit();
}

} // namespace notion::pg
