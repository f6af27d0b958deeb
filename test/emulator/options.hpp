// Options of select, multi_select and status: replaced by schema edits, made by page writes.
// Refuses commas in names and changes of an existing option's colour, as Notion does.
// scope: call.
#pragma once

#include "schema.hpp"

namespace emulator {

void read_options(World& world, Property& property, const Json& config, const std::string& path,
                  Trust trust);

} // namespace emulator
