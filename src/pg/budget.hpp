// One budget per token for all backends and workers of this server (law 7), in shared memory,
// under the token's fingerprint and never the token. Where shared memory has no room, a budget of
// this process alone, with a WARNING.
// Assumes the wall clock, since processes compare it. scope: cluster.
#pragma once

#include <cstdint>

#include "bridge/budget.hpp"

namespace notion::pg {

/// Whose budget, and how large: 0 = Notion's smallest plan, < 0 = unlimited (an emulator).
struct Allowance {
    bridge::Fingerprint token;
    int32_t per_minute;
};

/// Takes one request: 0 when granted, else the milliseconds until asking again makes sense.
int64_t take_request(const Allowance& allowance, sync::Priority priority);
/// A request was granted but never sent.
void return_request(const Allowance& allowance, sync::Priority priority);
/// Notion answered 429 or 529 (overload): nobody asks again before (retry_after_ms < 0: not said).
void request_refused(const Allowance& allowance, int64_t retry_after_ms, bool overload);

} // namespace notion::pg
