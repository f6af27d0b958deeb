// Natural keys: see the header. Values are hashed as text under the worker's pinned settings; a
// collision of hashes looks like a shared value, and pairs nothing.
// scope: call.
#include "pg/apply/natural.hpp"

#include "pg/capture/key.hpp"
#include "pg/raise.hpp"
#include "pg/worker/query.hpp"

namespace notion::pg::apply {
namespace {

struct Entry {
    uint64 hash; ///< hash key
    int rows;
    std::string_view key;
};

uint64 hash_of(std::string_view words) {
    return hash_bytes_extended(reinterpret_cast<const unsigned char*>(words.data()),
                               int(words.size()), 0);
}

struct Reading {
    const Linked* linked;
    const NaturalKeys* natural; ///< null: keys only
    MemoryContext memory;
    ArrayBuildState* keys;
};

/// The values of a natural key as one text; one that is null or empty is no key.
bool append_value(StringInfo words, std::string_view value) {
    if (value.empty())
        return false;
    appendBinaryStringInfo(words, value.data(), int(value.size()));
    appendStringInfoChar(words, '\x1f');
    return true;
}

void take_natural(Reading& reading, std::string_view key, HeapTuple tuple, TupleDesc shape) {
    const NaturalKeys& natural = *reading.natural;
    StringInfoData words;
    initStringInfo(&words);
    for (int i = 0; i < natural.count; i++) {
        bool null;
        const Datum value = heap_getattr(tuple, reading.linked->key_count + 1 + i, shape, &null);
        if (null || !append_value(&words, OidOutputFunctionCall(natural.columns[i]->output, value)))
            return;
    }
    const uint64 hash = hash_of({words.data, Size(words.len)});
    bool found;
    auto* entry = static_cast<Entry*>(hash_search(natural.rows, &hash, HASH_ENTER, &found));
    entry->rows = found ? entry->rows + 1 : 1;
    entry->key = keep(reading.memory, key);
}

void take(Reading& reading, HeapTuple tuple, TupleDesc shape) {
    Datum values[capture::key_columns_max];
    Oid types[capture::key_columns_max];
    for (int i = 0; i < reading.linked->key_count; i++) {
        bool null;
        values[i] = heap_getattr(tuple, i + 1, shape, &null);
        types[i] = reading.linked->keys[i].type;
        if (null)
            return;
    }
    const std::string_view key = capture::key_text(values, types, reading.linked->key_count);
    if (reading.natural != nullptr)
        return take_natural(reading, key, tuple, shape);
    reading.keys = accumArrayResult(
        reading.keys, PointerGetDatum(cstring_to_text_with_len(key.data(), int(key.size()))), false,
        TEXTOID, reading.memory);
}

/// Natural keys are those of rows that fulfil the filter; all keys are all.
const char* statement_of(const Reading& reading) {
    const Linked& linked = *reading.linked;
    StringInfoData statement;
    initStringInfo(&statement);
    for (int i = 0; i < linked.key_count; i++)
        appendStringInfo(&statement, "%s %s", i == 0 ? "SELECT" : ",",
                         quote_identifier(NameStr(linked.keys[i].name)));
    for (int i = 0; reading.natural != nullptr && i < reading.natural->count; i++)
        appendStringInfo(&statement, ", %s",
                         quote_identifier(NameStr(reading.natural->columns[i]->name)));
    appendStringInfo(&statement, " FROM %s", linked.qualified);
    if (reading.natural != nullptr && linked.filter != nullptr)
        appendStringInfo(&statement, " WHERE %s", linked.filter);
    return statement.data;
}

void read_all(void* state) {
    auto* reading = static_cast<Reading*>(state);
    worker::connect_spi();
    SPIPlanPtr plan = SPI_prepare(statement_of(*reading), 0, nullptr);
    if (plan == nullptr)
        elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
    Portal portal = SPI_cursor_open(nullptr, plan, nullptr, nullptr, true);
    for (;;) {
        SPI_cursor_fetch(portal, true, 1000);
        if (SPI_processed == 0)
            break;
        for (uint64 row = 0; row < SPI_processed; row++)
            take(*reading, SPI_tuptable->vals[row], SPI_tuptable->tupdesc);
        SPI_freetuptable(SPI_tuptable);
    }
    SPI_cursor_close(portal);
    SPI_finish();
}

/// The linked columns that `names`, a text[], names.
void find_columns(const Linked& linked, std::string_view names, NaturalKeys* natural) {
    static constinit worker::Query members = {"SELECT unnest($1::text[])"};
    natural->count = int(run(members, {worker::as_text(names)}));
    natural->columns =
        static_cast<const LinkedColumn**>(palloc(sizeof(LinkedColumn*) * Size(natural->count + 1)));
    for (int i = 0; i < natural->count; i++) {
        const char* name = worker::column_text(uint64(i), 1);
        natural->columns[i] = find_column(linked, name);
        if (natural->columns[i] == nullptr)
            ereport(ERROR,
                    (errcode(ERRCODE_UNDEFINED_COLUMN), errmsg("column \"%s\" is not linked", name),
                     errhint("match names columns that notion.columns lists.")));
    }
}

} // namespace

bool natural_keys(const Linked& linked, std::string_view columns, NaturalKeys** keys,
                  Refusal* refusal) {
    *keys = static_cast<NaturalKeys*>(palloc0(sizeof(NaturalKeys)));
    find_columns(linked, columns, *keys);
    HASHCTL control = {};
    control.keysize = sizeof(uint64);
    control.entrysize = sizeof(Entry);
    control.hcxt = CurrentMemoryContext;
    (*keys)->rows = hash_create("pg_notion natural keys", 1024, &control,
                                HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
    Reading reading = {&linked, *keys, CurrentMemoryContext, nullptr};
    return as_owner(linked.owner, read_all, &reading, refusal, table_timeout_ms);
}

std::string_view natural_match(const NaturalKeys& keys, const Linked& linked,
                               std::string_view snapshot, bridge::Text* text) {
    StringInfoData words;
    initStringInfo(&words);
    for (int i = 0; i < keys.count; i++) {
        bridge::Fault fault;
        if (!bridge::sync_value(linked.core, snapshot, NameStr(keys.columns[i]->name), text, fault))
            raise(fault);
        if (!append_value(&words, bridge::text_view(text)))
            return {};
    }
    const uint64 hash = hash_of({words.data, Size(words.len)});
    bool found;
    const auto* entry = static_cast<Entry*>(hash_search(keys.rows, &hash, HASH_FIND, &found));
    return found && entry->rows == 1 ? entry->key : std::string_view();
}

bool all_keys(const Linked& linked, Datum* keys, Refusal* refusal) {
    Reading reading = {&linked, nullptr, CurrentMemoryContext, nullptr};
    if (!as_owner(linked.owner, read_all, &reading, refusal, table_timeout_ms))
        return false;
    *keys = reading.keys == nullptr ? PointerGetDatum(construct_empty_array(TEXTOID))
                                    : makeArrayResult(reading.keys, reading.memory);
    return true;
}

} // namespace notion::pg::apply
