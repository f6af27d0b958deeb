// Appends to pages: see the header. scope: none.
#include "bridge/append.hpp"

#include "core/notion/json.hpp"
#include "core/notion/plain.hpp"
#include "core/sync/append.hpp"

namespace notion::bridge {

namespace {

int64_t number(const json::Value& value, std::string_view name) {
    const json::Value* member = json::find(value, name);
    return member != nullptr && member->IsNumber() ? static_cast<int64_t>(member->GetDouble()) : 0;
}

Result<sync::Append> append_of(const json::Value& value) {
    auto plain = plain_text(json::text(value, "markdown"));
    if (!plain)
        return plain.error();
    return sync::Append{letters_of(*plain), number(value, "sent_ms"), number(value, "done_ms")};
}

} // namespace

WriteOutcome append_outcome(bool handed_over, int32_t status, std::string_view body) noexcept {
    WriteOutcome judged = WriteOutcome::unknown;
    Fault ignored;
    guarded(ignored, [&] {
        judged = static_cast<WriteOutcome>(sync::append_outcome(handed_over, status, body));
    });
    return judged;
}

bool append_settle(std::string_view blocks, std::string_view append, Appended& appended,
                   Fault& fault) noexcept {
    return guarded(fault, [&] {
        auto parsed = json::parse(append);
        if (!parsed)
            return fill(fault, parsed.error());
        auto shown = sync::parse_append_blocks(blocks, json::texts(*parsed, "makers"));
        if (!shown)
            return fill(fault, shown.error());
        auto wanted = append_of(*parsed);
        if (!wanted)
            return fill(fault, wanted.error());
        std::vector<sync::Append> before;
        const json::Value* list = json::find(*parsed, "before");
        if (list != nullptr && list->IsArray())
            for (const json::Value& item : list->GetArray()) {
                auto one = append_of(item);
                if (!one)
                    return fill(fault, one.error());
                before.push_back(std::move(*one));
            }
        appended = static_cast<Appended>(sync::settle_append(*shown, before, *wanted));
    });
}
static_assert(static_cast<int>(Appended::unclear) == static_cast<int>(sync::Appended::unclear));

} // namespace notion::bridge
