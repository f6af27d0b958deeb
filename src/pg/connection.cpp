// A connection: see the header. scope: query.
#include <cctype>
#include <sys/stat.h>

#include "pg/postgres.hpp"

#include "pg/connection.hpp"
#include "pg/raise.hpp"
#include "pg/sealed.hpp"
#include "pg/settings.hpp"

namespace notion::pg {
namespace {

// Tokens of Notion have about 50 characters; those of OAuth may grow.
constexpr size_t token_bytes_max = 4096;

const char* option(List* options, const char* name) {
    ListCell* cell;
    foreach (cell, options) {
        auto* it = static_cast<DefElem*>(lfirst(cell));
        if (strcmp(it->defname, name) == 0)
            return defGetString(it);
    }
    return nullptr;
}

bool has_mapping(Oid role, Oid server) {
    return SearchSysCacheExists2(USERMAPPINGUSERSERVER, ObjectIdGetDatum(role),
                                 ObjectIdGetDatum(server));
}

void refuse_in_clear(const ForeignServer* server) {
    if (!settings::require_sealed_tokens)
        return;
    ereport(ERROR,
            (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
             errmsg("a user mapping for server \"%s\" holds a token in clear", server->servername),
             errdetail("notion.require_sealed_tokens forbids the option \"token\"."),
             errhint("ALTER USER MAPPING … OPTIONS (DROP token), then give a new token with "
                     "notion.set_token or COPY notion.token_in, and revoke the old one.")));
}

[[noreturn]] void no_token(const char* what, const ForeignServer* server) {
    ereport(ERROR, (errcode(sqlstate_of(ErrorKind::no_token)), errmsg("%s", what),
                    errhint("COPY notion.token_in (server, token) FROM STDIN, SELECT "
                            "notion.set_token(%s, file => '…'), or CREATE USER MAPPING … OPTIONS "
                            "(token_file '…').",
                            quote_literal_cstr(server->servername))));
    pg_unreachable();
}

FileStamp stamp_of(const char* path) {
    struct stat found;
    if (stat(path, &found) != 0)
        return {};
    return {found.st_ino, found.st_size,
            int64_t{found.st_mtim.tv_sec} * 1'000'000'000 + found.st_mtim.tv_nsec};
}

/// What the role's mapping says, else what is sealed for it; PUBLIC's where it has no mapping.
/// Notes in the connection whose it is; the result says also which budget counts.
OpenedToken token_of(const ForeignServer* server, Oid role, Connection* connection) {
    const char* name = GetUserNameFromId(role, true);
    const bool own = has_mapping(role, server->serverid);
    if (!own && !has_mapping(InvalidOid, server->serverid))
        no_token(psprintf("no user mapping for role \"%s\" and server \"%s\"",
                          name != nullptr ? name : "?", server->servername),
                 server);
    connection->holder = own ? role : InvalidOid;
    List* options = GetUserMapping(role, server->serverid)->options;
    if (const char* file = option(options, "token_file")) {
        connection->token_file = file;
        connection->stamp = stamp_of(file); // before it is read: a change in between is seen later
        return {read_token_file(file), false, ""};
    }
    if (const char* token = option(options, "token")) {
        refuse_in_clear(server);
        return {token, false, ""};
    }
    const char* id = server_id(server);
    OpenedToken token = {};
    if (id != nullptr)
        token = open_token(server->serverid, id, connection->holder, server->servername);
    if (token.text == nullptr)
        no_token(psprintf("the user mapping of role \"%s\" for server \"%s\" has no token",
                          name != nullptr ? name : "?", server->servername),
                 server);
    return token;
}

// ALTER SERVER … OWNER TO does not ask the validator, so the owner is looked at here.
void check_owner(const ForeignServer* server, const char* api_url) {
    if (is_notion_url(api_url) || superuser_arg(server->owner))
        return;
    ereport(ERROR,
            (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
             errmsg("server \"%s\" may not point at \"%s\"", server->servername, api_url),
             errdetail("Only a server that a superuser owns may point anywhere but at Notion."),
             errhint("ALTER SERVER %s OPTIONS (DROP api_url), or let a superuser own it.",
                     quote_identifier(server->servername))));
}

Connection* prepare(Oid server_oid) {
    ForeignServer* server = GetForeignServer(server_oid);
    auto* connection = static_cast<Connection*>(palloc0(sizeof(Connection)));
    connection->changes = secret_changes();
    connection->options = server_options(server);
    connection->server_name = server->servername;
    connection->server = server_oid;
    check_owner(server, connection->options.api_url);
    bridge::Endpoint& endpoint = connection->endpoint;
    endpoint.token = &connection->token;
    endpoint.api_url = connection->options.api_url;
    endpoint.api_version = connection->options.api_version;
    // Copies: a reload frees what a setting was, and the worker keeps its connections.
    endpoint.proxy = pstrdup(settings::proxy != nullptr ? settings::proxy : "");
    endpoint.ca_file = pstrdup(settings::ca_file != nullptr ? settings::ca_file : "");
    endpoint.connect_timeout_ms = connection->options.connect_timeout_ms;
    endpoint.request_timeout_ms = connection->options.request_timeout_ms;
    endpoint.loopback_only = settings::local_only;
    connection->allowance.per_minute = connection->options.budget_per_minute;
    return connection;
}

} // namespace

/// The file's first line, without blanks around it. Nothing of the file is ever in a message.
const char* read_token_file(const char* path) {
    char buffer[token_bytes_max + 1];
    FILE* file = AllocateFile(path, PG_BINARY_R);
    if (file == nullptr)
        ereport(ERROR,
                (errcode_for_file_access(), errmsg("could not open token file \"%s\": %m", path),
                 errhint("It lies on the server, and the server's account must be able to read it; "
                         "a client's token comes by COPY notion.token_in (server, token) FROM "
                         "STDIN.")));
    size_t bytes = fread(buffer, 1, sizeof buffer, file);
    bool failed = ferror(file) != 0;
    FreeFile(file);
    if (failed)
        ereport(ERROR,
                (errcode_for_file_access(), errmsg("could not read token file \"%s\": %m", path),
                 errhint("It must be an ordinary file on the server.")));
    size_t from = 0;
    while (from < bytes && isspace(static_cast<unsigned char>(buffer[from])))
        from++;
    size_t to = from;
    while (to < bytes && isgraph(static_cast<unsigned char>(buffer[to])))
        to++;
    bool clean = to > from && bytes <= token_bytes_max;
    for (size_t at = to; at < bytes; at++)
        clean = clean && isspace(static_cast<unsigned char>(buffer[at]));
    const char* token = clean ? keep_secret({buffer + from, to - from}) : nullptr;
    explicit_bzero(buffer, sizeof buffer);
    if (token == nullptr)
        ereport(ERROR, (errcode(sqlstate_of(ErrorKind::no_token)),
                        errmsg("token file \"%s\" does not hold a token", path),
                        errdetail("It must hold one word and nothing else."),
                        errhint("Copy the token from Notion into it: Settings, Connections.")));
    return token;
}

bool is_notion_url(const char* api_url) {
    return std::string_view(api_url) == bridge::notion_url;
}

Connection* connect_without_token(Oid server) {
    return prepare(server);
}

namespace {

Connection* with_token(Connection* connection, const OpenedToken& token) {
    connection->token = {token.text, token.renewable};
    // A token of OAuth changes with each renewal; what Notion counts is the installation.
    const char* counted = *token.bot != '\0' ? psprintf("bot %s", token.bot) : token.text;
    bridge::Fault fault;
    if (!bridge::fingerprint(counted, connection->allowance.token, fault))
        raise(fault);
    return connection;
}

} // namespace

Connection* connect_with(Oid server, const char* token) {
    return with_token(prepare(server), {token, false, ""});
}

Connection* connect(Oid server, Oid role) {
    Connection* connection = prepare(server);
    return with_token(connection, token_of(GetForeignServer(server), role, connection));
}

bool is_stale(const Connection* connection) {
    if (connection->changes != secret_changes())
        return true;
    if (connection->token_file == nullptr)
        return false;
    const FileStamp now = stamp_of(connection->token_file);
    return memcmp(&now, &connection->stamp, sizeof now) != 0;
}

} // namespace notion::pg
