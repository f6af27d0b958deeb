// One request of a person's own choice: see the header. scope: call.
#include "bridge/api.hpp"

#include <optional>
#include <vector>

#include "bridge/convert.hpp"
#include "bridge/object_write.hpp"
#include "bridge/upload.hpp"
#include "bridge/writer.hpp"
#include "core/notion/json.hpp"
#include "core/notion/object_write.hpp"
#include "core/notion/upload.hpp"

namespace notion::bridge {

struct Api {
    Writer writer;
    std::string what; ///< "POST /v1/pages"
    bool writes;
    std::string answer = {};
    std::string request_id = {};
    json::Document document = {}; ///< of the answer, where a row was made of it
    std::vector<Value> values = {};
    std::vector<std::vector<std::string_view>> items = {};
};

namespace {

std::optional<Method> method_of(std::string_view name) {
    if (name == "GET")
        return Method::get;
    if (name == "POST")
        return Method::post;
    if (name == "PATCH")
        return Method::patch;
    if (name == "DELETE")
        return Method::del;
    return std::nullopt;
}

/// Nothing that could leave the path or the header: the token goes with it.
bool is_path(std::string_view path) {
    if (!path.starts_with("/v1/") || path.find("..") != path.npos)
        return false;
    for (const char c : path)
        if (c <= ' ' || c > '~' || c == '#' || c == '\\')
            return false;
    return true;
}

bool only_reads(Method method, std::string_view path) {
    return method == Method::get ||
           (method == Method::post && (path == "/v1/search" || path.ends_with("/query")));
}

Status check(std::optional<Method> method, std::string_view path, std::string_view body) {
    if (!method)
        return fail(ErrorKind::invalid_argument, "not a method of Notion's API", "",
                    "GET, POST, PATCH or DELETE.");
    if (!is_path(path))
        return fail(ErrorKind::invalid_argument, "not a path of Notion's API", "",
                    "A path begins with /v1/, such as /v1/users/me; what is special in it is "
                    "%-encoded.");
    if (!body.empty() && (*method == Method::get || *method == Method::del))
        return fail(ErrorKind::invalid_argument, "a request of this method has no body", "",
                    "Put parameters into the path: ?page_size=10.");
    return Done{};
}

Error unknown(const Api& api, std::string why) {
    return fail(ErrorKind::unknown_outcome, "nobody knows whether Notion did " + api.what,
                std::move(why), "Look in Notion before you do it again; it was not repeated.");
}

} // namespace

Api* api_open(const Endpoint& endpoint, std::string_view method, std::string_view path,
              std::string_view body, Fault& fault) noexcept {
    Api* api = nullptr;
    guarded(fault, [&] {
        std::optional<Method> known = method_of(method);
        if (Status good = check(known, path, body); !good)
            return fill(fault, good.error());
        bool has_body = *known == Method::post || *known == Method::patch;
        notion::Call call{*known, std::string(path),
                          has_body && body.empty() ? "{}" : std::string(body)};
        api = new Api{Writer(endpoint),
                      std::string(method) + " " + std::string(path),
                      !only_reads(*known, path),
                      {},
                      {},
                      {},
                      {}};
        api->writer.ask(std::move(call), api->writes && *known == Method::post);
    });
    return api;
}

void api_shut(Api* api) noexcept {
    delete api;
}

Step api_next(Api* api, int64_t now_ms, Fault& fault) noexcept {
    Step step;
    bool fine = guarded(fault, [&] {
        api->writer.turn(now_ms, step);
        step.turn = Turn::waits;
        if (api->writer.state() == Writer::State::asks)
            step.turn = Turn::asks;
        if (api->writer.state() == Writer::State::pauses)
            step.wait_ms = api->writer.resume_at_ms() - now_ms;
        if (api->writer.state() != Writer::State::settled)
            return;
        step.turn = Turn::failed;
        if (api->writer.end() == Writer::End::unknown && api->writes) {
            const Error& error = api->writer.error();
            return fill(fault, unknown(*api, error.message + ": " + error.detail));
        }
        if (api->writer.end() != Writer::End::done)
            return fill(fault, api->writer.error());
        auto parsed = json::parse(api->writer.body());
        if (!parsed && api->writes)
            return fill(fault, unknown(*api, parsed.error().message));
        if (!parsed)
            return fill(fault, parsed.error());
        api->answer = json::write(*parsed);
        api->request_id = json::text(*parsed, "request_id");
        step.turn = Turn::done;
    });
    if (!fine)
        step.turn = Turn::failed;
    return step;
}

bool api_send(Api* api, Fault& fault) noexcept {
    return guarded(fault, [&] { api->writer.send(); });
}

const char* api_request_id(const Api* api) noexcept {
    return api->request_id.c_str();
}

std::string_view api_answer(const Api* api) noexcept {
    return api->answer;
}

bool api_writes(const Api* api) noexcept {
    return api->writes;
}

bool api_in_doubt(const Api* api, std::string_view why, Fault& fault) noexcept {
    if (!api->writes || !api->writer.in_doubt())
        return false;
    guarded(fault, [&] { fill(fault, unknown(*api, std::string(why) + ".")); });
    return fault.set;
}

size_t upload_parts(size_t bytes) noexcept {
    return parts_of(bytes);
}

size_t upload_part_size(size_t bytes) noexcept {
    return parts_of(bytes) == 1 ? bytes : upload_part_bytes;
}

namespace {

Api* upload_step(const Endpoint& endpoint, const char* what, notion::Call call) {
    Api* api = new Api{Writer(endpoint), what, true};
    api->writer.ask(std::move(call), true);
    return api;
}

} // namespace

Api* upload_open(const Endpoint& endpoint, std::string_view name, std::string_view content_type,
                 size_t bytes, Fault& fault) noexcept {
    Api* api = nullptr;
    guarded(fault, [&] {
        auto call = open_upload(name, content_type, bytes);
        if (!call)
            return fill(fault, call.error());
        api = upload_step(endpoint, "the opening of an upload", std::move(*call));
    });
    return api;
}

std::string_view upload_id(Api* api) noexcept {
    Fault ignored;
    guarded(ignored, [&] {
        auto parsed = json::parse(api->answer);
        api->answer = parsed ? std::string(json::text(*parsed, "id")) : std::string();
    });
    return api->answer;
}

Api* upload_send(const Endpoint& endpoint, std::string_view upload, int64_t part,
                 std::string_view name, std::string_view content_type, std::string_view bytes,
                 Fault& fault) noexcept {
    Api* api = nullptr;
    guarded(fault, [&] {
        api = upload_step(endpoint, "the upload of a file",
                          send_part(upload, part, name, content_type, bytes));
    });
    return api;
}

Api* upload_complete(const Endpoint& endpoint, std::string_view upload, Fault& fault) noexcept {
    Api* api = nullptr;
    guarded(fault,
            [&] { api = upload_step(endpoint, "the end of an upload", complete_upload(upload)); });
    return api;
}

std::string_view object_write_key(std::string_view kind) noexcept {
    auto known = object_kind(kind);
    return known ? object_key(*known) : std::string_view();
}

bool object_write_accepts(std::string_view kind, ObjectAct act) noexcept {
    auto known = object_kind(kind);
    return known && is_object_writable(*known, static_cast<ObjectWrite>(act));
}

Api* object_write_open(const Endpoint& endpoint, std::string_view kind, ObjectAct act,
                       std::string_view id, std::string_view type,
                       std::span<const NamedCell> fields, Fault& fault) noexcept {
    static_assert(static_cast<int>(ObjectAct::remove) == static_cast<int>(ObjectWrite::remove));
    Api* api = nullptr;
    guarded(fault, [&] {
        auto known = object_kind(kind);
        if (!known)
            return fill(fault, ErrorKind::invalid_argument, "no such kind of object");
        std::vector<ObjectField> list;
        for (const NamedCell& one : fields)
            list.push_back({std::string(one.column), value_of(one.cell)});
        auto call = write_object(*known, static_cast<ObjectWrite>(act), id, type, list);
        if (!call)
            return fill(fault, call.error());
        bool creates = act == ObjectAct::create; // appending twice is two blocks
        std::string what = "the write of a row of " + std::string(kind);
        if (!id.empty())
            what += " (" + std::string(id) + ")";
        api = new Api{Writer(endpoint), std::move(what), true};
        api->writer.ask(std::move(*call), creates);
    });
    return api;
}

bool object_write_row(Api* api, std::string_view kind, std::span<const std::string_view> columns,
                      std::string_view parent, std::string_view root, Cell* cells,
                      Fault& fault) noexcept {
    return guarded(fault, [&] {
        auto known = object_kind(kind);
        auto parsed = json::parse(api->answer);
        if (!known || !parsed)
            return fill(fault, ErrorKind::malformed, "Notion's answer does not show the object");
        api->document = std::move(*parsed);
        const json::Value* object = written_object(api->document);
        if (object == nullptr)
            return fill(fault, ErrorKind::malformed, "Notion's answer does not show the object");
        api->values.resize(columns.size());
        api->items.resize(columns.size());
        ObjectPlace place{parent, root, 0, 0};
        for (size_t at = 0; at < columns.size(); at++) {
            const ObjectColumn* column = object_column(*known, columns[at]);
            auto value =
                column == nullptr ? Result<Value>(Value()) : object_value(*object, *column, place);
            if (!value)
                return fill(fault, value.error());
            api->values[at] = std::move(*value);
            cells[at] = cell_of(api->values[at], api->items[at]);
        }
    });
}

} // namespace notion::bridge
