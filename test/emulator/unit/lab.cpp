// A workspace without sockets; see lab.hpp. scope: test.
#include "lab.hpp"

namespace emulator {

const Json& Answer::operator[](const char* name) const {
    static const Json nothing;
    const Json* found = member(body, name);
    return found ? *found : nothing;
}

const Json& Answer::value(const char* property) const {
    static const Json nothing;
    const Json* properties = member(body, "properties");
    const Json* found = properties ? member(*properties, property) : nullptr;
    const auto type = found ? text_member(*found, "type") : std::nullopt;
    const Json* inner = type ? member(*found, *type) : nullptr;
    return inner ? *inner : nothing;
}

std::string Answer::titles() const {
    std::string titles;
    const Json* results = member(body, "results");
    if (!results)
        return "(no list: " + message() + ")";
    for (const auto& page : results->GetArray())
        for (const auto& property : page["properties"].GetObject())
            if (const Json* title = member(property.value, "title")) {
                if (!titles.empty())
                    titles += ",";
                for (const auto& run : title->GetArray())
                    titles += view(run["plain_text"]);
            }
    return titles;
}

Lab::Lab() {
    world.store.seed_random(7);
    world.limits.budget = 0;
    freeze("2026-06-17T12:00:30Z"); // a Wednesday
}

void Lab::load(const std::string& seed) {
    const Answer answer = control("POST", "load", seed);
    ASSERT_EQ(answer.status, 200) << answer.message();
}

Answer Lab::ask(const std::string& method, const std::string& path, const std::string& body,
                const std::string& token, const std::string& version) {
    Request request;
    request.method = method;
    const auto mark = std::min(path.find('?'), path.size());
    request.path = path.substr(0, mark);
    request.query = mark < path.size() ? path.substr(mark + 1) : "";
    request.authorization = token.empty() ? "" : "Bearer " + token;
    request.version = version;
    request.body = body;
    const FaultRule fault = Gate::is_control(request) ? FaultRule{} : world.faults.choose(request);
    const Reply reply = gate.serve(request, fault).reply;
    Answer answer;
    answer.status = reply.status;
    answer.retry_after_s = reply.retry_after_s;
    parse(reply.body, answer.body);
    return answer;
}

Answer Lab::control(const std::string& method, const std::string& path, const std::string& body) {
    return ask(method, "/_emulator/" + path, body, "");
}

std::string Lab::source(const std::string& title) {
    return dashed(named_source(world, title).id);
}

Answer Lab::query(const std::string& source_title, const std::string& body) {
    return post("/v1/data_sources/" + source(source_title) + "/query", body);
}

std::string Lab::found(const std::string& filter) {
    const std::string title = plain_text(world.store.data_sources.begin()->second.title);
    return query(title, R"({"filter":)" + filter +
                            R"(,"sorts":[{"property":"title","direction":"ascending"}]})")
        .titles();
}

Answer Lab::create(const std::string& properties) {
    const std::string id = dashed(world.store.data_sources.begin()->first);
    return post("/v1/pages",
                R"({"parent":{"data_source_id":")" + id + R"("},"properties":)" + properties + "}");
}

std::string shown(const Json& value) {
    return to_text(value);
}

} // namespace emulator
