// The endpoints, one function each; the router's table names them.
// Every handler either answers or throws a Refusal.
// scope: call.
#pragma once

#include "edit.hpp"
#include "render.hpp"

namespace emulator {

Reply list_users(World&, const Call&);
Reply get_user(World&, const Call&);
Reply get_me(World&, const Call&);
Reply search(World&, const Call&);
Reply post_database(World&, const Call&);
Reply get_database(World&, const Call&);
Reply patch_database(World&, const Call&);
Reply post_data_source(World&, const Call&);
Reply get_data_source(World&, const Call&);
Reply patch_data_source(World&, const Call&);
Reply query_data_source(World&, const Call&);
Reply list_templates(World&, const Call&);
Reply post_page(World&, const Call&);
Reply get_page(World&, const Call&);
Reply patch_page(World&, const Call&);
Reply post_page_move(World&, const Call&);
Reply get_property_item(World&, const Call&);
Reply get_markdown(World&, const Call&);
Reply patch_markdown(World&, const Call&);
Reply get_block(World&, const Call&);
Reply patch_block(World&, const Call&);
Reply delete_block(World&, const Call&);
Reply list_children(World&, const Call&);
Reply append_children(World&, const Call&);
Reply get_comments(World&, const Call&);
Reply post_comment(World&, const Call&);
Reply get_task(World&, const Call&);
Reply post_file_upload(World&, const Call&);
Reply get_file_upload(World&, const Call&);
Reply list_file_uploads(World&, const Call&);
Reply send_file_upload(World&, const Call&);
Reply complete_file_upload(World&, const Call&);

// What they share.
Edit edit_of(World& world, const Call& call);
/// The template that the body of a page's write names, checked; null for none.
const Template* wanted_template(const DataSource& source, const Json& body);
/// The id in a path; 400 where it is none.
Uuid path_id(const Call& call, size_t at, const char* name);
PageRecord& visible_page(World& world, const Call& call, Uuid id, const char* kind = "page");
bool is_visible(const World& world, const Call& call, const Page& page);
Database& visible_database(World& world, const Call& call, Uuid id);
DataSource& visible_data_source(World& world, const Call& call, Uuid id);
bool is_visible(const World& world, const Call& call, const DataSource& source);
[[noreturn]] void refuse_not_found(World& world, const Call& call, const char* kind, Uuid id);
std::string icon_json(const Json& icon, const std::string& path);
void apply_looks(const Json& body, std::string& icon, std::string& cover);
Text body_text(World& world, const Json& body, const char* name);
Parent read_parent(World& world, const Call& call, const Json& body);
/// `in_trash`, or `archived` before 2026-03-11.
std::optional<bool> trash_wish(const Call& call);
void refuse_unknown_members(const Json& body, std::initializer_list<std::string_view> known);
Projection projection_of(const Call& call, const DataSource& source);
/// page_size, at most 100.
size_t page_size_of(const Json* sent, const std::string& path);

/// What `done` is answered with where the client allowed that it be done later.
Reply as_task(World& world, Reply done, std::string_view operation);

/// The shared tail of lists.
void close_list(Out& out, const std::string* next_cursor, const char* type);

} // namespace emulator
