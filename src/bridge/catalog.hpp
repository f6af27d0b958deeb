// Catalog: the data sources that a connection sees, as tables with named and typed columns.
// Complete or an error: every page of the search is read. Comments are Notion's own words.
// Refuses to wait: see turn.hpp. scope: query.
#pragma once

#include <string_view>

#include "bridge/endpoint.hpp"
#include "bridge/turn.hpp"

namespace notion::bridge {

struct Catalog;

struct CatalogPlan {
    Endpoint endpoint;
    std::string_view data_source; ///< id or URL of one, or of the database around it; "" = all
    bool exact_names;
};

/// Views live as long as the catalog.
struct CatalogSource {
    std::string_view id;
    std::string_view table; ///< unique among the sources
    std::string_view title;
    std::string_view url;
    std::string_view comment;
    int columns;
};

struct CatalogColumn {
    std::string_view name;
    std::string_view sql_type;
    std::string_view property_id;
    std::string_view property;
    std::string_view type; ///< Notion's name of it; "" where unknown today
    std::string_view comment;
    std::string_view related; ///< id of the data source whose pages a relation names; "" = none
};

/// Makes no request.
Catalog* catalog_open(const CatalogPlan& plan, Fault& fault) noexcept;
void catalog_shut(Catalog* catalog) noexcept;
/// Never `row`; when `done`, what follows may be asked for.
Step catalog_next(Catalog* catalog, int64_t now_ms, Fault& fault) noexcept;
int catalog_count(const Catalog* catalog) noexcept;
CatalogSource catalog_source(const Catalog* catalog, int source) noexcept;
CatalogColumn catalog_column(const Catalog* catalog, int source, int column) noexcept;

} // namespace notion::bridge
