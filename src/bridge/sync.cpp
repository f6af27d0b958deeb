// Sync over the wall: JSON to core/sync and back. See the header.
// scope: call, except Link (worker).
#include "bridge/sync.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bridge/convert.hpp"
#include "core/sync/outcome.hpp"
#include "core/sync/print.hpp"
#include "net/signature.hpp"

namespace notion::bridge {

struct Link {
    std::unique_ptr<sync::Link> link;
};
struct Text {
    std::string json;
};

namespace {

/// The value of a Result, or nullptr after its error went into the fault.
template <class T>
T* given(Result<T>& result, Fault& fault) {
    if (result.ok())
        return &result.value();
    fill(fault, result.error());
    return nullptr;
}
template <class T>
const T* given(const Result<T>& result, Fault& fault) {
    if (result.ok())
        return &result.value();
    fill(fault, result.error());
    return nullptr;
}

sync::Via via_of(std::string_view name) {
    if (name == "get")
        return sync::Via::get;
    if (name == "answer")
        return sync::Via::answer;
    return name == "scan" ? sync::Via::scan : sync::Via::poll;
}

Result<sync::Snapshot> snapshot_in(std::string_view text) {
    const Result<json::Document> parsed = json::parse(text);
    if (!parsed.ok())
        return parsed.error();
    return sync::parse_snapshot(*parsed);
}

/// One snapshot, or an array of them.
Result<std::vector<sync::Snapshot>> snapshots_in(std::string_view text) {
    const Result<json::Document> parsed = json::parse(text);
    if (!parsed.ok())
        return parsed.error();
    std::vector<sync::Snapshot> snapshots;
    const json::Value& json = *parsed;
    const size_t count = json.IsArray() ? json.Size() : 1;
    for (size_t i = 0; i < count; ++i) {
        const json::Value& item = json.IsArray() ? json[static_cast<unsigned>(i)] : json;
        Result<sync::Snapshot> snapshot = sync::parse_snapshot(item);
        if (!snapshot.ok())
            return snapshot.error();
        snapshots.push_back(std::move(snapshot.value()));
    }
    return snapshots;
}

/// A mapping and a row, as most questions begin.
struct Pair {
    sync::Mapping mapping;
    std::optional<sync::Row> row;
};
Result<Pair> pair_in(std::string_view mapping_text, std::string_view row_text) {
    Result<sync::Mapping> mapping = sync::parse_mapping(mapping_text);
    if (!mapping.ok())
        return mapping.error();
    Result<std::optional<sync::Row>> row = sync::parse_row(row_text);
    if (!row.ok())
        return row.error();
    return Pair{std::move(mapping.value()), std::move(row.value())};
}

} // namespace

Text* text_new(Fault& fault) noexcept {
    Text* text = nullptr;
    guarded(fault, [&] { text = new Text; });
    return text;
}

void text_free(Text* text) noexcept {
    delete text;
}

std::string_view text_view(const Text* text) noexcept {
    return text->json;
}

Link* link_open(std::string_view json, const ZoneView& zone, Fault& fault) noexcept {
    Link* link = nullptr;
    guarded(fault, [&] {
        auto parsed = sync::parse_link(json, zone_of(zone));
        if (auto* value = given(parsed, fault))
            link = new Link{std::move(*value)};
    });
    return link;
}

void link_close(Link* link) noexcept {
    delete link;
}

bool sync_decide(const Link* link, std::string_view mapping, std::string_view row, bool deleted,
                 Text* out, Fault& fault) noexcept {
    return guarded(fault, [&] {
        auto given_pair = pair_in(mapping, row);
        if (const Pair* pair = given(given_pair, fault))
            out->json = print(decide(*link->link, pair->mapping, pair->row, deleted));
    });
}

bool sync_snapshot(const Link* link, std::string_view page, Text* out, Fault& fault) noexcept {
    return guarded(fault, [&] {
        auto parsed = json::parse(page);
        if (!given(parsed, fault))
            return;
        auto taken = sync::take_snapshot(*link->link, *parsed);
        if (const auto* snapshot = given(taken, fault))
            out->json = print(*snapshot);
    });
}

bool sync_snapshots(const Link* link, std::string_view list, Text* out, Fault& fault) noexcept {
    return guarded(fault, [&] {
        auto parsed = json::parse(list);
        if (!given(parsed, fault))
            return;
        auto taken = sync::take_snapshots(*link->link, *parsed);
        if (const auto* snapshots = given(taken, fault))
            out->json = print(*snapshots);
    });
}

bool sync_complete(const Link* link, std::string_view snapshot, std::string_view property_id,
                   std::string_view items, Text* out, Fault& fault) noexcept {
    return guarded(fault, [&] {
        auto known = snapshot_in(snapshot);
        auto parsed = json::parse(items);
        if (!given(known, fault) || !given(parsed, fault))
            return;
        auto completed = sync::complete(*link->link, *known, property_id, *parsed);
        if (given(completed, fault))
            out->json = print(*known);
    });
}

bool sync_admit(const Link* link, std::string_view mapping, std::string_view snapshot,
                std::string_view via, int64_t asked_tick, int64_t asked_at_ms, int64_t index_lag_ms,
                Admission& admission, Fault& fault) noexcept {
    return guarded(fault, [&] {
        auto parsed = sync::parse_mapping(mapping);
        auto shown = snapshot_in(snapshot);
        if (!given(parsed, fault) || !given(shown, fault))
            return;
        sync::AdmitFacts facts;
        facts.mapped = parsed->exists;
        facts.awaited = parsed->awaited_us.has_value();
        facts.in_flight = parsed->flight != sync::FlightState::none;
        facts.via = via_of(via);
        facts.asked_tick = asked_tick;
        facts.fence = parsed->fence;
        facts.edited_ms = shown->edited_us / 1000;
        facts.highest_ms =
            std::max(parsed->edited_us.value_or(0), parsed->awaited_us.value_or(0)) / 1000;
        facts.asked_at_ms = asked_at_ms;
        facts.index_lag_ms = index_lag_ms;
        facts.is_cut = !shown->cut.empty();
        facts.is_part = !shown->absent.empty();
        facts.news = news_of(*link->link, *parsed, *shown);
        admission = static_cast<Admission>(sync::admit(facts));
    });
}
static_assert(static_cast<int>(Admission::complete_it) ==
              static_cast<int>(sync::Admission::complete_it));

bool sync_merge(const Link* link, std::string_view mapping, std::string_view row,
                std::string_view snapshot, std::string_view times, Text* out,
                Fault& fault) noexcept {
    return guarded(fault, [&] {
        auto given_pair = pair_in(mapping, row);
        auto shown = snapshot_in(snapshot);
        auto clock = sync::parse_times(times);
        const Pair* pair = given(given_pair, fault);
        if (!pair || !given(shown, fault) || !given(clock, fault))
            return;
        out->json = print(reconcile(*link->link, pair->mapping, pair->row, *shown, *clock));
    });
}

bool sync_rebase(const Link* link, std::string_view mapping, std::string_view merged,
                 std::string_view row, Text* out, Fault& fault) noexcept {
    return guarded(fault, [&] {
        auto given_pair = pair_in(mapping, row);
        const Pair* pair = given(given_pair, fault);
        if (!pair)
            return;
        // What a merge said has a mapping's base and held fields under the same names.
        auto after = sync::parse_mapping(merged);
        auto parsed = json::parse(merged);
        if (!given(after, fault) || !given(parsed, fault))
            return;
        sync::Row written;
        if (const json::Value* write = json::find(*parsed, "write")) {
            auto cells = sync::parse_row(json::write(*write));
            if (!given(cells, fault))
                return;
            written = cells->value_or(sync::Row());
        }
        out->json = print(rebase(*link->link, pair->mapping, after->base, after->held, written,
                                 pair->row.value_or(sync::Row())));
    });
}

bool sync_pair(const Link* link, std::string_view row, std::string_view snapshot,
               std::string_view prefer, Text* out, Fault& fault) noexcept {
    return guarded(fault, [&] {
        auto cells = sync::parse_row(row);
        auto shown = snapshot_in(snapshot);
        if (!given(cells, fault) || !given(shown, fault))
            return;
        auto paired = sync::pair(*link->link, cells->value_or(sync::Row()), *shown, prefer);
        if (const auto* value = given(paired, fault))
            out->json = print(*value);
    });
}

bool sync_value(const Link* link, std::string_view snapshot, std::string_view column, Text* out,
                Fault& fault) noexcept {
    return guarded(fault, [&] {
        out->json.clear();
        const auto taken = snapshot_in(snapshot);
        if (!given(taken, fault))
            return;
        for (const sync::Field& field : link->link->fields) {
            if (field.column != column)
                continue;
            const auto half = taken->properties.find(field.property_id);
            if (half == taken->properties.end())
                return;
            const auto value = sync::decoded(field, half->second);
            if (value.ok() && !is_null(*value))
                out->json = to_text(*value, field.codec.column);
        }
    });
}

bool sync_call(const Link* link, std::string_view mapping, std::string_view wish,
               std::string_view key, Text* out, Fault& fault) noexcept {
    return guarded(fault, [&] {
        auto parsed = sync::parse_mapping(mapping);
        auto wished = sync::parse_wish(wish);
        if (!given(parsed, fault) || !given(wished, fault))
            return;
        auto made = sync::request_of(*link->link, *parsed, *wished, key);
        if (const auto* request = given(made, fault))
            out->json = sync::print(request->call, request->marker);
    });
}

bool sync_record(const Link* link, std::string_view mapping, std::string_view wish,
                 std::string_view answer, Text* out, Fault& fault) noexcept {
    return guarded(fault, [&] {
        auto parsed = sync::parse_mapping(mapping);
        auto wished = sync::parse_wish(wish);
        auto page = json::parse(answer);
        if (!given(parsed, fault) || !given(wished, fault) || !given(page, fault))
            return;
        auto made = sync::record(*link->link, *parsed, *wished, *page);
        if (const auto* recorded = given(made, fault))
            out->json = print(*recorded);
    });
}

WriteOutcome write_outcome(bool is_create, bool handed_over, int32_t status,
                           std::string_view body) noexcept {
    // Whatever goes wrong in judging, the write may have been done.
    WriteOutcome judged = WriteOutcome::unknown;
    Fault ignored;
    guarded(ignored, [&] {
        judged = static_cast<WriteOutcome>(sync::outcome({is_create, handed_over, status, body}));
    });
    return judged;
}
static_assert(static_cast<int>(WriteOutcome::unknown) == static_cast<int>(sync::Outcome::unknown));

bool sync_settle(const Link* link, std::string_view mapping, std::string_view candidates,
                 std::string_view our_bot, int64_t asked_ms, int64_t skew_ms,
                 Settlement& settlement, Text* out, Fault& fault) noexcept {
    return guarded(fault, [&] {
        auto parsed = sync::parse_mapping(mapping);
        auto shown = snapshots_in(candidates);
        if (!given(parsed, fault) || !given(shown, fault))
            return;
        const sync::Settled settled =
            sync::settle(*link->link, *parsed, *shown,
                         {our_bot, sync::us_of_ms(asked_ms), sync::us_of_ms(skew_ms)});
        settlement = static_cast<Settlement>(settled.settlement);
        out->json = print(settled);
    });
}
static_assert(static_cast<int>(Settlement::give_up) == static_cast<int>(sync::Settlement::give_up));

bool sync_lookup(const Link* link, std::string_view markers, Text* out, Fault& fault) noexcept {
    return guarded(fault, [&] {
        auto parsed = json::parse(markers);
        if (!given(parsed, fault))
            return;
        std::vector<std::string> texts;
        if (parsed->IsArray()) {
            for (const json::Value& marker : parsed->GetArray())
                if (marker.IsString())
                    texts.emplace_back(json::view(marker));
        }
        auto made = sync::look_up(*link->link, texts);
        if (const auto* call = given(made, fault))
            out->json = sync::print(*call, std::nullopt);
    });
}

bool sync_poll(const Link* link, bool is_scan, std::string_view since, std::string_view cursor,
               Text* out, Fault& fault) noexcept {
    return guarded(fault, [&] {
        const auto call = is_scan ? sync::scan(*link->link, since, cursor)
                                  : sync::poll(*link->link, since, cursor);
        out->json = sync::print(call, std::nullopt);
    });
}

bool webhook_event(std::string_view body, Text* out, Fault& fault, WebhookHead* head) noexcept {
    return guarded(fault, [&] {
        auto parsed = sync::parse_event(body);
        const auto* event = given(parsed, fault);
        if (event == nullptr)
            return;
        out->json = print(*event);
        if (head != nullptr)
            *head = {.is_handshake = event->is_handshake,
                     .is_whole = !event->id.empty() && !event->type.empty()};
    });
}

bool webhook_signed(std::string_view body, std::string_view signature,
                    std::string_view token) noexcept {
    bool holds = false;
    Fault ignored;
    guarded(ignored, [&] { holds = net::signature_holds(token, body, signature); });
    return holds;
}

} // namespace notion::bridge
