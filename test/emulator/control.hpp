// The control plane under /_emulator/: what tests and demos do to the workspace from outside.
// No budget counts it and no journal records it.
// scope: emulator.
#pragma once

#include "gate.hpp"

namespace emulator {

Served serve_control(World& world, const Request& request);

} // namespace emulator
