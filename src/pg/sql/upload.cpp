// notion.upload: a file's bytes to Notion, in one part or many, waited for. What was uploaded and
// is attached to nothing is forgotten by Notion within the hour: a failure half way leaves nothing.
// scope: call.
#include "pg/postgres.hpp"

#include "bridge/upload.hpp"
#include "pg/api.hpp"
#include "pg/connection.hpp"
#include "pg/datum.hpp"
#include "pg/own.hpp"
#include "pg/talk.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(notion_send_file);
}

namespace notion::pg {
namespace {

void check_may_write(ForeignServer* server) {
    if (XactReadOnly)
        ereport(ERROR, (errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
                        errmsg("cannot upload a file in a read-only transaction"),
                        errhint("BEGIN READ WRITE, or SET default_transaction_read_only = off; a "
                                "standby cannot.")));
    if (server_options(server).read_only)
        ereport(ERROR, (errcode(sqlstate_of(ErrorKind::forbidden)),
                        errmsg("server \"%s\" is read only", server->servername),
                        errdetail("The option read_only is set on it."),
                        errhint("ALTER SERVER … OPTIONS (SET read_only 'false').")));
}

struct Upload {
    std::string_view name;
    std::string_view content_type;
    std::string_view bytes;
};

template <class Make>
bridge::Api* done(MemoryContext context, Talk* talk, Make make) {
    auto* api = own<bridge::Api, bridge::api_shut>(context, make);
    api_run(api, talk);
    return api;
}

/// The parts one after the other, each forgotten before the next is copied.
void send_parts(const Connection* connection, Talk* talk, const char* upload, const Upload& file) {
    size_t parts = bridge::upload_parts(file.bytes.size());
    size_t size = bridge::upload_part_size(file.bytes.size());
    for (size_t part = 0; part < parts; part++) {
        MemoryContext context =
            AllocSetContextCreate(CurrentMemoryContext, "pg_notion upload", ALLOCSET_SMALL_SIZES);
        std::string_view bytes = file.bytes.substr(part * size, size);
        int64_t number = parts == 1 ? 0 : static_cast<int64_t>(part) + 1;
        done(context, talk, [&](bridge::Fault& fault) {
            return bridge::upload_send(connection->endpoint, upload, number, file.name,
                                       file.content_type, bytes, fault);
        });
        MemoryContextDelete(context);
    }
    if (parts > 1)
        done(CurrentMemoryContext, talk, [&](bridge::Fault& fault) {
            return bridge::upload_complete(connection->endpoint, upload, fault);
        });
}

} // namespace
} // namespace notion::pg

/// (server name, role name, name text, content_type text, data bytea) returns uuid
extern "C" Datum notion_send_file(PG_FUNCTION_ARGS) {
    using namespace notion::pg;
    ForeignServer* server = GetForeignServerByName(NameStr(*PG_GETARG_NAME(0)), false);
    Oid role = get_role_oid(NameStr(*PG_GETARG_NAME(1)), false);
    bytea* data = PG_GETARG_BYTEA_PP(4);
    Upload file = {utf8_text(text_to_cstring(PG_GETARG_TEXT_PP(2))),
                   utf8_text(text_to_cstring(PG_GETARG_TEXT_PP(3))),
                   {VARDATA_ANY(data), static_cast<size_t>(VARSIZE_ANY_EXHDR(data))}};
    check_may_write(server);
    Connection* connection = connect(server->serverid, role);
    Talk talk;
    talk_begin(&talk, connection, notion::sync::Priority::interactive);
    notion::bridge::Api* opened =
        done(CurrentMemoryContext, &talk, [&](notion::bridge::Fault& fault) {
            return notion::bridge::upload_open(connection->endpoint, file.name, file.content_type,
                                               file.bytes.size(), fault);
        });
    std::string_view id = notion::bridge::upload_id(opened);
    const char* upload = pnstrdup(id.data(), id.size());
    Datum result = DirectFunctionCall1(uuid_in, CStringGetDatum(upload));
    send_parts(connection, &talk, upload, file);
    PG_RETURN_DATUM(result);
}
