// notion.data_sources(server, data_source): what a server's workspace shows, column by column; what
// notion.refresh compares foreign tables with. scope: call.
#include "pg/postgres.hpp"

#include "pg/catalog.hpp"
#include "pg/datum.hpp"
#include "pg/options.hpp"
#include "pg/rights.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(notion_data_sources);
}

namespace notion::pg {
namespace {

constexpr int fields = 11;

Datum text_or_null(std::string_view utf8, bool* null) {
    *null = utf8.empty();
    return *null ? Datum(0) : CStringGetTextDatum(server_text(utf8));
}

void put(ReturnSetInfo* result, const bridge::CatalogSource& source,
         const bridge::CatalogColumn& column) {
    const std::string_view texts[fields] = {source.id,       source.table,       source.url,
                                            source.comment,  column.name,        column.type,
                                            column.sql_type, column.property_id, column.property,
                                            column.comment,  column.related};
    Datum values[fields];
    bool nulls[fields];
    for (int at = 0; at < fields; at++)
        values[at] = text_or_null(texts[at], &nulls[at]);
    tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

} // namespace
} // namespace notion::pg

extern "C" Datum notion_data_sources(PG_FUNCTION_ARGS) {
    using namespace notion::pg;
    ForeignServer* server = notion_server(NameStr(*PG_GETARG_NAME(0)));
    require_server_usage(server, GetUserId());
    const char* wanted = PG_ARGISNULL(1) ? "" : text_to_cstring(PG_GETARG_TEXT_PP(1));
    InitMaterializedSRF(fcinfo, 0);
    auto* result = reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo);
    notion::bridge::Catalog* catalog =
        read_catalog(server->serverid, GetUserId(), wanted, server_options(server).exact_names,
                     CurrentMemoryContext);
    for (int at = 0; at < notion::bridge::catalog_count(catalog); at++) {
        notion::bridge::CatalogSource source = notion::bridge::catalog_source(catalog, at);
        for (int column = 0; column < source.columns; column++)
            put(result, source, notion::bridge::catalog_column(catalog, at, column));
    }
    return static_cast<Datum>(0);
}
