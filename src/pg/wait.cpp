// The one wait loop: see the header. scope: backend.
#include <ctime>

#include "pg/postgres.hpp"

#include "pg/wait.hpp"

namespace notion::pg {
namespace {

uint32 event_of(WaitFor what) {
#if PG_VERSION_NUM >= 170000
    static uint32 events[3];
    static const char* const names[] = {"NotionReply", "NotionBudget", "NotionWork"};
    uint32& event = events[static_cast<int>(what)];
    if (event == 0)
        event = WaitEventExtensionNew(names[static_cast<int>(what)]);
    return event;
#else
    (void)what;
    return PG_WAIT_EXTENSION;
#endif
}

int64_t read_clock(clockid_t clock) {
    timespec now;
    clock_gettime(clock, &now);
    return int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

} // namespace

int64_t now_ms() {
    return read_clock(CLOCK_REALTIME);
}

int64_t steady_ms() {
    return read_clock(CLOCK_MONOTONIC);
}

void wait_once(int fd, int64_t timeout_ms, WaitFor what) {
    constexpr int64_t timeout_max = 3'600'000; // WaitLatch takes a long, and promises INT_MAX
    int events = WL_LATCH_SET | WL_EXIT_ON_PM_DEATH;
    if (fd >= 0)
        events |= WL_SOCKET_READABLE;
    if (timeout_ms >= 0)
        events |= WL_TIMEOUT;
    int woke = WaitLatchOrSocket(MyLatch, events, fd >= 0 ? fd : PGINVALID_SOCKET,
                                 static_cast<long>(Min(timeout_ms, timeout_max)), event_of(what));
    if (woke & WL_LATCH_SET)
        ResetLatch(MyLatch);
    CHECK_FOR_INTERRUPTS();
}

void wait_until(int fd, Step step, void* state, WaitFor what) {
    // An interrupt that came before the first wait has its latch set, or is served here.
    CHECK_FOR_INTERRUPTS();
    for (int64_t timeout_ms = step(state); timeout_ms >= 0; timeout_ms = step(state))
        wait_once(fd, timeout_ms, what);
}

} // namespace notion::pg
