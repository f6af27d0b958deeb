// Echo over the wall: see the header.
// scope: call.
#include "bridge/echo.hpp"

#include <vector>

#include "bridge/convert.hpp"
#include "core/sync/mapping.hpp"
#include "core/sync/receipt.hpp"

namespace notion::bridge {
namespace {

sync::FlightKind kind_of(std::string_view name) {
    for (const auto kind :
         {sync::FlightKind::create, sync::FlightKind::trash, sync::FlightKind::restore})
        if (sync::name_of(kind) == name)
            return kind;
    return sync::FlightKind::patch;
}

std::vector<sync::Receipt> receipts_of(const json::Value& list, const sync::Event& event) {
    std::vector<sync::Receipt> receipts;
    if (!list.IsArray())
        return receipts;
    for (const json::Value& item : list.GetArray()) {
        sync::Receipt receipt;
        receipt.page = event.entity;
        receipt.kind = kind_of(json::text(item, "kind"));
        receipt.read_us = sync::time_of(item, "read_at").value_or(0);
        receipt.acked_us = sync::time_of(item, "acked_at").value_or(0);
        receipt.properties = json::texts(item, "properties");
        receipts.push_back(std::move(receipt));
    }
    return receipts;
}

} // namespace

bool event_echo(std::string_view event_text, std::string_view receipts_text,
                std::string_view our_bot, Echo& echo, Fault& fault) noexcept {
    return guarded(fault, [&] {
        const Result<json::Document> parsed = json::parse(event_text);
        const Result<json::Document> list = json::parse(receipts_text);
        if (!parsed.ok() || !list.ok())
            return fill(fault, parsed.ok() ? list.error() : parsed.error());
        const sync::Event event = sync::parse_kept_event(*parsed);
        const auto at = sync::time_of(*parsed, "timestamp");
        const sync::EventFacts facts{at ? our_bot : std::string_view(), at.value_or(0)};
        const auto receipts = receipts_of(*list, event);
        echo = static_cast<Echo>(sync::judge(event, facts, receipts));
    });
}
static_assert(static_cast<int>(Echo::overwritten_unseen) ==
              static_cast<int>(sync::Echo::overwritten_unseen));

} // namespace notion::bridge
