// What a fault does to an answer that was truly given; see gate.hpp.
// scope: call.
#include "gate.hpp"

#include <algorithm>

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
    refusal.additional = {
        {"from", quoted("public_api")},
        {"elapsed_ms", quoted("55021")},
        {"deadline_ms", quoted("55000")},
        {"retry_guidance",
         R"(["Read the object again to see whether the write was saved.","Do not repeat the write."])"}};
    const std::string id = id_in(reply.body);
    if (fault.committed_id && !id.empty() && method == "POST")
        refusal.additional.emplace_back("committed_resource_id", quoted(id));
    reply.status = 503;
    reply.retry_after_s = fault.retry_after_s;
    reply.body = error_body(refusal, reply.request_id);
}

void omit(Json& page, const std::vector<std::string>& names) {
    const auto properties = page.FindMember("properties");
    if (properties == page.MemberEnd() || !properties->value.IsObject())
        return;
    for (auto at = properties->value.MemberBegin(); at != properties->value.MemberEnd();) {
        const auto id = text_member(at->value, "id");
        const bool gone = std::ranges::any_of(names, [&](const std::string& name) {
            return view(at->name) == name || (id && *id == name);
        });
        at = gone ? properties->value.EraseMember(at) : at + 1;
    }
}

void omit_properties(Reply& reply, const FaultRule& fault) {
    Document document;
    if (!parse(reply.body, document) || !document.IsObject())
        return;
    omit(document, fault.properties);
    const auto results = document.FindMember("results");
    if (results != document.MemberEnd() && results->value.IsArray())
        for (auto& page : results->value.GetArray())
            if (page.IsObject())
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
