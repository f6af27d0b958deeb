// A C++ object behind an opaque pointer, owned by a MemoryContext: it is shut when the context is
// reset or deleted, by success, error or savepoint rollback alike (architecture.md 1.4).
// Assumes: `make` is a bridge call that fills the Fault where it fails. scope: the context's.
#pragma once

#include "pg/postgres.hpp"

#include "pg/raise.hpp"

namespace notion::pg {

/// T* scan = own<bridge::Scan, bridge::shut_scan>(context, [&](bridge::Fault& fault) {
///     return bridge::open_scan(plan, fault);
/// });
/// `shut` is `void (T*) noexcept`. The callback is allocated before the object is made, so that
/// nothing can fail between its construction and its registration.
template <class T, auto shut, class Make>
T* own(MemoryContext context, Make make) {
    auto* callback = static_cast<MemoryContextCallback*>(
        MemoryContextAllocZero(context, sizeof(MemoryContextCallback)));
    bridge::Fault fault;
    fault.set = false;
    T* object = make(fault);
    if (object == nullptr) {
        if (!fault.set)
            bridge::fill(fault, ErrorKind::internal, "the bridge made no object");
        raise(fault);
    }
    callback->func = [](void* owned) { shut(static_cast<T*>(owned)); };
    callback->arg = object;
    MemoryContextRegisterResetCallback(context, callback);
    return object;
}

} // namespace notion::pg
