// Any bytes as a webhook's body: read, printed, read again as the inbox keeps it, judged by a
// receipt. What was read must survive the inbox. scope: none.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/echo.hpp"
#include "bridge/sync.hpp"
#include "core/notion/json.hpp"
#include "core/sync/event.hpp"
#include "core/sync/print.hpp"

namespace notion {
namespace {

void require(bool holds) {
    if (!holds)
        std::abort();
}

void any(std::string_view body) {
    auto event = sync::parse_event(body);
    static_cast<void>(bridge::webhook_signed(body, body, "secret"));
    if (!event || event->is_handshake)
        return;
    const std::string kept = sync::print(*event);
    auto parsed = json::parse(kept);
    require(parsed.ok());
    const sync::Event again = sync::parse_kept_event(*parsed);
    require(again.id == event->id && again.type == event->type && again.entity == event->entity &&
            again.properties == event->properties && again.authors.size() == event->authors.size());
    bridge::Echo echo;
    bridge::Fault fault;
    require(
        bridge::event_echo(kept, R"([{"kind":"create","properties":["a"]}])", "bot", echo, fault));
}

} // namespace
} // namespace notion

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    notion::any(std::string_view(reinterpret_cast<const char*>(data), size));
    return 0;
}
