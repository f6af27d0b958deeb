// Comments on pages and blocks: list and create.
// scope: call.
#include "blocks.hpp"
#include "handlers.hpp"
#include "rich_text.hpp"

#include <algorithm>

namespace emulator {

namespace {

void write_comment(Out& out, const World& world, const Comment& comment) {
    const auto author = world.store.users.find(comment.stamp.created_by);
    const bool known = author != world.store.users.end();
    out.open().key("object").text("comment").key("id").text(dashed(comment.id)).key("parent");
    write_parent(out, world, comment.parent);
    out.key("discussion_id").text(dashed(comment.discussion));
    out.key("created_time").text(minute_text(comment.stamp.created_at));
    out.key("last_edited_time").text(minute_text(comment.stamp.edited_at)).key("created_by");
    write_partial_user(out, comment.stamp.created_by);
    out.key("rich_text");
    write_text(out, comment.text);
    out.key("display_name").open();
    out.key("type").text(known && !author->second.is_bot ? "user" : "integration");
    out.key("resolved_name").text(known ? author->second.name : "").close().close();
}

Parent commented(World& world, const Call& call) {
    const Json* parent = member(call.body, "parent");
    if (!parent)
        refuse_body("body.parent", "defined", "undefined");
    for (const auto& [name, kind] :
         {std::pair{"page_id", Parent::Kind::page}, std::pair{"block_id", Parent::Kind::block}})
        if (const auto text = text_member(*parent, name)) {
            const auto id = read_valid_uuid(*text);
            if (!id)
                refuse_body(std::string("body.parent.") + name, "a valid uuid", quoted(*text));
            if (kind == Parent::Kind::page)
                visible_page(world, call, *id);
            else if (!world.store.block(*id))
                refuse_not_found(world, call, "block", *id);
            return {kind, *id};
        }
    refuse_union({"body.parent.page_id", "body.parent.block_id"});
}

} // namespace

Reply post_comment(World& world, const Call& call) {
    Edit edit = edit_of(world, call);
    Comment comment;
    comment.id = world.store.new_id();
    comment.stamp = new_stamp(edit);
    if (const auto discussion = text_member(call.body, "discussion_id")) {
        const auto id = read_valid_uuid(*discussion);
        const auto other = std::ranges::find_if(world.store.comments, [&](const auto& entry) {
            return id && entry.second.discussion == *id;
        });
        if (other == world.store.comments.end())
            refuse_not_found(world, call, "discussion", id.value_or(Uuid{}));
        comment.discussion = *id;
        comment.parent = other->second.parent;
    } else {
        comment.discussion = world.store.new_id();
        comment.parent = commented(world, call);
    }
    const auto markdown = text_member(call.body, "markdown");
    comment.text = markdown ? plain_run(*markdown) : body_text(world, call.body, "rich_text");
    if (comment.text.empty())
        refuse_body("body.rich_text", "defined", "undefined");
    Comment& kept = world.store.add(std::move(comment));
    Event event;
    event.type = "comment.created";
    event.entity_type = "comment";
    event.entity = kept.id;
    event.parent = kept.parent;
    event.page =
        kept.parent.kind == Parent::Kind::page ? kept.parent.id : page_of(world, kept.parent.id);
    event.authors = {{edit.author, edit.person}};
    world.webhooks.raise(std::move(event));
    Reply reply;
    Out out(reply.body);
    write_comment(out, world, kept);
    return reply;
}

Reply get_comments(World& world, const Call& call) {
    const std::string* text = call.parameter("block_id");
    const auto id = text ? read_valid_uuid(*text) : std::nullopt;
    if (!id)
        refuse("query failed validation: query.block_id should be a valid uuid, instead was `" +
               (text ? quoted(*text) : "undefined") + "`.");
    std::vector<const Comment*> found;
    for (const auto& [comment_id, comment] : world.store.comments)
        if (comment.parent.id == *id)
            found.push_back(&comment);
    std::ranges::sort(found, {}, [](const Comment* comment) {
        return std::pair{comment->stamp.created_at, comment->id};
    });
    Reply reply;
    Out out(reply.body);
    out.open().key("object").text("list").key("results").open_array();
    for (const Comment* comment : found)
        write_comment(out, world, *comment);
    out.close_array();
    close_list(out, nullptr, "comment");
    out.close();
    return reply;
}

} // namespace emulator
