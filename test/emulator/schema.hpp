// Schemas of data sources: from requests, by the rules of PATCH, and back to JSON.
// `trusted` input (seed, load) may carry ids, times and types that the API cannot create.
// Refuses a second title, unknown types, and what Notion's limits forbid.
// scope: call.
#pragma once

#include "world.hpp"

namespace emulator {

enum class Trust : uint8_t { api, control };

/// Adds the properties of a new data source; makes `Name` where there are none.
void create_schema(World& world, DataSource& source, const Json* properties, Trust trust);
/// PATCH: null removes, `{name}` renames, a type key changes or adds.
std::vector<SchemaChange> patch_schema(World& world, DataSource& source, const Json& properties,
                                       const std::string& path, Trust trust);
void write_schema(Out& out, World& world, const DataSource& source);

/// The option that a written value names, created where the type allows it.
/// Empty where there is none and none may be made (status).
std::string use_option(World& world, DataSource& source, Property& property, const Json& wish,
                       const std::string& path, Trust trust);

} // namespace emulator
