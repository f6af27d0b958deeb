// OAuth, as far as it happens in a transaction of somebody's own: see the header. scope: call.
#include "pg/postgres.hpp"

#include "bridge/account.hpp"
#include "bridge/seal.hpp"
#include "pg/key.hpp"
#include "pg/raise.hpp"
#include "pg/rights.hpp"
#include "pg/sealed.hpp"
#include "pg/sql/oauth.hpp"
#include "pg/sql/token.hpp"
#include "pg/worker/query.hpp"
#include "pg/worker/shared.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(notion_connect_url);
PG_FUNCTION_INFO_V1(notion_oauth_finish);
PG_FUNCTION_INFO_V1(notion_code_in);
PG_FUNCTION_INFO_V1(notion_disconnect);
PG_FUNCTION_INFO_V1(notion_introspect);
}

namespace notion::pg {
namespace {

constexpr size_t url_bytes_max = 4096;
constexpr int64 longest_valid_us = int64{3600} * 1'000'000;

constinit worker::Query read_client = {
    "SELECT client_id, coalesce(redirect_uri, '') FROM notion.oauth_clients"
    " WHERE server = $1::uuid"};
constinit worker::Query keep_state = {
    "INSERT INTO notion.oauth_states (digest, server, role, asked_by, expires_at)"
    " VALUES ($1, $2::uuid, $3::name, $4::oid, clock_timestamp() + $5 * interval '1 us')"};
constinit worker::Query come_alive = {"SELECT notion.come_alive()"};

// Two who bring it at once: the second waits for the first, and then finds it used.
constinit worker::Query take_state = {
    "SELECT s.server::text, s.role::text, i.name::text, i.oid, s.used_at IS NOT NULL,"
    "       s.expires_at <= clock_timestamp(), s.asked_by"
    "  FROM notion.oauth_states s JOIN notion.server_ids() i ON i.id = s.server"
    " WHERE s.digest = $1 FOR UPDATE OF s"};
constinit worker::Query use_state = {
    "UPDATE notion.oauth_states SET used_at = clock_timestamp() WHERE digest = $1"};

constinit worker::Query keep_task = {
    "INSERT INTO notion.oauth_tasks (server, role, task) VALUES ($1::uuid, $2::name, $3)"
    " RETURNING id"};
constinit worker::Query begin_account = {
    "INSERT INTO notion.accounts AS a (server, role, given, state)"
    " VALUES ($1::uuid, $2::name, 'oauth', 'connecting')"
    " ON CONFLICT (server, role) DO UPDATE SET reason = NULL,"
    "       state = CASE a.state WHEN 'connected' THEN a.state ELSE 'connecting' END"};
constinit worker::Query refuse_account = {
    "INSERT INTO notion.accounts AS a (server, role, given, state, reason)"
    " VALUES ($1::uuid, $2::name, 'oauth', 'refused', 'the person gave no access')"
    " ON CONFLICT (server, role) DO UPDATE SET reason = excluded.reason,"
    "       state = CASE a.state WHEN 'connected' THEN a.state ELSE 'refused' END"};
constinit worker::Query end_account = {
    "UPDATE notion.accounts SET reason = NULL,"
    "       state = CASE WHEN $3 THEN 'disconnecting' ELSE 'disconnected' END"
    " WHERE server = $1::uuid AND role = $2::name"};
constinit worker::Query is_oauth = {
    "SELECT FROM notion.accounts WHERE server = $1::uuid AND role = $2::name AND given = 'oauth'"
    "   AND state IN ('connected', 'expired')"};

// Links that rested for want of a token are asked for at once.
constinit worker::Query ask_again = {
    "UPDATE notion.polls p SET next_at = clock_timestamp()"
    "  FROM notion.links l JOIN pg_foreign_table f ON f.ftrelid = l.foreign_table_id"
    " WHERE p.link = l.id AND f.ftserver = $1::oid AND p.next_at > clock_timestamp()"};
constinit worker::Query note = {
    "INSERT INTO notion.log (side, action, changes, actor)"
    " VALUES ('postgres', $1, jsonb_build_object('server', $2::text, 'role', $3::text), $4)"};

const char* asker_name() {
    return GetUserNameFromId(invoker(), false);
}

const char* name_argument(FunctionCallInfo fcinfo, int at) {
    return PG_ARGISNULL(at) ? nullptr : pstrdup(NameStr(*PG_GETARG_NAME(at)));
}

const ForeignServer* server_argument(FunctionCallInfo fcinfo) {
    if (PG_ARGISNULL(0))
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("a server must be given"),
                        errhint("\\des lists the servers there are.")));
    return notion_server(NameStr(*PG_GETARG_NAME(0)));
}

void not_configured(const ForeignServer* server) {
    ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                    errmsg("server \"%s\" has no OAuth client", server->servername),
                    errhint("COPY notion.client_in (server, client_id, client_secret, "
                            "redirect_uri) FROM STDIN, or notion.oauth_configure.")));
}

int64_t add_task(const char* server, const char* role, const char* task) {
    worker::run(keep_task, {worker::as_text(server), worker::as_text(role), worker::as_text(task)});
    return worker::column_int8(0, 1);
}

const char* kind_of(const char* what, int64_t task) {
    return psprintf("%s %lld", what, static_cast<long long>(task));
}

int64 microseconds(const Interval* span) {
    return span->time + (int64{span->day} + int64{span->month} * DAYS_PER_MONTH) * USECS_PER_DAY;
}

const char* make_url(const ForeignServer* server, const Holder& holder, Oid asker, int64 valid_us) {
    const char* id = need_server_id(server->servername);
    if (worker::run(read_client, {worker::as_text(id)}) == 0)
        not_configured(server);
    const char* client = worker::column_text(0, 1);
    const char* redirect = worker::column_text(0, 2);
    (void)seal_keys(); // what will be given has to be sealed: better said now
    worker::run(come_alive);
    char state[44];
    char digest[65];
    auto* url = static_cast<char*>(palloc(url_bytes_max));
    bridge::Fault fault;
    if (!bridge::random_word(state, fault) || !bridge::digest(state, digest, fault) ||
        !bridge::authorize_url(server_options(server).api_url, client, redirect, state, url,
                               url_bytes_max, fault))
        raise(fault);
    explicit_bzero(state, sizeof state);
    worker::run(keep_state,
                {worker::as_text(digest), worker::as_text(id), worker::as_text(holder.name),
                 worker::as_int8(asker), worker::as_int8(valid_us)});
    return url;
}

[[noreturn]] void refuse(Finish why) {
    const char* words = why == Finish::late      ? "the state has expired"
                        : why == Finish::used    ? "the state was used already"
                        : why == Finish::foreign ? "the state belongs to another role"
                                                 : "the state is not known";
    ereport(ERROR, (errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION), errmsg("%s", words),
                    errdetail("A state is good once, for the role, the server and the time that "
                              "notion.connect_url gave it for."),
                    errhint("SELECT notion.connect_url(…) again, as the role that then calls "
                            "notion.oauth_finish.")));
    pg_unreachable();
}

const char* finish_or_raise(const char* state, const char* code) {
    if (state == nullptr || code == nullptr || *code == '\0')
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("a state and a code must be given"),
                        errhint("Notion sends both to redirect_uri: …?code=…&state=…. With error=… "
                                "in their place the person gave no access.")));
    const char* server = nullptr;
    const Oid asker = invoker();
    worker::connect_spi();
    const Finish outcome = finish_oauth(state, code, asker, &server);
    if (outcome != Finish::taken)
        refuse(outcome);
    const char* kept = MemoryContextStrdup(CurTransactionContext, server);
    SPI_finish();
    worker::wake_net_at_commit();
    return kept;
}

} // namespace

Finish finish_oauth(std::string_view state, std::string_view code, Oid asker,
                    const char** server_name) {
    char digest[65];
    bridge::Fault fault;
    if (!bridge::digest(state, digest, fault))
        raise(fault);
    if (worker::run(take_state, {worker::as_text(digest)}) == 0)
        return Finish::unknown;
    const char* id = worker::column_text(0, 1);
    const char* role = worker::column_text(0, 2);
    *server_name = worker::column_text(0, 3);
    const bool used = worker::column_bool(0, 5);
    const bool late = worker::column_bool(0, 6);
    const auto asked_by = static_cast<Oid>(worker::column_int8(0, 7));
    if (OidIsValid(asker) && !has_privs_of_role(asker, asked_by))
        return Finish::foreign;
    if (used)
        return Finish::used;
    if (late)
        return Finish::late;
    worker::run(use_state, {worker::as_text(digest)});
    if (code.empty()) {
        worker::run(refuse_account, {worker::as_text(id), worker::as_text(role)});
        return Finish::refused;
    }
    if (code.size() > bridge::secret_bytes_max)
        return Finish::unknown;
    const int64_t task = add_task(id, role, "exchange");
    store_secret({id, role, kind_of("code", task)}, InvalidOid, code);
    worker::run(begin_account, {worker::as_text(id), worker::as_text(role)});
    return Finish::taken;
}

void ask_links_again(Oid server) {
    worker::run(ask_again, {worker::as_int8(server)});
}

void note_connection(const char* action, const char* server_name, const char* role,
                     const char* actor) {
    worker::run(note, {worker::as_text(action), worker::as_text(server_name), worker::as_text(role),
                       worker::as_text(actor)});
}

} // namespace notion::pg

extern "C" Datum notion_connect_url(PG_FUNCTION_ARGS) {
    using namespace notion::pg;
    const ForeignServer* server = server_argument(fcinfo);
    const Oid asker = invoker();
    const Holder holder = holder_of(server, name_argument(fcinfo, 1), asker);
    const int64 valid_us = PG_ARGISNULL(2) ? 0 : microseconds(PG_GETARG_INTERVAL_P(2));
    if (valid_us <= 0 || valid_us > longest_valid_us)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("valid_for must be more than nothing and at most an hour"),
                        errhint("Ten minutes, the default, will do: a person opens the URL and "
                                "allows.")));
    worker::connect_spi();
    const char* url =
        MemoryContextStrdup(fcinfo->flinfo->fn_mcxt, make_url(server, holder, asker, valid_us));
    SPI_finish();
    PG_RETURN_TEXT_P(cstring_to_text(url));
}

extern "C" Datum notion_oauth_finish(PG_FUNCTION_ARGS) {
    using namespace notion::pg;
    const char* state = PG_ARGISNULL(0) ? nullptr : text_to_cstring(PG_GETARG_TEXT_PP(0));
    const char* code = PG_ARGISNULL(1) ? nullptr : text_to_cstring(PG_GETARG_TEXT_PP(1));
    PG_RETURN_TEXT_P(cstring_to_text(finish_or_raise(state, code)));
}

extern "C" Datum notion_code_in(PG_FUNCTION_ARGS) {
    using namespace notion::pg;
    const CopiedRow row = begin_copied_row(fcinfo, "notion.code_in");
    finish_or_raise(copied_field(row, "state"), copied_field(row, "code"));
    return end_copied_row(row);
}

extern "C" Datum notion_disconnect(PG_FUNCTION_ARGS) {
    using namespace notion::pg;
    const ForeignServer* server = server_argument(fcinfo);
    const Holder holder = holder_of(server, name_argument(fcinfo, 1), invoker());
    const char* id = server_id(server);
    if (id == nullptr)
        PG_RETURN_BOOL(false);
    worker::connect_spi();
    const bool of_oauth =
        worker::run(is_oauth, {worker::as_text(id), worker::as_text(holder.name)}) > 0;
    Secret token = nullptr;
    if (of_oauth) // where it cannot be opened, there is nothing to revoke it with
        token = open_secret({id, holder.name, "token"}, holder.oid, server->servername);
    if (token != nullptr) {
        const int64_t task = add_task(id, holder.name, "revoke");
        store_secret({id, holder.name, kind_of("revoke", task)}, holder.oid, token);
    }
    const bool found = forget_secret({id, holder.name, "token"});
    forget_secret({id, holder.name, "refresh"});
    worker::run(end_account, {worker::as_text(id), worker::as_text(holder.name),
                              worker::as_bool(token != nullptr)});
    if (found)
        note_connection("disconnect", server->servername, holder.name, asker_name());
    SPI_finish();
    worker::wake_net_at_commit();
    PG_RETURN_BOOL(found);
}

extern "C" Datum notion_introspect(PG_FUNCTION_ARGS) {
    using namespace notion::pg;
    const ForeignServer* server = server_argument(fcinfo);
    const Holder holder = holder_of(server, name_argument(fcinfo, 1), invoker());
    const char* id = server_id(server);
    worker::connect_spi();
    if (id == nullptr ||
        worker::run(is_oauth, {worker::as_text(id), worker::as_text(holder.name)}) == 0)
        ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                        errmsg("role \"%s\" has no connection by OAuth to server \"%s\"",
                               holder.name, server->servername),
                        errhint("notion.connections says how each token was given.")));
    add_task(id, holder.name, "introspect");
    SPI_finish();
    worker::wake_net_at_commit();
    PG_RETURN_VOID();
}
