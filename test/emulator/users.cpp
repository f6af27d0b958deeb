// Users: me, one, all. Bots answer `me` with their workspace and limits.
// scope: call.
#include "handlers.hpp"
#include "rich_text.hpp"

#include <algorithm>

namespace emulator {

namespace {

void write_full_user(Out& out, const World& world, const User& user) {
    if (!user.is_bot)
        return write_user(out, user);
    out.open().key("object").text("user").key("id").text(dashed(user.id));
    out.key("name").text(user.name).key("avatar_url").text_or_null(user.avatar_url);
    out.key("type").text("bot").key("bot").open().key("owner").open();
    out.key("type").text("workspace").key("workspace").boolean(true).close();
    out.key("workspace_name").text(world.store.workspace_name);
    out.key("workspace_id").text(dashed(world.store.workspace_id));
    out.key("workspace_limits").open().key("max_file_upload_size_in_bytes").integer(5242880);
    out.close().close().close();
}

} // namespace

Reply get_me(World& world, const Call& call) {
    Reply reply;
    Out out(reply.body);
    write_full_user(out, world, *world.store.user(call.caller.user));
    return reply;
}

Reply get_user(World& world, const Call& call) {
    const Uuid id = path_id(call, 0, "user_id");
    const User* user = world.store.user(id);
    if (!user)
        throw user_not_found(dashed(id), dashed(call.caller.user));
    Reply reply;
    Out out(reply.body);
    write_full_user(out, world, *user);
    return reply;
}

Reply list_users(World& world, const Call& call) {
    Json size_json;
    const std::string* size_text = call.parameter("page_size");
    size_json.SetInt(size_text ? std::atoi(size_text->c_str()) : 100);
    const size_t size = page_size_of(&size_json, "query.page_size");
    const std::string* cursor = call.parameter("start_cursor");
    auto at = world.store.users.begin();
    if (cursor) {
        const auto id = read_uuid(*cursor);
        at = id ? world.store.users.find(*id) : world.store.users.end();
        if (at == world.store.users.end())
            refuse_cursor(*cursor);
    }
    Reply reply;
    Out out(reply.body);
    out.open().key("object").text("list").key("results").open_array();
    for (size_t i = 0; i < size && at != world.store.users.end(); ++i, ++at)
        write_full_user(out, world, at->second);
    out.close_array();
    const std::string next = at == world.store.users.end() ? "" : dashed(at->first);
    close_list(out, next.empty() ? nullptr : &next, "user");
    out.close();
    return reply;
}

} // namespace emulator
