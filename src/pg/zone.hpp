// Time zones of the server's database as tables of transitions, for the bridge.
// Assumes the years 1900 to 2100 are enough: outside them the nearest offset holds.
// scope: backend (each zone is read once).
#pragma once

#include "bridge/zone.hpp"

namespace notion::pg {

/// The view stays valid until the process ends. An unknown name is an error
/// (invalid_parameter_value). requires: inside a transaction or at least an error context.
bridge::ZoneView zone(const char* name);

/// Whether the server knows it.
bool zone_exists(const char* name);

} // namespace notion::pg
