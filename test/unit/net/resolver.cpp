// See resolver.hpp. scope: test.
#include "net/resolver.hpp"

#include <condition_variable>
#include <dlfcn.h>
#include <mutex>
#include <netdb.h>
#include <string_view>

namespace {

std::mutex mutex;
std::condition_variable changed;
int inside = 0;
bool hanging = false;
sigset_t mask;

void hang() {
    std::unique_lock lock(mutex);
    inside++;
    pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    changed.wait(lock, [] { return !hanging; });
    inside--;
    changed.notify_all();
}

} // namespace

extern "C" int getaddrinfo(const char* name, const char* service, const addrinfo* hints,
                           addrinfo** result) {
    if (name && std::string_view(name).ends_with(".hang.test")) {
        hang();
        return EAI_NONAME;
    }
    using Real = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
    static const auto real = reinterpret_cast<Real>(dlsym(RTLD_NEXT, "getaddrinfo"));
    return real(name, service, hints, result);
}

namespace notion::net::test {

HangingResolver::HangingResolver() {
    std::lock_guard lock(mutex);
    hanging = true;
}

HangingResolver::~HangingResolver() {
    std::unique_lock lock(mutex);
    hanging = false;
    changed.notify_all();
    changed.wait(lock, [] { return inside == 0; });
}

bool HangingResolver::entered() const {
    std::lock_guard lock(mutex);
    return inside > 0;
}

sigset_t HangingResolver::mask_inside() const {
    std::lock_guard lock(mutex);
    return mask;
}

} // namespace notion::net::test
