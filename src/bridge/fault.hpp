// Fault: an error on its way over the wall, of fixed size, so that the error path allocates
// nothing. Every bridge function is noexcept, catches everything and fills one; src/pg raises it
// after the bridge returned (pg/raise.hpp). One header per subject lies beside this one. scope:
// none.
#pragma once

#include <cstdint>

#include "core/result.hpp"

namespace notion::bridge {

struct Fault {
    bool set;
    ErrorKind kind;
    int32_t status; ///< HTTP status, 0 where there was none
    int64_t retry_after_ms;
    char message[512];
    char detail[1024];
    char hint[512];
    char request_id[64];
    char code[64]; ///< Notion's own error code
};

/// Cuts at a character boundary. noexcept, allocates nothing.
void fill(Fault& fault, const Error& error) noexcept;
void fill(Fault& fault, ErrorKind kind, const char* message) noexcept;
/// requires: called inside a catch block; turns whatever is being handled into a Fault.
void fill_from_exception(Fault& fault) noexcept;

/// Runs `body` and turns whatever it throws into a Fault; the only catch of the bridge.
template <class Body>
bool guarded(Fault& fault, Body&& body) noexcept {
    try {
        fault.set = false;
        body();
        return !fault.set;
    } catch (...) {
        fill_from_exception(fault);
        return false;
    }
}

} // namespace notion::bridge
