// The budget of a token (core/sync/budget.hpp) for those who keep it in shared memory: the same
// pure functions, noexcept, and the fingerprint under which a token is known there.
// Assumes the caller holds the lock of the struct. scope: none.
#pragma once

#include <string_view>

#include "bridge/fault.hpp"
#include "core/sync/budget.hpp"

namespace notion::bridge {

/// The first half of SHA-256 of a token: says which budget is meant, and nothing about the token.
struct Fingerprint {
    unsigned char bytes[16];
};

bool fingerprint(std::string_view token, Fingerprint& out, Fault& fault) noexcept;

int64_t budget_take(sync::Budget& budget, sync::Priority priority, int64_t now_ms) noexcept;
void budget_give_back(sync::Budget& budget, sync::Priority priority) noexcept;
void budget_refused(sync::Budget& budget, int64_t now_ms, int64_t retry_after_ms,
                    bool overload) noexcept;
void budget_restart(sync::Budget& budget, int32_t limit, int64_t now_ms) noexcept;
/// Requests a window, as stated or as learned from refusals; < 0: unlimited.
int32_t budget_limit(const sync::Budget& budget) noexcept;

} // namespace notion::bridge
