// Mapping: see the header.
// scope: none.
#include "core/sync/mapping.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace notion::sync {
namespace {

struct PageStateName {
    PageState state;
    std::string_view name;
};
constexpr std::array page_states = {
    PageStateName{PageState::none, "none"},
    PageStateName{PageState::live, "live"},
    PageStateName{PageState::trashed, "trashed"},
    PageStateName{PageState::moved, "moved"},
    PageStateName{PageState::unreachable, "unreachable"},
    PageStateName{PageState::gone, "gone"},
};

struct KindName {
    FlightKind kind;
    std::string_view name;
};
constexpr std::array kinds = {
    KindName{FlightKind::create, "create"},
    KindName{FlightKind::patch, "patch"},
    KindName{FlightKind::trash, "trash"},
    KindName{FlightKind::restore, "restore"},
};

Error not_an_object(const char* what) {
    return fail(ErrorKind::malformed, std::string(what) + " is not a JSON object");
}

int64_t number(const json::Value& value, std::string_view name) {
    const json::Value* member = json::find(value, name);
    return member && member->IsInt64() ? member->GetInt64() : 0;
}

/// A text or NULL. Other JSON values are taken as their text: to_jsonb of a row would give them.
Cell cell_of(const json::Value& value) {
    if (value.IsNull())
        return std::nullopt;
    if (value.IsString())
        return std::string(json::view(value));
    return json::write(value);
}

std::optional<std::string> text_or_none(const json::Value& value, std::string_view name) {
    const json::Value* member = json::find(value, name);
    if (!member || !member->IsString())
        return std::nullopt;
    return std::string(json::view(*member));
}

std::map<std::string, Cell, std::less<>> cells_of(const json::Value& object) {
    std::map<std::string, Cell, std::less<>> cells;
    for (const auto& member : object.GetObject())
        cells.insert_or_assign(std::string(json::view(member.name)), cell_of(member.value));
    return cells;
}

Base base_of(const json::Value& object) {
    Base base;
    for (const auto& member : object.GetObject()) {
        if (!member.value.IsObject())
            continue;
        BaseEntry entry;
        if (const json::Value* p = json::find(member.value, "p"))
            entry.p = cell_of(*p);
        if (const json::Value* n = json::find(member.value, "n"))
            entry.n = json::write(*n);
        if (const json::Value* seen = json::find(member.value, "seen"))
            entry.seen = json::write(*seen);
        base.insert_or_assign(std::string(json::view(member.name)), std::move(entry));
    }
    return base;
}

Held held_of(const json::Value& object) {
    Held held;
    for (const auto& member : object.GetObject())
        if (member.value.IsString())
            held.insert_or_assign(std::string(json::view(member.name)),
                                  std::string(json::view(member.value)));
    return held;
}

FlightState flight_of(std::string_view name) {
    if (name == "sending")
        return FlightState::sending;
    return name == "unknown" ? FlightState::unknown : FlightState::none;
}

FlightKind kind_of(std::string_view name, FlightKind otherwise) {
    for (const KindName& kind : kinds)
        if (kind.name == name)
            return kind.kind;
    return otherwise;
}

Status parse_flight(const json::Value& json, Mapping& mapping) {
    mapping.flight = flight_of(json::text(json, "flight"));
    const json::Value* payload = json::find(json, "flight_payload");
    if (payload && payload->IsObject()) {
        Result<Wish> wish = parse_wish(*payload);
        if (!wish.ok())
            return wish.error();
        mapping.payload = std::move(wish.value());
    }
    mapping.payload.action = kind_of(json::text(json, "flight_kind"), mapping.payload.action);
    mapping.sent_marker = text_or_none(json, "sent_marker");
    mapping.makers = json::texts(json, "makers");
    mapping.sent_us = time_of(json, "sent_at");
    mapping.settle_until_us = time_of(json, "settle_until");
    mapping.attempts = static_cast<int>(number(json, "attempts"));
    return Done{};
}

} // namespace

std::string_view name_of(PageState state) {
    for (const PageStateName& entry : page_states)
        if (entry.state == state)
            return entry.name;
    return "none";
}

std::string_view name_of(FlightKind kind) {
    return kinds[static_cast<size_t>(kind)].name;
}

int64_t us_of_ms(int64_t ms) {
    constexpr int64_t most = INT64_MAX / 1000;
    return std::clamp(ms, -most, most) * 1000;
}

std::optional<int64_t> time_of(const json::Value& value, std::string_view name) {
    const json::Value* member = json::find(value, name);
    if (!member)
        return std::nullopt;
    if (member->IsInt64())
        return us_of_ms(member->GetInt64()); // milliseconds since 1970
    if (!member->IsString())
        return std::nullopt;
    const Result<Moment> moment = parse_moment(json::view(*member));
    if (!moment.ok())
        return std::nullopt;
    return moment->instant.us;
}

Result<Wish> parse_wish(const json::Value& value) {
    if (!value.IsObject())
        return not_an_object("a wish");
    const std::string_view action = json::text(value, "action");
    Wish wish;
    bool known = false;
    for (const KindName& kind : kinds) {
        if (kind.name == action) {
            wish.action = kind.kind;
            known = true;
        }
    }
    if (!known)
        return fail(ErrorKind::malformed, "a wish lacks its action");
    const json::Value* fields = json::find(value, "fields");
    if (fields && fields->IsObject())
        wish.fields = cells_of(*fields);
    wish.content = text_or_none(value, "content");
    wish.page_template = text_or_none(value, "template");
    return wish;
}

Result<Wish> parse_wish(std::string_view text) {
    const Result<json::Document> parsed = json::parse(text);
    if (!parsed.ok())
        return parsed.error();
    return parse_wish(static_cast<const json::Value&>(*parsed));
}

Result<std::optional<Row>> parse_row(std::string_view text) {
    if (text.empty())
        return std::optional<Row>();
    const Result<json::Document> parsed = json::parse(text);
    if (!parsed.ok())
        return parsed.error();
    if (!parsed->IsObject())
        return not_an_object("a row");
    return std::optional<Row>(cells_of(*parsed));
}

Result<Mapping> parse_mapping(std::string_view text) {
    Mapping mapping;
    if (text.empty())
        return mapping;
    const Result<json::Document> parsed = json::parse(text);
    if (!parsed.ok())
        return parsed.error();
    const json::Value& json = *parsed;
    if (!json.IsObject())
        return not_an_object("a mapping");
    mapping.exists = true;
    mapping.key = json::text(json, "key");
    mapping.page = json::text(json, "page");
    mapping.row_deleted = json::text(json, "row_state") == "deleted";
    const std::string_view state = json::text(json, "page_state");
    for (const PageStateName& entry : page_states)
        if (entry.name == state)
            mapping.page_state = entry.state;
    if (mapping.page_state == PageState::none && !mapping.page.empty())
        mapping.page_state = PageState::live;
    const json::Value* base = json::find(json, "base");
    if (base && base->IsObject())
        mapping.base = base_of(*base);
    const json::Value* held = json::find(json, "held");
    if (held && held->IsObject())
        mapping.held = held_of(*held);
    mapping.edited_us = time_of(json, "edited");
    mapping.awaited_us = time_of(json, "awaited");
    mapping.seen_us = time_of(json, "seen_at");
    mapping.changed_us = time_of(json, "changed_at");
    mapping.fence = number(json, "fence");
    mapping.hops = static_cast<int>(number(json, "hops"));
    if (Status flight = parse_flight(json, mapping); !flight.ok())
        return flight.error();
    return mapping;
}

bool is_resolved(std::string_view reason) {
    return reason == hold::resolved_notion || reason == hold::resolved_postgres ||
           reason == hold::resolved_value;
}

bool is_open(std::string_view reason) {
    return is_resolved(reason) || reason == hold::doubtful;
}

bool lasts(std::string_view reason) {
    return !reason.empty() && !reason.starts_with(hold::unsendable);
}

} // namespace notion::sync
