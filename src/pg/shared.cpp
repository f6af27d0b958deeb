// Structs in shared memory: see the header. scope: cluster.
#include "pg/postgres.hpp"

#include "pg/shared.hpp"

namespace notion::pg {
namespace {

void (*initialise)(void*); // of the struct that is being made, while it is being made

void prepare(void* area) {
    auto* head = static_cast<SharedHead*>(area);
    head->tranche = LWLockNewTrancheId();
    LWLockInitialize(&head->lock, head->tranche);
    if (initialise != nullptr)
        initialise(area);
}

#if PG_VERSION_NUM >= 170000

// DSM is zeroed by the operating system when it is created.
void* find_or_make(const char* name, Size size) {
    bool found;
    return GetNamedDSMSegment(name, size, prepare, &found);
}

#else

shmem_request_hook_type request_before;

void request() {
    if (request_before != nullptr)
        request_before();
    RequestAddinShmemSpace(shared_bytes_max);
}

void* find_or_make(const char* name, Size size) {
    void* volatile area = nullptr;
    bool found;
    MemoryContext context = CurrentMemoryContext;
    LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
    PG_TRY();
    {
        area = ShmemInitStruct(name, size, &found);
        if (!found) {
            memset(area, 0, size);
            prepare(area);
        }
    }
    PG_CATCH();
    {
        // Not enough room. errfinish() has forgotten the interrupts that the lock holds off.
        HOLD_INTERRUPTS();
        MemoryContextSwitchTo(context);
        FlushErrorState();
        area = nullptr;
    }
    PG_END_TRY();
    LWLockRelease(AddinShmemInitLock);
    return area;
}

#endif

} // namespace

void* shared_struct(const char* name, Size size, void (*init)(void*)) {
    initialise = init;
    void* area = find_or_make(name, size);
    if (area != nullptr)
        LWLockRegisterTranche(static_cast<SharedHead*>(area)->tranche, name);
    return area;
}

void reserve_shared() {
#if PG_VERSION_NUM < 170000
    if (!process_shared_preload_libraries_in_progress)
        return;
    request_before = shmem_request_hook;
    shmem_request_hook = request;
#endif
}

} // namespace notion::pg
