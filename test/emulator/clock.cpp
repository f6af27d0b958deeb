// Notion's clock; see clock.hpp. scope: emulator.
#include "clock.hpp"

#include <chrono>

namespace emulator {

namespace {

template <typename Source>
int64_t read_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(Source::now().time_since_epoch())
        .count();
}

} // namespace

Clock::Clock() : started_(read_ms<std::chrono::steady_clock>()) {}

int64_t Clock::now() const {
    return frozen_ ? frozen_at_ : read_ms<std::chrono::system_clock>() + shift_;
}

int64_t Clock::elapsed() const {
    return read_ms<std::chrono::steady_clock>() - started_ + advanced_;
}

void Clock::freeze(int64_t now) {
    frozen_ = true;
    frozen_at_ = now;
}

void Clock::run_from(int64_t now) {
    frozen_ = false;
    shift_ = now - read_ms<std::chrono::system_clock>();
}

void Clock::advance(int64_t ms) {
    frozen_at_ += ms;
    shift_ += ms;
    advanced_ += ms;
}

void Clock::real() {
    frozen_ = false;
    shift_ = 0;
}

} // namespace emulator
