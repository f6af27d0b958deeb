// Images: see the header. What is left behind is allocated in the caller's context.
// scope: call.
#include "pg/apply/image.hpp"

#include "pg/apply/rows.hpp"
#include "pg/apply/values.hpp"
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

void body(void* state) {
    auto* task = static_cast<Task*>(state);
    worker::connect_spi();
    Values values = room_for(Max(task->linked->key_count, 1));
    if (task->key.empty())
        add_jsonb(values, task->image);
    else
        add_key(values, *task->linked, task->key);
    execute(task->statement, values);
    if (SPI_tuptable != nullptr && SPI_processed > 0)
        if (const char* text = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1))
            task->result = keep(task->memory, text);
    SPI_finish();
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
