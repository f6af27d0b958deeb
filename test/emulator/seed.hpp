// Workspaces in and out: the friendly seed format, recorded objects, and dumps (README.md).
// Everything is loaded with ids and times as given; what is not given is made up.
// scope: call.
#pragma once

#include "edit.hpp"

namespace emulator {

/// Adds what the document describes; throws a Refusal that names what is wrong.
void load_workspace(World& world, const Json& document);
std::string dump_workspace(World& world);
/// A data source by id or by title; throws a Refusal where there is none.
DataSource& named_source(World& world, std::string_view id_or_title);

// For seed.cpp and load.cpp.
Uuid seeded_user(World& world, const Json& user);
Uuid named_user(World& world, std::string_view name_or_email_or_id);
/// Reads id, created_time, last_edited_time, created_by and last_edited_by where given.
void read_identity(World& world, const Json& object, Uuid& id, Stamp& stamp);
void load_recorded(World& world, const Json& document);

} // namespace emulator
