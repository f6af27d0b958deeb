// Links: the cache behind links.hpp.
// Assumes: link and unlink create and drop the capture trigger, which sends the relcache
// invalidation that empties the entry here; changes of a link's columns send one themselves.
// scope: backend.
#include "pg/capture/links.hpp"

namespace notion::pg::capture {
namespace {

HTAB* cache;
const CapturedLink* recent; ///< the entry last asked for: a bulk statement asks for one again
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
    recent = nullptr;
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

/// What of notion.links capture has to know.
struct Kept {
    int32 id; ///< 0: the relation has no link of its own
    bool filtered;
    ArrayType* key_columns; ///< name[]
    NameData content;       ///< the column whose content goes outward; "": none
};

Kept read_link(Oid space, Oid relation) {
    Kept kept = {};
    const Oid links = get_relname_relid("links", space);
    if (!OidIsValid(links))
        return kept;
    Relation table = table_open(links, AccessShareLock);
    const AttrNumber id = column(table, "id");
    const AttrNumber key_columns = column(table, "key_columns");
    const AttrNumber filter = column(table, "filter");
    const AttrNumber content = column(table, "content");
    const AttrNumber content_direction = column(table, "content_direction");
    ScanKeyData match;
    ScanKeyInit(&match, column(table, "table_id"), BTEqualStrategyNumber, F_OIDEQ,
                ObjectIdGetDatum(relation));
    SysScanDesc scan = systable_beginscan(table, InvalidOid, false, nullptr, 1, &match);
    HeapTuple tuple = systable_getnext(scan);
    if (HeapTupleIsValid(tuple)) {
        TupleDesc shape = RelationGetDescr(table);
        bool null;
        kept.id = DatumGetInt32(heap_getattr(tuple, id, shape, &null));
        kept.key_columns = DatumGetArrayTypePCopy(heap_getattr(tuple, key_columns, shape, &null));
        (void)heap_getattr(tuple, filter, shape, &null);
        kept.filtered = !null;
        const Datum name = heap_getattr(tuple, content, shape, &null);
        if (!null) {
            bool unset;
            const Datum way = heap_getattr(tuple, content_direction, shape, &unset);
            if (strcmp(TextDatumGetCString(way), "both") == 0)
                kept.content = *DatumGetName(name);
        }
    }
    systable_endscan(scan);
    table_close(table, AccessShareLock);
    return kept;
}

/// What `relation` is a partition or an inheritance child of.
List* parents_of(Oid relation) {
    Relation table = table_open(InheritsRelationId, AccessShareLock);
    ScanKeyData match;
    ScanKeyInit(&match, Anum_pg_inherits_inhrelid, BTEqualStrategyNumber, F_OIDEQ,
                ObjectIdGetDatum(relation));
    SysScanDesc scan =
        systable_beginscan(table, InheritsRelidSeqnoIndexId, true, nullptr, 1, &match);
    List* parents = NIL;
    for (HeapTuple tuple = systable_getnext(scan); HeapTupleIsValid(tuple);
         tuple = systable_getnext(scan))
        parents =
            lappend_oid(parents, reinterpret_cast<Form_pg_inherits>(GETSTRUCT(tuple))->inhparent);
    systable_endscan(scan);
    table_close(table, AccessShareLock);
    return parents;
}

/// The link of the nearest of `relation` and its ancestors that has one, breadth first.
Kept find_link(Oid space, Relation relation) {
    Kept kept = read_link(space, RelationGetRelid(relation));
    List* ancestors = kept.id != 0 ? NIL : parents_of(RelationGetRelid(relation));
    for (int i = 0; kept.id == 0 && i < list_length(ancestors); i++) {
        const Oid ancestor = list_nth_oid(ancestors, i);
        kept = read_link(space, ancestor);
        if (kept.id == 0)
            ancestors = list_concat_unique_oid(ancestors, parents_of(ancestor));
    }
    return kept;
}

List* add_number(List* numbers, Oid relation, const char* name) {
    const AttrNumber number = get_attnum(relation, name);
    return number == InvalidAttrNumber ? numbers : list_append_unique_int(numbers, number);
}

/// The numbers, in `relation`, of the link's paired columns. What a leaf lacks is left out.
List* read_columns(Oid space, int32 link, Oid relation) {
    const Oid columns = get_relname_relid("link_columns", space);
    if (!OidIsValid(columns))
        return NIL;
    Relation table = table_open(columns, AccessShareLock);
    const AttrNumber name = column(table, "column_name");
    const AttrNumber own = column(table, "columns"); // of a reference
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
        numbers = add_number(numbers, relation, NameStr(*DatumGetName(value)));
        const Datum names = heap_getattr(tuple, own, RelationGetDescr(table), &null);
        Datum* values = nullptr;
        int count = 0;
        if (!null)
            deconstruct_array(DatumGetArrayTypeP(names), NAMEOID, NAMEDATALEN, false, TYPALIGN_CHAR,
                              &values, nullptr, &count);
        for (int i = 0; i < count; i++)
            numbers = add_number(numbers, relation, NameStr(*DatumGetName(values[i])));
    }
    systable_endscan(scan);
    table_close(table, AccessShareLock);
    return numbers;
}

/// False where the relation lacks one of them.
bool load_key(CapturedLink* entry, ArrayType* names, Oid relation) {
    Datum* values;
    int count;
    deconstruct_array(names, NAMEOID, NAMEDATALEN, false, TYPALIGN_CHAR, &values, nullptr, &count);
    if (count < 1 || count > key_columns_max)
        return false;
    for (int i = 0; i < count; i++) {
        entry->key[i] = get_attnum(relation, NameStr(*DatumGetName(values[i])));
        if (entry->key[i] == InvalidAttrNumber)
            return false;
    }
    entry->key_count = count;
    return true;
}

void load(CapturedLink* entry, Relation relation) {
    const Oid space = get_namespace_oid("notion", true);
    if (!OidIsValid(space))
        return;
    const Kept kept = find_link(space, relation);
    const Oid id = RelationGetRelid(relation);
    if (kept.id == 0 || !load_key(entry, kept.key_columns, id))
        return;
    List* numbers = add_number(read_columns(space, kept.id, id), id, NameStr(kept.content));
    entry->filtered = kept.filtered;
    entry->paired = static_cast<AttrNumber*>(
        MemoryContextAlloc(TopMemoryContext, sizeof(AttrNumber) * (list_length(numbers) + 1)));
    ListCell* cell;
    foreach (cell, numbers)
        entry->paired[entry->paired_count++] = AttrNumber(lfirst_int(cell));
    list_free(numbers);
    entry->link = kept.id;
}

} // namespace

LinkState state_of(int32 link) {
    LinkState state = {};
    const Oid space = get_namespace_oid("notion", true);
    const Oid links = OidIsValid(space) ? get_relname_relid("links", space) : InvalidOid;
    if (!OidIsValid(links))
        return state;
    Relation table = table_open(links, AccessShareLock);
    TupleDesc shape = RelationGetDescr(table);
    ScanKeyData match;
    ScanKeyInit(&match, column(table, "id"), BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(link));
    SysScanDesc scan = systable_beginscan(table, InvalidOid, false, nullptr, 1, &match);
    HeapTuple tuple = systable_getnext(scan);
    if (HeapTupleIsValid(tuple)) {
        bool null;
        state.table =
            DatumGetObjectId(heap_getattr(tuple, column(table, "table_id"), shape, &null));
        state.foreign_table =
            DatumGetObjectId(heap_getattr(tuple, column(table, "foreign_table_id"), shape, &null));
        const char* direction =
            TextDatumGetCString(heap_getattr(tuple, column(table, "direction"), shape, &null));
        state.sends = strcmp(direction, "from_notion") != 0;
        (void)heap_getattr(tuple, column(table, "synced_at"), shape, &null);
        state.is_synced = !null;
    }
    systable_endscan(scan);
    table_close(table, AccessShareLock);
    return state;
}

namespace {

const CapturedLink* find_or_load(Relation relation) {
    const Oid id = RelationGetRelid(relation);
    if (cache == nullptr)
        make_cache();
    if (stale)
        forget_all();
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

} // namespace

const CapturedLink* link_of(Relation relation) {
    if (stale || recent == nullptr || recent->relation != RelationGetRelid(relation))
        recent = find_or_load(relation);
    return recent;
}

} // namespace notion::pg::capture
