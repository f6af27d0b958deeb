// What people do in the Notion app and the API cannot: duplicate, share and unshare, archive,
// set computed values, rename or delete an option without touching a page.
// The author is the person named by `as`. scope: call.
#pragma once

#include "gate.hpp"

namespace emulator {

Served act_on_page(World& world, const Call& call);
Served act_on_database(World& world, const Call& call);
Served edit_option(World& world, const Call& call);
Served expire_cursors(World& world, const Call& call);

} // namespace emulator
