// What a fault does to an answer that was truly given; see gate.hpp.
// scope: call.
#include "gate.hpp"

#include <algorithm>
#include <utility>

namespace emulator {

namespace {

// Pages, data sources and databases begin with object and id.
std::string id_in(std::string_view body) {
    constexpr std::string_view mark = R"("id":")";
    const auto at = body.find(mark);
    if (at == body.npos || at > 40 || body.size() < at + mark.size() + 36)
        return {};
    return std::string(body.substr(at + mark.size(), 36));
}

void answer_503(Reply& reply, const FaultRule& fault, const std::string& method) {
    Refusal refusal = standard(503);
    refusal.additional = {{"from", quoted("public_api")},
                          {"elapsed_ms", quoted("55021")},
                          {"deadline_ms", quoted("55000")},
                          {"retry_guidance",
                           R"(["Read the object again to see whether the write was saved.",)"
                           R"("Do not repeat the write."])"}};
    const std::string id = id_in(reply.body);
    if (fault.committed_id && !id.empty() && method == "POST")
        refusal.additional.emplace_back("committed_resource_id", quoted(id));
    reply.status = 503;
    reply.retry_after_s = fault.retry_after_s;
    reply.body = error_body(refusal, reply.request_id);
}

void omit(Json& page, const std::vector<std::string>& names) {
    if (!page.IsObject() || !page.HasMember("properties") || !page["properties"].IsObject())
        return;
    Json& properties = page["properties"];
    std::vector<std::string> gone;
    for (const auto& entry : std::as_const(properties).GetObject()) {
        const auto id = text_member(entry.value, "id");
        const bool named = std::ranges::any_of(names, [&](const std::string& name) {
            return view(entry.name) == name || (id && *id == name);
        });
        if (named)
            gone.emplace_back(view(entry.name));
    }
    for (const auto& name : gone)
        properties.RemoveMember(name.c_str());
}

void omit_properties(Reply& reply, const FaultRule& fault) {
    Document document;
    if (!parse(reply.body, document) || !document.IsObject())
        return;
    omit(document, fault.properties);
    if (document.HasMember("results") && document["results"].IsArray())
        for (auto& page : document["results"].GetArray())
            omit(page, fault.properties);
    reply.body = to_text(document);
}

} // namespace

void spoil(Reply& reply, const FaultRule& fault, const std::string& method) {
    if (reply.status != 200)
        return;
    if (fault.kind == FaultKind::commit_503)
        answer_503(reply, fault, method);
    if (fault.kind == FaultKind::garbage)
        reply.body =
            fault.body.empty() ? "<!DOCTYPE html><p>upstream \xff\x01 {\"object\":" : fault.body;
    if (fault.kind == FaultKind::omit_properties)
        omit_properties(reply, fault);
}

} // namespace emulator
