// The data sources that a role sees: see the header. scope: call.
#include "pg/postgres.hpp"

#include "pg/catalog.hpp"
#include "pg/connection.hpp"
#include "pg/own.hpp"
#include "pg/talk.hpp"
#include "pg/wait.hpp"

namespace notion::pg {

bridge::Catalog* read_catalog(Oid server, Oid role, const char* data_source, bool exact_names,
                              MemoryContext context) {
    Connection* connection = connect(server, role);
    bridge::CatalogPlan plan = {connection->endpoint, data_source, exact_names};
    auto* catalog = own<bridge::Catalog, bridge::catalog_shut>(
        context, [&](bridge::Fault& fault) { return bridge::catalog_open(plan, fault); });
    Talk talk;
    talk_begin(&talk, connection, sync::Priority::interactive);
    bridge::Step step;
    while ((step = bridge::catalog_next(catalog, steady_ms(), talk.fault)).turn !=
           bridge::Turn::done)
        talk_serve(&talk, step);
    if (bridge::catalog_count(catalog) == 0)
        ereport(ERROR,
                (errcode(ERRCODE_FDW_NO_SCHEMAS), errmsg("the integration sees no data source"),
                 errdetail("Notion shows server \"%s\" only what was shared with its integration.",
                           connection->server_name),
                 errhint("Share one with it in Notion: open the database, then \"...\", "
                         "Connections, and choose the integration.")));
    return catalog;
}

} // namespace notion::pg
