// Outbox: see the header. Batches stay under the TOAST threshold: larger arrays would be compressed
// by the user's commit, which is most of what an earlier prototype cost.
// Assumes: notion.outbox has one btree on plain columns, no trigger, no check, no default.
// scope: transaction.
#include "pg/capture/outbox.hpp"

#include "pg/capture/buffer.hpp"
#include "pg/capture/notice.hpp"
#include "pg/worker/shared.hpp"

namespace notion::pg::capture {
namespace {

constexpr int batch_keys_max = 240;
constexpr Size batch_bytes_max = 1800;
/// From this many keys on a transaction is bulk: it takes the slow lane (protocol.md 1.12).
constexpr int64 bulk_keys_min = 1000;

enum Column { xid, part, link, keys, evidence, captured_at, bulk, hops, who, home, columns };

Oid outbox; ///< locked by this transaction, or InvalidOid
int32 transaction_hops;

struct Batch {
    Relation table;
    CatalogIndexState indexes;
    Datum fixed[columns];
    MemoryContext memory;
    int32 part;
    int32 link;
    int count;
    Size bytes;
    bool has_command;
    CommandId command; ///< of the last rename
    char letter;       ///< of its group
    Datum keys[batch_keys_max];
    char evidence[batch_keys_max];
};

void write(Batch* batch) {
    if (batch->count == 0)
        return;
    MemoryContext caller = MemoryContextSwitchTo(batch->memory);
    Datum values[columns];
    bool nulls[columns] = {};
    memcpy(values, batch->fixed, sizeof(values));
    values[part] = Int32GetDatum(batch->part++);
    values[link] = Int32GetDatum(batch->link);
    values[keys] = PointerGetDatum(
        construct_array(batch->keys, batch->count, TEXTOID, -1, false, TYPALIGN_INT));
    values[evidence] = PointerGetDatum(cstring_to_text_with_len(batch->evidence, batch->count));
    HeapTuple tuple = heap_form_tuple(RelationGetDescr(batch->table), values, nulls);
    CatalogTupleInsertWithInfo(batch->table, tuple, batch->indexes);
    MemoryContextSwitchTo(caller);
    MemoryContextReset(batch->memory);
    batch->count = 0;
    batch->bytes = 0;
}

void gather(Batch* batch, int32 link, char evidence, std::string_view key) {
    batch->link = link;
    batch->keys[batch->count] =
        PointerGetDatum(cstring_to_text_with_len(key.data(), int(key.size())));
    batch->evidence[batch->count] = evidence;
    batch->count++;
    batch->bytes += INTALIGN(key.size() + VARHDRSZ);
}

/// Starts another batch where these keys are of another link, or do not fit.
void make_room(Batch* batch, int32 link, int keys, Size bytes) {
    if (batch->count > 0 && (batch->link != link || batch->count + keys > batch_keys_max ||
                             batch->bytes + bytes + keys * VARHDRSZ > batch_bytes_max))
        write(batch);
}

/// Renames go first, in batches of their own: old key, new key, old key, ... Those of one command
/// bear one letter, r or R. What a subtransaction wrote that was rolled back did not happen.
void gather_rename(void* context, const Captured& captured) {
    if (!captured.is_rename())
        return;
    auto* batch = static_cast<Batch*>(context);
    const Rename rename = rename_of(captured);
    if (!TransactionIdIsCurrentTransactionId(rename.writer))
        return;
    if (!batch->has_command || batch->command != rename.command)
        batch->letter = batch->letter == 'r' ? 'R' : 'r';
    batch->has_command = true;
    batch->command = rename.command;
    make_room(batch, captured.link, 2, rename.was.size() + rename.is.size());
    MemoryContext caller = MemoryContextSwitchTo(batch->memory);
    gather(batch, captured.link, batch->letter, rename.was);
    gather(batch, captured.link, batch->letter, rename.is);
    MemoryContextSwitchTo(caller);
}

void gather_key(void* context, const Captured& captured) {
    if (captured.is_rename())
        return;
    auto* batch = static_cast<Batch*>(context);
    make_room(batch, captured.link, 1, captured.key.size());
    MemoryContext caller = MemoryContextSwitchTo(batch->memory);
    gather(batch, captured.link, char(captured.evidence), captured.key);
    MemoryContextSwitchTo(caller);
}

/// "role (application)", as the log shows it.
text* author() {
    const char* role = GetUserNameFromId(GetSessionUserId(), true);
    const char* application = application_name == nullptr ? "" : application_name;
    char* words = *application == '\0'
                      ? pstrdup(role == nullptr ? "" : role)
                      : psprintf("%s (%s)", role == nullptr ? "" : role, application);
    return cstring_to_text(words);
}

void write_all() {
    Batch* batch = static_cast<Batch*>(palloc0(sizeof(Batch)));
    batch->memory = AllocSetContextCreate(CurrentMemoryContext, "pg_notion outbox batch",
                                          ALLOCSET_DEFAULT_SIZES);
    batch->table = table_open(outbox, RowExclusiveLock);
    if (RelationGetDescr(batch->table)->natts != columns)
        ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                        errmsg("table notion.outbox is not the one this library writes"),
                        errhint("Run ALTER EXTENSION pg_notion UPDATE.")));
    batch->indexes = CatalogOpenIndexes(batch->table);
    batch->fixed[xid] = FullTransactionIdGetDatum(GetTopFullTransactionId());
    batch->fixed[captured_at] = TimestampTzGetDatum(GetCurrentTimestamp());
    batch->fixed[bulk] = BoolGetDatum(captured_count() >= bulk_keys_min);
    batch->fixed[hops] = Int32GetDatum(transaction_hops);
    batch->fixed[who] = PointerGetDatum(author());
    batch->fixed[home] = Int64GetDatum(int64(GetSystemIdentifier()));
    if (captured_count() >= bulk_keys_min)
        tell_of_bulk();
    if (has_renames()) {
        walk(gather_rename, batch);
        write(batch);
    }
    walk(gather_key, batch);
    write(batch);
    CatalogCloseIndexes(batch->indexes);
    table_close(batch->table, NoLock);
    MemoryContextDelete(batch->memory);
    pfree(batch);
    shut();
    worker::wake_net_at_commit();
}

void reset() {
    forget();
    outbox = InvalidOid;
    transaction_hops = 0;
}

void at_transaction(XactEvent event, void*) {
    switch (event) {
    case XACT_EVENT_PRE_COMMIT:
    case XACT_EVENT_PRE_PREPARE:
        if (captured_count() > 0)
            write_all();
        break;
    case XACT_EVENT_COMMIT:
        reset();
        break;
    case XACT_EVENT_ABORT:
    case XACT_EVENT_PREPARE:
        reset();
        break;
    case XACT_EVENT_PARALLEL_COMMIT:
    case XACT_EVENT_PARALLEL_ABORT:
    case XACT_EVENT_PARALLEL_PRE_COMMIT:
        break;
    }
}

} // namespace

void open_outbox() {
    if (OidIsValid(outbox))
        return;
    static bool registered;
    if (!registered) {
        RegisterXactCallback(at_transaction, nullptr);
        registered = true;
    }
    const Oid space = get_namespace_oid("notion", false);
    const Oid table = get_relname_relid("outbox", space);
    if (!OidIsValid(table))
        ereport(ERROR,
                (errcode(ERRCODE_UNDEFINED_TABLE), errmsg("table notion.outbox does not exist"),
                 errhint("Run ALTER EXTENSION pg_notion UPDATE.")));
    LockRelationOid(table, RowExclusiveLock);
    outbox = table;
}

void set_hops(int32 hops) {
    transaction_hops = hops;
}

} // namespace notion::pg::capture
