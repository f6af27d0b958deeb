// A page's content: see the header. scope: call.
#include "pg/postgres.hpp"

#include "bridge/content.hpp"
#include "pg/api.hpp"
#include "pg/content.hpp"
#include "pg/datum.hpp"
#include "pg/own.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(notion_read_content);
}

namespace notion::pg {

std::string_view read_content(const Connection* connection, Talk* talk, std::string_view page) {
    MemoryContext caller = CurrentMemoryContext;
    MemoryContext context =
        AllocSetContextCreate(caller, "pg_notion content", ALLOCSET_SMALL_SIZES);
    MemoryContextSwitchTo(context);
    auto* content = own<bridge::Content, bridge::content_shut>(
        context, [page](bridge::Fault& fault) { return bridge::content_open(page, fault); });
    while (!bridge::content_is_whole(content)) {
        std::string_view path = bridge::content_path(content);
        auto* api = own<bridge::Api, bridge::api_shut>(context, [&](bridge::Fault& fault) {
            return bridge::api_open(connection->endpoint, "GET", path, "", fault);
        });
        if (api_try(api, talk)) {
            if (!bridge::content_take(content, bridge::api_answer(api), talk->fault))
                raise(talk->fault);
        } else if (!bridge::content_skip(content, talk->fault.status)) {
            raise(talk->fault);
        }
    }
    std::string_view markdown = bridge::content_markdown(content);
    MemoryContextSwitchTo(caller);
    char* copy = pnstrdup(markdown.data(), markdown.size());
    size_t size = markdown.size();
    MemoryContextDelete(context);
    return {copy, size};
}

} // namespace notion::pg

/// (server name, role name, page uuid) returns text
extern "C" Datum notion_read_content(PG_FUNCTION_ARGS) {
    using namespace notion::pg;
    ForeignServer* server = GetForeignServerByName(NameStr(*PG_GETARG_NAME(0)), false);
    Oid role = get_role_oid(NameStr(*PG_GETARG_NAME(1)), false);
    char* page = DatumGetCString(DirectFunctionCall1(uuid_out, PG_GETARG_DATUM(2)));
    Connection* connection = connect(server->serverid, role);
    Talk talk;
    talk_begin(&talk, connection, notion::sync::Priority::interactive);
    PG_RETURN_TEXT_P(cstring_to_text(server_text(read_content(connection, &talk, page))));
}
