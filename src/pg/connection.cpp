// A connection: see the header. scope: query.
#include <cctype>

#include "pg/postgres.hpp"

#include "pg/connection.hpp"
#include "pg/raise.hpp"
#include "pg/settings.hpp"

namespace notion::pg {
namespace {

// Tokens of Notion have about 50 characters; those of OAuth may grow.
constexpr size_t token_bytes_max = 4096;

/// The file's first line, without blanks around it. Nothing of the file is ever in a message.
const char* read_token(const char* path) {
    char buffer[token_bytes_max + 1];
    FILE* file = AllocateFile(path, PG_BINARY_R);
    if (file == nullptr)
        ereport(ERROR,
                (errcode_for_file_access(), errmsg("could not open token file \"%s\": %m", path)));
    size_t bytes = fread(buffer, 1, sizeof buffer, file);
    bool failed = ferror(file) != 0;
    FreeFile(file);
    if (failed)
        ereport(ERROR,
                (errcode_for_file_access(), errmsg("could not read token file \"%s\": %m", path)));
    size_t from = 0;
    while (from < bytes && isspace(static_cast<unsigned char>(buffer[from])))
        from++;
    size_t to = from;
    while (to < bytes && isgraph(static_cast<unsigned char>(buffer[to])))
        to++;
    bool clean = to > from && bytes <= token_bytes_max;
    for (size_t at = to; at < bytes; at++)
        clean = clean && isspace(static_cast<unsigned char>(buffer[at]));
    char* token = clean ? pnstrdup(buffer + from, to - from) : nullptr;
    explicit_bzero(buffer, sizeof buffer);
    if (token == nullptr)
        ereport(ERROR, (errcode(sqlstate_of(ErrorKind::no_token)),
                        errmsg("token file \"%s\" does not hold a token", path),
                        errdetail("It must hold one word and nothing else.")));
    return token;
}

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
                                 ObjectIdGetDatum(server)) ||
           SearchSysCacheExists2(USERMAPPINGUSERSERVER, ObjectIdGetDatum(InvalidOid),
                                 ObjectIdGetDatum(server));
}

const char* token_of(const ForeignServer* server, Oid role) {
    const char* name = GetUserNameFromId(role, true);
    if (!has_mapping(role, server->serverid))
        ereport(ERROR, (errcode(sqlstate_of(ErrorKind::no_token)),
                        errmsg("no user mapping for role \"%s\" and server \"%s\"",
                               name != nullptr ? name : "?", server->servername),
                        errhint("CREATE USER MAPPING FOR %s SERVER %s OPTIONS (token_file '…').",
                                name != nullptr ? quote_identifier(name) : "CURRENT_USER",
                                quote_identifier(server->servername))));
    UserMapping* mapping = GetUserMapping(role, server->serverid);
    const char* token = option(mapping->options, "token");
    if (const char* file = option(mapping->options, "token_file"))
        token = read_token(file);
    if (token == nullptr)
        ereport(ERROR, (errcode(sqlstate_of(ErrorKind::no_token)),
                        errmsg("the user mapping of role \"%s\" for server \"%s\" has no token",
                               name != nullptr ? name : "?", server->servername),
                        errhint("Give it the option token_file.")));
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
    connection->options = server_options(server);
    connection->server_name = server->servername;
    check_owner(server, connection->options.api_url);
    bridge::Endpoint& endpoint = connection->endpoint;
    endpoint.api_url = connection->options.api_url;
    endpoint.api_version = connection->options.api_version;
    endpoint.proxy = settings::proxy != nullptr ? settings::proxy : "";
    endpoint.ca_file = settings::ca_file != nullptr ? settings::ca_file : "";
    endpoint.connect_timeout_ms = connection->options.connect_timeout_ms;
    endpoint.request_timeout_ms = connection->options.request_timeout_ms;
    endpoint.loopback_only = settings::local_only;
    connection->allowance.per_minute = connection->options.budget_per_minute;
    return connection;
}

} // namespace

bool is_notion_url(const char* api_url) {
    return std::string_view(api_url) == bridge::notion_url;
}

Connection* connect_without_token(Oid server) {
    return prepare(server);
}

Connection* connect(Oid server, Oid role) {
    Connection* connection = prepare(server);
    connection->endpoint.token = token_of(GetForeignServer(server), role);
    bridge::Fault fault;
    if (!bridge::fingerprint(connection->endpoint.token, connection->allowance.token, fault))
        raise(fault);
    return connection;
}

} // namespace notion::pg
