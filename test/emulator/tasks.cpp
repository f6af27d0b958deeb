// Asynchronous tasks: a write with allow_async is done at once, its answer kept for the asking.
// scope: call; the answers live in World::tasks.
#include "handlers.hpp"

namespace emulator {

namespace {

constexpr const char* status_base = "https://api.notion.com/v1/async_tasks/";

void open_task(Out& out, const std::string& id, const char* status, int64_t now) {
    out.open().key("object").text("async_task").key("id").text(id).key("status").text(status);
    out.key("status_url").text(status_base + id).key("created_time").text(instant_text(now));
}

} // namespace

Reply as_task(World& world, Reply done, std::string_view operation) {
    const std::string id = "task_" + undashed(world.store.new_id(4));
    Reply reply;
    reply.status = 202;
    Out out(reply.body);
    open_task(out, id, "queued", world.clock.now());
    out.key("poll_after_seconds").integer(2);
    out.key("operation").open().key("surface").text("rest").key("name").text(operation);
    out.close().close();
    world.tasks[id] = {std::string(operation), std::move(done.body), world.clock.now()};
    return reply;
}

Reply get_task(World& world, const Call& call) {
    const auto found = world.tasks.find(call.arguments[0]);
    if (found == world.tasks.end())
        throw standard(404);
    const auto& [operation, result, created_at] = found->second;
    Reply reply;
    Out out(reply.body);
    open_task(out, found->first, "succeeded", created_at);
    out.key("operation").open().key("surface").text("rest").key("name").text(operation).close();
    out.key("result").raw(result).close();
    return reply;
}

} // namespace emulator
