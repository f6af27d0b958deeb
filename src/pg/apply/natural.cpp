// Natural keys: see the header. Values are hashed as text under the worker's pinned settings; a
// collision of hashes looks like a shared value, and pairs nothing.
// scope: call.
#include "pg/apply/natural.hpp"

#include "pg/capture/key.hpp"
#include "pg/raise.hpp"

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
    const LinkedColumn* column; ///< null: keys only
    MemoryContext memory;
    HTAB* rows;
    ArrayBuildState* keys;
};

void take(Reading& reading, HeapTuple tuple, TupleDesc shape) {
    bool null;
    const Datum key = heap_getattr(tuple, 1, shape, &null);
    const std::string_view words = capture::key_text(key, reading.linked->key.type);
    if (reading.column == nullptr) {
        reading.keys = accumArrayResult(
            reading.keys,
            PointerGetDatum(cstring_to_text_with_len(words.data(), int(words.size()))), false,
            TEXTOID, reading.memory);
        return;
    }
    const Datum value = heap_getattr(tuple, 2, shape, &null);
    if (null)
        return;
    const char* text = OidOutputFunctionCall(reading.column->output, value);
    const uint64 hash = hash_of(text);
    bool found;
    auto* entry = static_cast<Entry*>(hash_search(reading.rows, &hash, HASH_ENTER, &found));
    entry->rows = found ? entry->rows + 1 : 1;
    entry->key = keep(reading.memory, words);
}

void read_all(void* state) {
    auto* reading = static_cast<Reading*>(state);
    const Linked& linked = *reading->linked;
    if (SPI_connect() != SPI_OK_CONNECT)
        elog(ERROR, "SPI_connect failed");
    const char* key = quote_identifier(NameStr(linked.key.name));
    const char* value = reading->column == nullptr
                            ? ""
                            : psprintf(", %s", quote_identifier(NameStr(reading->column->name)));
    SPIPlanPtr plan =
        SPI_prepare(psprintf("SELECT %s%s FROM %s", key, value, linked.qualified), 0, nullptr);
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

Reading reading_of(const Linked& linked, const LinkedColumn* column) {
    Reading reading = {};
    reading.linked = &linked;
    reading.column = column;
    reading.memory = CurrentMemoryContext;
    return reading;
}

} // namespace

bool natural_keys(const Linked& linked, std::string_view column, NaturalKeys** keys,
                  Refusal* refusal) {
    Reading reading = reading_of(linked, find_column(linked, column));
    if (reading.column == nullptr)
        ereport(ERROR,
                (errcode(ERRCODE_UNDEFINED_COLUMN),
                 errmsg("column \"%s\" is not linked", pnstrdup(column.data(), column.size()))));
    HASHCTL control = {};
    control.keysize = sizeof(uint64);
    control.entrysize = sizeof(Entry);
    control.hcxt = CurrentMemoryContext;
    reading.rows = hash_create("pg_notion natural keys", 1024, &control,
                               HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
    *keys = static_cast<NaturalKeys*>(palloc(sizeof(NaturalKeys)));
    **keys = {NameStr(reading.column->name), reading.rows};
    return as_owner(linked.owner, read_all, &reading, refusal, table_timeout_ms);
}

std::string_view natural_match(const NaturalKeys& keys, const Linked& linked,
                               std::string_view snapshot, bridge::Text* text) {
    bridge::Fault fault;
    if (!bridge::sync_value(linked.core, snapshot, keys.column, text, fault))
        raise(fault);
    const std::string_view value = bridge::text_view(text);
    if (value.empty())
        return {};
    const uint64 hash = hash_of(value);
    bool found;
    const auto* entry = static_cast<Entry*>(hash_search(keys.rows, &hash, HASH_FIND, &found));
    return found && entry->rows == 1 ? entry->key : std::string_view();
}

bool all_keys(const Linked& linked, Datum* keys, Refusal* refusal) {
    Reading reading = reading_of(linked, nullptr);
    if (!as_owner(linked.owner, read_all, &reading, refusal, table_timeout_ms))
        return false;
    *keys = reading.keys == nullptr ? PointerGetDatum(construct_empty_array(TEXTOID))
                                    : makeArrayResult(reading.keys, reading.memory);
    return true;
}

} // namespace notion::pg::apply
