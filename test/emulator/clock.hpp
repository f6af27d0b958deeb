// Notion's clock (timestamps) and the emulator's own elapsed time (budgets, cursors, lag).
// `set` freezes Notion's clock, or lets it run from there; `advance` moves both times at once.
// Elapsed time is real time plus all advances: it never stands still and never goes back.
// scope: emulator.
#pragma once

#include <cstdint>

namespace emulator {

class Clock {
  public:
    Clock();
    /// Notion's time, in ms since 1970.
    int64_t now() const;
    /// For windows and deadlines, in ms.
    int64_t elapsed() const;
    void freeze(int64_t now);
    void run_from(int64_t now);
    void advance(int64_t ms);
    void real();
    bool frozen() const { return frozen_; }

  private:
    bool frozen_ = false;
    int64_t frozen_at_ = 0;
    int64_t shift_ = 0;    // of the running clock against the system's
    int64_t advanced_ = 0; // total of all advances
    int64_t started_ = 0;
};

} // namespace emulator
