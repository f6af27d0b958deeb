// notion.request: one request to Notion for a role, waited for and given back as jsonb. notion.api,
// notion.search and notion.content decide who may ask what (extension/70-api.sql). scope: call.
#include "pg/postgres.hpp"

#include "bridge/mux.hpp"
#include "pg/api.hpp"
#include "pg/audit.hpp"
#include "pg/connection.hpp"
#include "pg/datum.hpp"
#include "pg/fdw/written.hpp"
#include "pg/own.hpp"
#include "pg/talk.hpp"
#include "pg/wait.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(notion_request);
}

namespace notion::pg {
namespace {

/// A cancel while Notion has a write is an unknown outcome, and is told as one.
void wait_guarded(bridge::Api* api, Talk* talk, int64_t wait_ms, WaitFor what) {
    int fd = bridge::mux_fd(talk->fault);
    if (fd < 0)
        raise(talk->fault);
    MemoryContext context = CurrentMemoryContext;
    PG_TRY();
    { wait_once(fd, wait_ms, what); }
    PG_CATCH();
    {
        MemoryContextSwitchTo(context);
        ErrorData* ended = CopyErrorData();
        if (bridge::api_in_doubt(api, ended->message, talk->fault)) {
            FlushErrorState();
            raise(talk->fault);
        }
        PG_RE_THROW();
    }
    PG_END_TRY();
}

void ask(bridge::Api* api, Talk* talk) {
    talk_check();
    int64_t wait_ms = take_request(talk->connection->allowance, talk->priority);
    if (wait_ms > 0) {
        talk_announce(talk, wait_ms);
        wait_guarded(api, talk, wait_ms, WaitFor::budget);
        return;
    }
    talk_count(talk);
    if (!bridge::api_send(api, talk->fault))
        raise(talk->fault);
}

} // namespace

bool api_try(bridge::Api* api, Talk* talk) {
    while (true) {
        if (!bridge::mux_step(talk->fault))
            raise(talk->fault);
        bridge::Step step = bridge::api_next(api, steady_ms(), talk->fault);
        talk_hear(talk, step);
        if (step.turn == bridge::Turn::failed)
            return false;
        if (step.turn == bridge::Turn::done)
            return true;
        if (step.turn == bridge::Turn::asks)
            ask(api, talk);
        else
            wait_guarded(api, talk, step.wait_ms, WaitFor::reply);
    }
}

void api_run(bridge::Api* api, Talk* talk) {
    if (!api_try(api, talk))
        raise(talk->fault);
}

namespace {

const char* text_argument(FunctionCallInfo fcinfo, int number) {
    return PG_ARGISNULL(number) ? "" : text_to_cstring(PG_GETARG_TEXT_PP(number));
}

} // namespace
} // namespace notion::pg

/// (server name, role name, method text, path text, body text, action text)
extern "C" Datum notion_request(PG_FUNCTION_ARGS) {
    using namespace notion::pg;
    ForeignServer* server = GetForeignServerByName(NameStr(*PG_GETARG_NAME(0)), false);
    Oid role = get_role_oid(NameStr(*PG_GETARG_NAME(1)), false);
    Connection* connection = connect(server->serverid, role);
    const char* method = text_argument(fcinfo, 2);
    std::string_view path = utf8_text(text_argument(fcinfo, 3));
    std::string_view body = utf8_text(text_argument(fcinfo, 4));
    Talk talk;
    talk_begin(&talk, connection, notion::sync::Priority::interactive);
    auto* api = own<notion::bridge::Api, notion::bridge::api_shut>(
        CurrentMemoryContext, [&](notion::bridge::Fault& fault) {
            return notion::bridge::api_open(connection->endpoint, method, path, body, fault);
        });
    if (notion::bridge::api_writes(api) && XactReadOnly)
        ereport(ERROR, (errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
                        errmsg("cannot write to Notion in a read-only transaction"),
                        errhint("BEGIN READ WRITE, or SET default_transaction_read_only = off; a "
                                "standby cannot.")));
    if (notion::bridge::api_writes(api) && server_options(server).read_only)
        ereport(ERROR, (errcode(sqlstate_of(notion::ErrorKind::forbidden)),
                        errmsg("server \"%s\" is read only", server->servername),
                        errdetail("The option read_only is set on it."),
                        errhint("ALTER SERVER … OPTIONS (SET read_only 'false').")));
    Entry* entry = entry_begin(CurrentMemoryContext, &talk, text_argument(fcinfo, 5), role);
    if (entry != nullptr) {
        snprintf(entry->what, sizeof entry->what, "%s %.*s", method,
                 static_cast<int>(path.substr(0, path.find('?')).size()), path.data());
        entry->requests = 1;
    }
    if (!api_try(api, &talk)) {
        entry_failed(entry, talk.fault);
        raise(talk.fault);
    }
    entry_done(entry);
    if (entry != nullptr)
        strlcpy(entry->request_id, notion::bridge::api_request_id(api), sizeof entry->request_id);
    entry_log_here(entry);
    if (notion::bridge::api_writes(api))
        note_written(1);
    char* answer = server_text(notion::bridge::api_answer(api));
    PG_RETURN_DATUM(DirectFunctionCall1(jsonb_in, CStringGetDatum(answer)));
}
