// IMPORT FOREIGN SCHEMA workspace: one typed foreign table a data source. scope: call.
#pragma once

#include "pg/postgres.hpp"

namespace notion::pg {

List* import_schema(ImportForeignSchemaStmt* statement, Oid server);

} // namespace notion::pg
