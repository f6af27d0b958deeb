// Faults on demand; see faults.hpp. scope: emulator.
#include "faults.hpp"

#include <algorithm>

namespace emulator {

namespace {

constexpr std::pair<const char*, FaultKind> kinds[] = {
    {"status", FaultKind::status},
    {"delay", FaultKind::delay},
    {"delay_ms", FaultKind::delay},
    {"delay_after", FaultKind::delay_after},
    {"hang", FaultKind::hang},
    {"drop_before", FaultKind::drop_before},
    {"drop_after_commit", FaultKind::drop_after_commit},
    {"503_after_commit", FaultKind::commit_503},
    {"truncated", FaultKind::truncated},
    {"garbage", FaultKind::garbage},
    {"trickle", FaultKind::trickle},
    {"index_lag", FaultKind::index_lag},
    {"index_lag_ms", FaultKind::index_lag},
    {"omit_properties", FaultKind::omit_properties},
};

std::string_view first_segment(std::string_view path) {
    return path.substr(0, std::min(path.find('/'), path.size()));
}

// `/v1/pages/:id` matches the whole path, `:` and `*` segments anything.
bool fits_pattern(std::string_view pattern, std::string_view path) {
    while (!pattern.empty() && !path.empty()) {
        const auto wanted = first_segment(pattern);
        const auto found = first_segment(path);
        const bool any = wanted.starts_with(':') || wanted == "*";
        if (any ? found.empty() : wanted != found)
            return false;
        pattern.remove_prefix(std::min(wanted.size() + 1, pattern.size()));
        path.remove_prefix(std::min(found.size() + 1, path.size()));
    }
    return pattern.empty() && path.empty();
}

bool fits(const FaultRule& rule, const Request& request) {
    if (!rule.method.empty() && rule.method != request.method)
        return false;
    std::string_view token = request.authorization;
    if (token.starts_with("Bearer "))
        token.remove_prefix(7);
    if (!token.starts_with(rule.token))
        return false;
    if (rule.path.empty())
        return true;
    const bool exact = rule.path.front() == '=';
    return exact ? fits_pattern(std::string_view(rule.path).substr(2),
                                std::string_view(request.path).substr(1))
                 : request.path.starts_with(rule.path);
}

// "POST /v1/pages/:id": a method and the whole path.
void read_route(std::string_view route, FaultRule& rule) {
    const auto space = route.find(' ');
    if (space != route.npos) {
        rule.method = route.substr(0, space);
        route.remove_prefix(space + 1);
    }
    rule.path = "=" + std::string(route);
}

} // namespace

std::string_view name_of(FaultKind kind) {
    const auto* found = std::ranges::find(kinds, kind, &std::pair<const char*, FaultKind>::second);
    return found == std::end(kinds) ? std::string_view{} : found->first;
}

std::optional<std::string> Faults::add(const Json& json, uint64_t& id) {
    const auto name = text_member(json, "kind");
    const auto* kind = std::ranges::find_if(
        kinds, [&](const auto& entry) { return name && *name == entry.first; });
    if (kind == std::end(kinds))
        return "kind: unknown or missing";
    FaultRule rule;
    rule.kind = kind->second;
    if (const auto route = text_member(json, "route"))
        read_route(*route, rule);
    if (const auto method = text_member(json, "method"))
        rule.method = *method;
    if (const auto token = text_member(json, "token"))
        rule.token = *token;
    if (const auto path = text_member(json, "path"))
        rule.path = path->find(':') == path->npos && path->find('*') == path->npos
                        ? std::string(*path)
                        : "=" + std::string(*path);
    rule.count = integer_member(json, "count", -1);
    rule.skip = integer_member(json, "skip", 0);
    if (const Json* probability = member(json, "probability");
        probability && probability->IsNumber())
        rule.probability = probability->GetDouble();
    rule.status = static_cast<int>(integer_member(json, "status", 500));
    rule.retry_after_s = static_cast<int>(integer_member(json, "retry_after", 0));
    for (const char* unit : {"ms", "delay_ms", "index_lag_ms"})
        rule.ms = integer_member(json, unit, rule.ms);
    rule.bytes = integer_member(json, "bytes", 0);
    rule.committed_id = flag_member(json, "committed_resource_id", true);
    if (const Json* body = member(json, "body"))
        rule.body = body->IsString() ? std::string(view(*body)) : to_text(*body);
    if (const Json* properties = member(json, "properties"); properties && properties->IsArray())
        for (const auto& property : properties->GetArray())
            rule.properties.emplace_back(property.IsString() ? view(property) : "");
    id = rule.id = ++last_;
    rules_.push_back(std::move(rule));
    return std::nullopt;
}

bool Faults::remove(uint64_t id) {
    return std::erase_if(rules_, [&](const FaultRule& rule) { return rule.id == id; }) > 0;
}

FaultRule Faults::choose(const Request& request) {
    for (auto& rule : rules_) {
        if (rule.kind == FaultKind::index_lag || rule.count == 0 || !fits(rule, request))
            continue;
        if (rule.skip > 0) {
            --rule.skip;
            continue;
        }
        if (rule.probability < 1 &&
            std::uniform_real_distribution<>(0, 1)(random_) >= rule.probability)
            continue;
        if (rule.count > 0)
            --rule.count;
        ++rule.hits;
        return rule;
    }
    return {};
}

int64_t Faults::index_lag_ms() const {
    int64_t lag = 0;
    for (const auto& rule : rules_)
        if (rule.kind == FaultKind::index_lag)
            lag = std::max(lag, rule.ms);
    return lag;
}

void Faults::write(Out& out) const {
    out.open_array();
    for (const auto& rule : rules_) {
        out.open()
            .key("id")
            .integer(static_cast<int64_t>(rule.id))
            .key("kind")
            .text(name_of(rule.kind));
        out.key("method").text(rule.method).key("path").text(rule.path);
        out.key("count").integer(rule.count).key("skip").integer(rule.skip);
        out.key("probability").number(rule.probability);
        out.key("hits").integer(static_cast<int64_t>(rule.hits)).close();
    }
    out.close_array();
}

} // namespace emulator
