// Images: see the header. What is left behind is allocated in the caller's context.
// scope: call.
#include "pg/apply/image.hpp"

#include "bridge/key.hpp"
#include "pg/apply/rows.hpp"
#include "pg/capture/key.hpp"
#include "pg/worker/query.hpp"

namespace notion::pg::apply {
namespace {

struct Task {
    const Linked* linked;
    const char* statement;
    std::string_view key;   ///< $1 where it is not empty
    std::string_view image; ///< $1, as jsonb, where there is no key
    MemoryContext memory;
    std::string_view result; ///< of the first column of the first row
};

struct Values {
    Oid types[capture::key_columns_max];
    Datum datums[capture::key_columns_max];
    int count;
};

void add_key(Values& values, const Task& task) {
    const Linked& linked = *task.linked;
    std::string_view parts[capture::key_columns_max];
    char* room = static_cast<char*>(palloc(task.key.size() + 1));
    if (!bridge::split_key(task.key, std::span(parts, Size(linked.key_count)), room))
        elog(ERROR, "a key of table %s could not be read", linked.qualified);
    for (int i = 0; i < linked.key_count; i++) {
        const LinkedColumn& key = linked.keys[i];
        values.types[i] = key.type;
        values.datums[i] = OidInputFunctionCall(
            key.input, pnstrdup(parts[i].data(), parts[i].size()), key.io_parameter, key.typmod);
    }
    values.count = linked.key_count;
}

void body(void* state) {
    auto* task = static_cast<Task*>(state);
    worker::connect_spi();
    Values values = {{JSONBOID}, {}, 1};
    if (task->key.empty())
        values.datums[0] = DirectFunctionCall1(
            jsonb_in, CStringGetDatum(pnstrdup(task->image.data(), task->image.size())));
    else
        add_key(values, *task);
    const int result = SPI_execute_with_args(task->statement, values.count, values.types,
                                             values.datums, nullptr, false, 0);
    if (result < 0)
        elog(ERROR, "SPI_execute_with_args failed: %s", SPI_result_code_string(result));
    if (result == SPI_OK_SELECT && SPI_processed > 0)
        if (const char* text = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1))
            task->result = keep(task->memory, text);
    SPI_finish();
}

const char* key_match(const Linked& linked) {
    StringInfoData words;
    initStringInfo(&words);
    for (int i = 0; i < linked.key_count; i++)
        appendStringInfo(&words, " %s %s OPERATOR(pg_catalog.=) $%d", i == 0 ? "WHERE" : "AND",
                         quote_identifier(NameStr(linked.keys[i].name)), i + 1);
    return words.data;
}

const char* stored_columns(const Linked& linked) {
    static constinit worker::Query read = {
        "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute"
        " WHERE attrelid = $1::bigint::oid AND attnum > 0 AND NOT attisdropped"
        "   AND attgenerated = ''"};
    (void)worker::run(read, {worker::as_int8(int64_t(linked.table))});
    return worker::column_text(0, 1);
}

/// What the column is set to, by its type.
const char* mark_value(const Linked& linked, const char* column, bool trashed) {
    const AttrNumber number = get_attnum(linked.table, column);
    const Oid type = number == InvalidAttrNumber ? InvalidOid : get_atttype(linked.table, number);
    const Oid base = OidIsValid(type) ? getBaseType(type) : InvalidOid;
    if (base == BOOLOID)
        return trashed ? "true" : "false";
    if (!trashed)
        return "NULL";
    const bool is_time = base == TIMESTAMPTZOID || base == TIMESTAMPOID || base == DATEOID;
    return is_time ? "pg_catalog.now()" : "'trashed'";
}

Task task_for(const Linked& linked, const char* statement) {
    Task task = {};
    task.linked = &linked;
    task.statement = statement;
    task.memory = CurrentMemoryContext;
    return task;
}

} // namespace

bool read_image(const Linked& linked, std::string_view key, std::string_view* image,
                Refusal* refusal) {
    Task task = task_for(linked, psprintf("SELECT pg_catalog.to_jsonb(t)::text FROM %s t%s",
                                          linked.qualified, key_match(linked)));
    task.key = key;
    task.result = "null";
    const bool well = as_owner(linked.owner, body, &task, refusal);
    *image = task.result;
    return well;
}

bool revive_row(const Linked& linked, std::string_view image, Refusal* refusal) {
    const char* columns = stored_columns(linked);
    Task task =
        task_for(linked, psprintf("INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE SELECT %s FROM "
                                  "pg_catalog.jsonb_populate_record(NULL::%s, $1)",
                                  linked.qualified, columns, columns, linked.qualified));
    task.image = image;
    return as_owner(linked.owner, body, &task, refusal);
}

bool mark_row(const Linked& linked, std::string_view key, std::string_view column, bool trashed,
              Refusal* refusal) {
    const char* name = pnstrdup(column.data(), column.size());
    Task task = task_for(linked, psprintf("UPDATE %s SET %s = %s%s", linked.qualified,
                                          quote_identifier(name), mark_value(linked, name, trashed),
                                          key_match(linked)));
    task.key = key;
    return as_owner(linked.owner, body, &task, refusal);
}

} // namespace notion::pg::apply
