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
/// Four rows a page, below the TOAST threshold.
constexpr Size row_bytes_max = BLCKSZ / 4 - 64;
/// What a row has beside its keys, their evidence and its author, rounded up.
constexpr Size row_head_bytes = 128;
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
    Changes changes; ///< of all batches
    int32 part;
    int32 link;
    int count;
    int64 rows; ///< of count, those that are changes of one row
    Size bytes; ///< of array
    Size room;
    Size most;   ///< bytes that keys and evidence may take
    char* array; ///< text[] under construction: made in place, a commit may write millions of keys
    bool has_command;
    CommandId command; ///< of the last rename
    char letter;       ///< of its group
    alignas(int) char evidence[VARHDRSZ + batch_keys_max];
};

constexpr Size array_head = ARR_OVERHEAD_NONULLS(1);

Datum finished_keys(Batch* batch) {
    auto* array = reinterpret_cast<ArrayType*>(batch->array);
    SET_VARSIZE(array, batch->bytes);
    array->ndim = 1;
    array->dataoffset = 0;
    array->elemtype = TEXTOID;
    ARR_DIMS(array)[0] = batch->count;
    ARR_LBOUND(array)[0] = 1;
    return PointerGetDatum(array);
}

void write(Batch* batch) {
    if (batch->count == 0)
        return;
    MemoryContext caller = MemoryContextSwitchTo(batch->memory);
    Datum values[columns];
    bool nulls[columns] = {};
    memcpy(values, batch->fixed, sizeof(values));
    values[part] = Int32GetDatum(batch->part++);
    values[link] = Int32GetDatum(batch->link);
    values[keys] = finished_keys(batch);
    SET_VARSIZE(batch->evidence, VARHDRSZ + batch->count);
    values[evidence] = PointerGetDatum(batch->evidence);
    HeapTuple tuple = heap_form_tuple(RelationGetDescr(batch->table), values, nulls);
    CatalogTupleInsertWithInfo(batch->table, tuple, batch->indexes);
    MemoryContextSwitchTo(caller);
    MemoryContextReset(batch->memory);
    count_changes(&batch->changes, batch->link, batch->rows);
    batch->count = 0;
    batch->rows = 0;
    batch->bytes = array_head;
}

constexpr Size element_bytes(std::string_view key) {
    return INTALIGN(VARHDRSZ + key.size());
}

void gather(Batch* batch, int32 link, char evidence, std::string_view key) {
    const Size bytes = element_bytes(key);
    if (batch->bytes + bytes > batch->room) {
        batch->room = batch->bytes + bytes;
        batch->array = static_cast<char*>(repalloc_huge(batch->array, batch->room));
    }
    char* element = batch->array + batch->bytes;
    memset(element + bytes - sizeof(int), 0, sizeof(int)); // what pads it
    SET_VARSIZE(element, VARHDRSZ + key.size());
    memcpy(element + VARHDRSZ, key.data(), key.size());
    batch->bytes += bytes;
    batch->link = link;
    batch->evidence[VARHDRSZ + batch->count++] = evidence;
}

/// Starts another batch where these keys, of `bytes` as elements, are of another link or do not
/// fit.
void make_room(Batch* batch, int32 link, int keys, Size bytes) {
    if (batch->count > 0 && (batch->link != link || batch->count + keys > batch_keys_max ||
                             batch->bytes + bytes + Size(batch->count + keys) > batch->most))
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
    make_room(batch, captured.link, 2, element_bytes(rename.was) + element_bytes(rename.is));
    gather(batch, captured.link, batch->letter, rename.was);
    gather(batch, captured.link, batch->letter, rename.is);
}

void gather_key(void* context, const Captured& captured) {
    if (captured.is_rename())
        return;
    auto* batch = static_cast<Batch*>(context);
    make_room(batch, captured.link, 1, element_bytes(captured.key));
    gather(batch, captured.link, char(captured.evidence), captured.key);
    batch->rows += captured.evidence != Evidence::truncated;
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
    text* by = author();
    batch->fixed[who] = PointerGetDatum(by);
    batch->most = row_bytes_max - row_head_bytes - VARSIZE(by);
    batch->bytes = array_head;
    batch->room = captured_count() == 1 ? 256 : row_bytes_max;
    batch->array = static_cast<char*>(palloc(batch->room));
    batch->fixed[home] = Int64GetDatum(int64(GetSystemIdentifier()));
    if (has_renames()) {
        walk(gather_rename, batch);
        write(batch);
    }
    walk(gather_key, batch);
    write(batch);
    CatalogCloseIndexes(batch->indexes);
    table_close(batch->table, NoLock);
    if (captured_count() >= bulk_keys_min)
        tell_of_bulk(batch->changes);
    MemoryContextDelete(batch->memory);
    pfree(batch->array);
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
