// What opening a sealed token costs: once a connection, below 50 us (docs/security.md).
// scope: benchmark.
#include "bridge/seal.hpp"

#include <benchmark/benchmark.h>
#include <string>

namespace notion::bridge {
namespace {

void unseal_token(benchmark::State& state) {
    SealKey key;
    int count = 0;
    Fault fault;
    seal_keys(std::string(64, 'a'), &key, 1, count, fault);
    const std::string token(50, 't');
    std::string sealed(token.size() + seal_frame_bytes, '\0');
    seal(key, token, "server role token", sealed.data(), fault);
    std::string clear(token.size(), '\0');
    for (auto _ : state) {
        bool opened = false;
        unseal(key, sealed, "server role token", clear.data(), opened, fault);
        if (!opened)
            state.SkipWithError("not opened");
    }
}
BENCHMARK(unseal_token)->Unit(benchmark::kMicrosecond);

} // namespace
} // namespace notion::bridge

BENCHMARK_MAIN();
