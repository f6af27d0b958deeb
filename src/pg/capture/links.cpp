// Links: the cache behind links.hpp.
// Assumes: link and unlink create and drop the capture trigger, which sends the relcache
// invalidation that empties the entry here; changes of a link's columns send one themselves.
// scope: backend.
#include "pg/capture/links.hpp"

namespace notion::pg::capture {
namespace {

HTAB* cache;
bool stale; ///< set by the invalidation callback, which must not touch the hash while it is walked
bool loading; ///< an entry is being read: whatever changes meanwhile makes it stale

void on_relcache(Datum, Oid relation) {
    if (cache == nullptr)
        return;
    if (loading || !OidIsValid(relation)) {
        stale = true;
        return;
    }
    bool found;
    if (hash_search(cache, &relation, HASH_FIND, &found) != nullptr)
        stale = true;
}

void forget_all() {
    HASH_SEQ_STATUS walk;
    hash_seq_init(&walk, cache);
    while (auto* entry = static_cast<CapturedLink*>(hash_seq_search(&walk))) {
        if (entry->paired != nullptr)
            pfree(entry->paired);
        hash_search(cache, &entry->relation, HASH_REMOVE, nullptr);
    }
    stale = false;
}

void make_cache() {
    HASHCTL control = {};
    control.keysize = sizeof(Oid);
    control.entrysize = sizeof(CapturedLink);
    control.hcxt = TopMemoryContext;
    cache = hash_create("pg_notion captured links", 16, &control,
                        HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
    CacheRegisterRelcacheCallback(on_relcache, Datum(0));
}

Oid root_of(Relation relation) {
    if (!relation->rd_rel->relispartition)
        return RelationGetRelid(relation);
    List* ancestors = get_partition_ancestors(RelationGetRelid(relation));
    const Oid root = ancestors == NIL ? RelationGetRelid(relation) : llast_oid(ancestors);
    list_free(ancestors);
    return root;
}

/// Columns are found by name, since system catalogs of ours have no fixed numbers.
AttrNumber column(Relation table, const char* name) {
    const AttrNumber number = get_attnum(RelationGetRelid(table), name);
    if (number == InvalidAttrNumber)
        ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN),
                        errmsg("column \"%s\" of table notion.%s does not exist", name,
                               RelationGetRelationName(table)),
                        errhint("The library and the SQL of pg_notion differ in version: run "
                                "ALTER EXTENSION pg_notion UPDATE.")));
    return number;
}

/// The id and the key column's name of the link of `root`; 0 where it has none.
int32 read_link(Oid space, Oid root, NameData* key) {
    const Oid links = get_relname_relid("links", space);
    if (!OidIsValid(links))
        return 0;
    Relation table = table_open(links, AccessShareLock);
    const AttrNumber id = column(table, "id");
    const AttrNumber key_column = column(table, "key_column");
    ScanKeyData match;
    ScanKeyInit(&match, column(table, "table_id"), BTEqualStrategyNumber, F_OIDEQ,
                ObjectIdGetDatum(root));
    SysScanDesc scan = systable_beginscan(table, InvalidOid, false, nullptr, 1, &match);
    int32 link = 0;
    HeapTuple tuple = systable_getnext(scan);
    if (HeapTupleIsValid(tuple)) {
        bool null;
        link = DatumGetInt32(heap_getattr(tuple, id, RelationGetDescr(table), &null));
        *key = *DatumGetName(heap_getattr(tuple, key_column, RelationGetDescr(table), &null));
    }
    systable_endscan(scan);
    table_close(table, AccessShareLock);
    return link;
}

/// The numbers, in `relation`, of the link's paired columns. What a leaf lacks is left out.
List* read_columns(Oid space, int32 link, Oid relation) {
    const Oid columns = get_relname_relid("link_columns", space);
    if (!OidIsValid(columns))
        return NIL;
    Relation table = table_open(columns, AccessShareLock);
    const AttrNumber name = column(table, "column_name");
    ScanKeyData match;
    ScanKeyInit(&match, column(table, "link"), BTEqualStrategyNumber, F_INT4EQ,
                Int32GetDatum(link));
    SysScanDesc scan = systable_beginscan(table, InvalidOid, false, nullptr, 1, &match);
    List* numbers = NIL;
    for (;;) {
        HeapTuple tuple = systable_getnext(scan);
        if (!HeapTupleIsValid(tuple))
            break;
        bool null;
        const Datum value = heap_getattr(tuple, name, RelationGetDescr(table), &null);
        const AttrNumber number = get_attnum(relation, NameStr(*DatumGetName(value)));
        if (number != InvalidAttrNumber)
            numbers = lappend_int(numbers, number);
    }
    systable_endscan(scan);
    table_close(table, AccessShareLock);
    return numbers;
}

void load(CapturedLink* entry, Relation relation) {
    entry->link = 0;
    entry->key = InvalidAttrNumber;
    entry->paired = nullptr;
    entry->paired_count = 0;
    const Oid space = get_namespace_oid("notion", true);
    if (!OidIsValid(space))
        return;
    NameData key;
    const int32 link = read_link(space, root_of(relation), &key);
    if (link == 0)
        return;
    List* numbers = read_columns(space, link, RelationGetRelid(relation));
    entry->key = get_attnum(RelationGetRelid(relation), NameStr(key));
    entry->paired = static_cast<AttrNumber*>(
        MemoryContextAlloc(TopMemoryContext, sizeof(AttrNumber) * (list_length(numbers) + 1)));
    ListCell* cell;
    foreach (cell, numbers)
        entry->paired[entry->paired_count++] = AttrNumber(lfirst_int(cell));
    list_free(numbers);
    if (entry->key != InvalidAttrNumber)
        entry->link = link;
}

} // namespace

const CapturedLink* link_of(Relation relation) {
    if (cache == nullptr)
        make_cache();
    if (stale)
        forget_all();
    const Oid id = RelationGetRelid(relation);
    bool found;
    auto* entry = static_cast<CapturedLink*>(hash_search(cache, &id, HASH_FIND, &found));
    if (found)
        return entry;
    // Loaded aside: an error, or an invalidation while reading, must leave no half entry behind.
    CapturedLink loaded = {};
    loading = true; // left set by an error, which costs one reload
    load(&loaded, relation);
    loading = false;
    entry = static_cast<CapturedLink*>(hash_search(cache, &id, HASH_ENTER, &found));
    *entry = loaded;
    entry->relation = id;
    return entry;
}

} // namespace notion::pg::capture
