// Sealed secrets: see the header. scope: backend.
#include "pg/postgres.hpp"

#include "pg/key.hpp"
#include "pg/raise.hpp"
#include "pg/sealed.hpp"
#include "pg/worker/attempt.hpp"
#include "pg/worker/query.hpp"

namespace notion::pg {
namespace {

/// A row of notion.tokens, copied. Found without rights of whoever reads a foreign table.
struct Row {
    bool found;
    const bytea* sealed;
    const char* key_id;
    Oid role;
    int64 system;
    bool renewable;
    const char* bot;
};

Oid notion_relation(const char* name) {
    const Oid space = get_namespace_oid("notion", true);
    return OidIsValid(space) ? get_relname_relid(name, space) : InvalidOid;
}

Datum field(HeapTuple tuple, Relation table, const char* name, bool* null) {
    const AttrNumber number = get_attnum(RelationGetRelid(table), name);
    if (number == InvalidAttrNumber)
        ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN),
                        errmsg("column \"%s\" of table notion.tokens does not exist", name),
                        errhint("The library and the SQL of pg_notion differ in version: run "
                                "ALTER EXTENSION pg_notion UPDATE.")));
    return heap_getattr(tuple, number, RelationGetDescr(table), null);
}

void take(HeapTuple tuple, Relation table, Row* row) {
    bool null;
    row->found = true;
    row->sealed = DatumGetByteaPCopy(field(tuple, table, "sealed", &null));
    row->key_id = TextDatumGetCString(field(tuple, table, "key_id", &null));
    row->role = DatumGetObjectId(field(tuple, table, "role_oid", &null));
    row->system = DatumGetInt64(field(tuple, table, "system_identifier", &null));
    row->renewable = DatumGetBool(field(tuple, table, "renewable", &null));
    Datum bot = field(tuple, table, "bot", &null);
    row->bot = null ? "" : DatumGetCString(DirectFunctionCall1(uuid_out, bot));
}

void match(ScanKeyData* key, Oid table, const char* column, RegProcedure equals, Datum value) {
    ScanKeyInit(key, get_attnum(table, column), BTEqualStrategyNumber, equals, value);
}

Row read_row(const Place& place) {
    Row row = {};
    const Oid table_oid = notion_relation("tokens");
    const Oid index = notion_relation("tokens_pkey");
    if (!OidIsValid(table_oid) || !OidIsValid(index))
        return row;
    NameData role;
    NameData kind;
    namestrcpy(&role, place.role);
    namestrcpy(&kind, place.kind);
    Relation table = table_open(table_oid, AccessShareLock);
    ScanKeyData keys[3];
    match(&keys[0], table_oid, "server", F_UUID_EQ,
          DirectFunctionCall1(uuid_in, CStringGetDatum(place.server)));
    match(&keys[1], table_oid, "role", F_NAMEEQ, NameGetDatum(&role));
    match(&keys[2], table_oid, "kind", F_NAMEEQ, NameGetDatum(&kind));
    SysScanDesc scan = systable_beginscan(table, index, true, nullptr, 3, keys);
    HeapTuple tuple = systable_getnext(scan);
    if (HeapTupleIsValid(tuple))
        take(tuple, table, &row);
    systable_endscan(scan);
    table_close(table, AccessShareLock);
    return row;
}

/// What is authenticated with the secret, and has to be said again to open it.
std::string_view binding(const Place& place) {
    StringInfoData text;
    initStringInfo(&text);
    for (const char* part : {"pg_notion 1", place.server, place.role, place.kind})
        appendBinaryStringInfo(&text, part, static_cast<int>(strlen(part)) + 1); // with its NUL
    return {text.data, static_cast<size_t>(text.len)};
}

const char* again(const Place& place) {
    if (strncmp(place.kind, "webhook", 7) == 0)
        return "Create the webhook subscription in Notion again, after notion.expect_webhook.";
    if (strcmp(place.kind, "client") == 0)
        return "Give the client again: COPY notion.client_in, or notion.oauth_configure.";
    if (strcmp(place.kind, "refresh") == 0)
        return "Connect again: notion.connect_url.";
    return "Give the token again: notion.set_token, COPY notion.token_in or notion.connect_url.";
}

const char* what(const Place& place, const char* server_name) {
    const bool of_role = *place.role != '\0';
    const char* kind = strcmp(place.kind, "client") == 0    ? "client secret"
                       : strcmp(place.kind, "refresh") == 0 ? "refresh token"
                                                            : place.kind;
    return psprintf("the sealed %s of%s%s%s server \"%s\"", kind, of_role ? " role \"" : "",
                    place.role, of_role ? "\" for" : "", server_name);
}

/// A restored database has other OIDs and another system; a role made anew here has not.
void check_role(const Place& place, const Row& row, Oid role, const char* server_name) {
    if (!OidIsValid(role) || !OidIsValid(row.role) || row.role == role ||
        static_cast<uint64>(row.system) != GetSystemIdentifier())
        return;
    ereport(ERROR, (errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION),
                    errmsg("%s was sealed for another role of that name", what(place, server_name)),
                    errdetail("The role was dropped or renamed since, and this one came after."),
                    errhint("%s A superuser who knows that it is meant for this role runs "
                            "notion.rebind.",
                            again(place))));
}

const bridge::SealKey* key_of(const Place& place, const Row& row, const char* server_name) {
    const bridge::SealKey* key = find_key(row.key_id);
    if (key == nullptr)
        ereport(
            ERROR,
            (errcode(ERRCODE_CONFIG_FILE_ERROR),
             errmsg("%s cannot be opened with the key of this server", what(place, server_name)),
             errdetail("It was sealed with key %s; the keys here are others, the first is %s.",
                       row.key_id, seal_keys()[0].id),
             errhint("Put that key back into what notion.key_file or notion.key_command "
                     "names, as a further line. If it is lost: %s",
                     again(place))));
    return key;
}

[[noreturn]] void damaged(const Place& place, const char* server_name) {
    ereport(ERROR,
            (errcode(ERRCODE_DATA_CORRUPTED),
             errmsg("%s is damaged, or was sealed for another place", what(place, server_name)),
             errhint("%s", again(place))));
    pg_unreachable();
}

void wipe(void* text) {
    explicit_bzero(text, strlen(static_cast<char*>(text)));
}

// ---- opened tokens of this process
// ---------------------------------------------------------------

struct Opened {
    Oid server;
    Oid role;
    char* token; ///< null: none
    bool renewable;
    char bot[40];
};
constexpr size_t opened_max = 16;
Opened opened[opened_max];
size_t next_opened;
uint64 changes = 1;
uint64 opened_at; ///< `changes` when the first of them was opened
TimestampTz opened_reload;
bool watching;

Oid tokens_relation;

void on_relcache(Datum, Oid relation) {
    if (!OidIsValid(relation) || relation == tokens_relation)
        changes++;
}

void on_syscache(Datum, int, uint32) {
    changes++;
}

void watch() {
    if (watching)
        return;
    CacheRegisterSyscacheCallback(FOREIGNSERVEROID, on_syscache, Datum(0));
    CacheRegisterSyscacheCallback(USERMAPPINGOID, on_syscache, Datum(0));
    CacheRegisterSyscacheCallback(AUTHOID, on_syscache, Datum(0));
    CacheRegisterRelcacheCallback(on_relcache, Datum(0));
    watching = true;
}

void forget_opened() {
    for (Opened& it : opened) {
        if (it.token == nullptr)
            continue;
        wipe(it.token);
        pfree(it.token);
        it.token = nullptr;
    }
}

bool is_current() {
    return opened_at == changes && opened_reload == PgReloadTime;
}

void remember(Oid server, Oid role, const OpenedToken& token) {
    if (!is_current())
        forget_opened();
    opened_at = changes;
    opened_reload = PgReloadTime;
    Opened& place = opened[next_opened++ % opened_max];
    if (place.token != nullptr) {
        wipe(place.token);
        pfree(place.token);
    }
    place = {server, role, MemoryContextStrdup(TopMemoryContext, token.text), token.renewable, {}};
    strlcpy(place.bot, token.bot, sizeof place.bot);
}

OpenedToken remembered(Oid server, Oid role) {
    if (!is_current()) {
        forget_opened();
        return {};
    }
    for (const Opened& it : opened)
        if (it.token != nullptr && it.server == server && it.role == role)
            return {keep_secret(it.token), it.renewable, pstrdup(it.bot)};
    return {};
}

// ---- writing
// -------------------------------------------------------------------------------------

constinit worker::Query upsert = {
    "INSERT INTO notion.tokens AS t (server, role, kind, sealed, key_id, role_oid,"
    "       system_identifier, set_by, renewable, bot)"
    " VALUES ($1::uuid, $2::name, $3::name, $4, $5, $6::oid, $7, $8::name, $9, $10)"
    " ON CONFLICT (server, role, kind) DO UPDATE SET sealed = excluded.sealed,"
    "       key_id = excluded.key_id, role_oid = excluded.role_oid,"
    "       system_identifier = excluded.system_identifier, set_at = clock_timestamp(),"
    "       set_by = excluded.set_by, renewable = excluded.renewable, bot = excluded.bot"};
constinit worker::Query forget = {"DELETE FROM notion.tokens"
                                  " WHERE server = $1::uuid AND role = $2::name"
                                  "   AND kind = $3::name"};
constinit worker::Query move = {
    "UPDATE notion.tokens SET role = $4::name, sealed = $5, key_id = $6,"
    "       role_oid = CASE $7 WHEN 0 THEN role_oid ELSE $7::oid END,"
    "       system_identifier = CASE $7 WHEN 0 THEN system_identifier ELSE $8 END"
    " WHERE server = $1::uuid AND role = $2::name AND kind = $3::name"};
constinit worker::Query lock_tokens = {"LOCK TABLE notion.tokens IN SHARE ROW EXCLUSIVE MODE"};
constinit worker::Query new_id = {"SELECT gen_random_uuid()::text"};

worker::Arg sealed_for(const Place& place, const bridge::SealKey& key, std::string_view secret) {
    if (secret.empty() || secret.size() > bridge::secret_bytes_max)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("a secret has 1 to %zu bytes", bridge::secret_bytes_max),
                        errhint("Copy it again from the page of the integration in Notion.")));
    const size_t bytes = secret.size() + bridge::seal_frame_bytes;
    auto* sealed = static_cast<bytea*>(palloc(bytes + VARHDRSZ));
    SET_VARSIZE(sealed, bytes + VARHDRSZ);
    bridge::Fault fault;
    if (!bridge::seal(key, secret, binding(place), VARDATA(sealed), fault))
        raise(fault);
    return {BYTEAOID, PointerGetDatum(sealed)};
}

Secret open_row(const Place& place, const Row& row, Oid role_oid, const char* server_name) {
    check_role(place, row, role_oid, server_name);
    const bridge::SealKey* key = key_of(place, row, server_name);
    const size_t bytes = VARSIZE(row.sealed) - VARHDRSZ;
    if (bytes < bridge::seal_frame_bytes ||
        bytes > bridge::seal_frame_bytes + bridge::secret_bytes_max)
        damaged(place, server_name);
    char clear[bridge::secret_bytes_max + 1];
    bool is_open = false;
    bridge::Fault fault;
    if (!bridge::unseal(*key, {VARDATA(row.sealed), bytes}, binding(place), clear, is_open, fault))
        raise(fault);
    if (!is_open)
        damaged(place, server_name);
    Secret secret = keep_secret({clear, bytes - bridge::seal_frame_bytes});
    explicit_bzero(clear, sizeof clear);
    return secret;
}

} // namespace

const char* server_id(const ForeignServer* server) {
    ListCell* cell;
    foreach (cell, server->options) {
        auto* option = static_cast<DefElem*>(lfirst(cell));
        if (strcmp(option->defname, "id") == 0)
            return defGetString(option);
    }
    return nullptr;
}

const char* need_server_id(const char* server_name) {
    const char* id = server_id(GetForeignServerByName(server_name, false));
    if (id != nullptr)
        return id;
    worker::run(lock_tokens); // two sessions at once give it one id
    AcceptInvalidationMessages();
    id = server_id(GetForeignServerByName(server_name, false));
    if (id != nullptr)
        return id;
    worker::run(new_id);
    id = worker::column_text(0, 1);
    const char* statement =
        psprintf("ALTER SERVER %s OPTIONS (ADD id '%s')", quote_identifier(server_name), id);
    if (SPI_execute(statement, false, 0) < 0)
        elog(ERROR, "could not give server \"%s\" an id", server_name);
    return id;
}

Secret keep_secret(std::string_view text) {
    auto* callback = static_cast<MemoryContextCallback*>(palloc0(sizeof(MemoryContextCallback)));
    char* copy = pnstrdup(text.data(), text.size());
    callback->func = wipe;
    callback->arg = copy;
    MemoryContextRegisterResetCallback(CurrentMemoryContext, callback);
    return copy;
}

Secret open_secret(const Place& place, Oid role_oid, const char* server_name) {
    const Row row = read_row(place);
    return row.found ? open_row(place, row, role_oid, server_name) : nullptr;
}

uint64 secret_changes() {
    watch();
    return changes;
}

OpenedToken open_token(Oid server, const char* id, Oid role, const char* server_name) {
    watch();
    if (OpenedToken known = remembered(server, role); known.text != nullptr)
        return known;
    const uint64 before = changes;
    const char* name = OidIsValid(role) ? GetUserNameFromId(role, false) : for_everybody;
    const Place place = {id, name, "token"};
    const Row row = read_row(place);
    if (!row.found)
        return {};
    const OpenedToken token = {open_row(place, row, role, server_name), row.renewable, row.bot};
    ereport(DEBUG2, (errmsg_internal("pg_notion opened the sealed token of role \"%s\" for server "
                                     "\"%s\"",
                                     name, server_name)));
    tokens_relation = notion_relation("tokens");
    if (before == changes)
        remember(server, role, token);
    return token;
}

Secret try_open_secret(const Place& place, Oid role_oid, const char* server_name,
                       const char** reason) {
    Secret secret = nullptr;
    Secret* out = &secret;
    worker::attempt(
        CurrentMemoryContext, [=, &place] { *out = open_secret(place, role_oid, server_name); },
        reason);
    return secret;
}

bool forget_secret(const Place& place) {
    return worker::run(forget, {worker::as_text(place.server), worker::as_text(place.role),
                                worker::as_text(place.kind)}) > 0;
}

void store_secret(const Place& place, Oid role_oid, std::string_view secret, const Nature& nature) {
    const bridge::SealKey& key = seal_keys()[0];
    worker::run(upsert, {worker::as_text(place.server), worker::as_text(place.role),
                         worker::as_text(place.kind), sealed_for(place, key, secret),
                         worker::as_text(key.id), worker::as_int8(role_oid),
                         worker::as_int8(static_cast<int64>(GetSystemIdentifier())),
                         worker::as_text(GetUserNameFromId(GetOuterUserId(), false)),
                         worker::as_bool(nature.renewable), worker::as_uuid(nature.bot)});
}

void reseal(const Place& from, const Place& to, Oid role_oid, const char* server_name) {
    Secret secret = open_secret(from, InvalidOid, server_name);
    if (secret == nullptr)
        return;
    const bridge::SealKey& key = seal_keys()[0];
    worker::run(move,
                {worker::as_text(from.server), worker::as_text(from.role),
                 worker::as_text(from.kind), worker::as_text(to.role), sealed_for(to, key, secret),
                 worker::as_text(key.id), worker::as_int8(role_oid),
                 worker::as_int8(static_cast<int64>(GetSystemIdentifier()))});
}

} // namespace notion::pg
