// Rows: see the header. Each body runs inside as_owner; what it leaves behind is allocated in the
// caller's context, which outlives the subtransaction. Operators are named with their schema.
// scope: call.
#include "pg/apply/rows.hpp"

#include "pg/capture/key.hpp"
#include "pg/worker/query.hpp"

namespace notion::pg::apply {
namespace {

struct Task {
    const Linked* linked;
    std::string_view key;
    const Assignments* set;
    Lock lock;
    MemoryContext memory; ///< for what is returned
    Row row;
    std::string_view new_key;
};

void connect() {
    if (SPI_connect() != SPI_OK_CONNECT)
        elog(ERROR, "SPI_connect failed");
}

/// Input functions run here, as the owner: a domain's checks are the owner's code.
Datum input(const LinkedColumn& column, std::string_view words) {
    return OidInputFunctionCall(column.input, pnstrdup(words.data(), words.size()),
                                column.io_parameter, column.typmod);
}

const LinkedColumn& column_of(const Task& task, const Assignment& value) {
    const LinkedColumn* column = find_column(*task.linked, value.column);
    if (column == nullptr)
        elog(ERROR, "column \"%s\" is not linked",
             pnstrdup(value.column.data(), value.column.size()));
    return *column;
}

/// Values of a write, as many as a table may have columns; the key is $1 where there is one.
struct Values {
    Oid* types;
    Datum* datums;
    char* nulls;
    int count;
};

Values room_for(int count) {
    return {static_cast<Oid*>(palloc(sizeof(Oid) * count)),
            static_cast<Datum*>(palloc(sizeof(Datum) * count)), static_cast<char*>(palloc(count)),
            0};
}

void add(Values& values, const LinkedColumn& column, std::string_view words, bool null) {
    values.types[values.count] = column.type;
    // A domain must see NULL as well: its input function is called with it.
    values.datums[values.count] =
        null ? OidInputFunctionCall(column.input, nullptr, column.io_parameter, column.typmod)
             : input(column, words);
    values.nulls[values.count] = null ? 'n' : ' ';
    values.count++;
}

void execute(const char* statement, const Values& values) {
    const int result = SPI_execute_with_args(statement, values.count, values.types, values.datums,
                                             values.nulls, false, 0);
    if (result < 0)
        elog(ERROR, "SPI_execute_with_args failed: %s", SPI_result_code_string(result));
}

std::string_view row_json(const Linked& linked, HeapTuple tuple, TupleDesc shape) {
    StringInfoData json;
    initStringInfo(&json);
    appendStringInfoChar(&json, '{');
    for (int i = 0; i < linked.column_count; i++) {
        if (i > 0)
            appendStringInfoChar(&json, ',');
        escape_json(&json, NameStr(linked.columns[i].name));
        appendStringInfoChar(&json, ':');
        bool null;
        const Datum value = heap_getattr(tuple, i + 1, shape, &null);
        if (null)
            appendStringInfoString(&json, "null");
        else
            escape_json(&json, OidOutputFunctionCall(linked.columns[i].output, value));
    }
    appendStringInfoChar(&json, '}');
    return {json.data, Size(json.len)};
}

void append_key_match(StringInfo statement, const Linked& linked) {
    appendStringInfo(statement, " WHERE %s OPERATOR(pg_catalog.=) $1",
                     quote_identifier(NameStr(linked.key.name)));
}

void read_body(void* state) {
    auto* task = static_cast<Task*>(state);
    const Linked& linked = *task->linked;
    connect();
    StringInfoData statement;
    initStringInfo(&statement);
    appendStringInfoString(&statement, "SELECT ");
    for (int i = 0; i < linked.column_count; i++)
        appendStringInfo(&statement, "%s%s", i == 0 ? "" : ", ",
                         quote_identifier(NameStr(linked.columns[i].name)));
    appendStringInfo(&statement, " FROM %s", linked.qualified);
    append_key_match(&statement, linked);
    if (task->lock == Lock::row)
        appendStringInfoString(&statement, " FOR UPDATE");
    Values values = room_for(1);
    add(values, linked.key, task->key, false);
    execute(statement.data, values);
    if (SPI_processed > 0) {
        MemoryContext caller = MemoryContextSwitchTo(task->memory);
        task->row.found = true;
        task->row.json = row_json(linked, SPI_tuptable->vals[0], SPI_tuptable->tupdesc);
        MemoryContextSwitchTo(caller);
    }
    SPI_finish();
}

void update_body(void* state) {
    auto* task = static_cast<Task*>(state);
    connect();
    Values values = room_for(task->set->count + 1);
    add(values, task->linked->key, task->key, false);
    StringInfoData statement;
    initStringInfo(&statement);
    appendStringInfo(&statement, "UPDATE %s SET ", task->linked->qualified);
    for (int i = 0; i < task->set->count; i++) {
        const Assignment& set = task->set->list[i];
        const LinkedColumn& column = column_of(*task, set);
        add(values, column, set.text, set.null);
        appendStringInfo(&statement, "%s%s = $%d", i == 0 ? "" : ", ",
                         quote_identifier(NameStr(column.name)), values.count);
    }
    append_key_match(&statement, *task->linked);
    execute(statement.data, values);
    SPI_finish();
}

const char* insert_statement(const Task& task, Values* values) {
    const char* key = quote_identifier(NameStr(task.linked->key.name));
    if (task.set->count == 0)
        return psprintf("INSERT INTO %s DEFAULT VALUES RETURNING %s", task.linked->qualified, key);
    StringInfoData columns;
    StringInfoData places;
    initStringInfo(&columns);
    initStringInfo(&places);
    for (int i = 0; i < task.set->count; i++) {
        const Assignment& set = task.set->list[i];
        const LinkedColumn& column = column_of(task, set);
        add(*values, column, set.text, set.null);
        appendStringInfo(&columns, "%s%s", i == 0 ? "" : ", ",
                         quote_identifier(NameStr(column.name)));
        appendStringInfo(&places, "%s$%d", i == 0 ? "" : ", ", values->count);
    }
    return psprintf("INSERT INTO %s (%s) VALUES (%s) RETURNING %s", task.linked->qualified,
                    columns.data, places.data, key);
}

void insert_body(void* state) {
    auto* task = static_cast<Task*>(state);
    connect();
    Values values = room_for(task->set->count + 1);
    execute(insert_statement(*task, &values), values);
    if (SPI_processed != 1)
        ereport(ERROR, (errcode(ERRCODE_TRIGGERED_ACTION_EXCEPTION),
                        errmsg("table %s took no row: a trigger or rule of it dropped the insert",
                               task->linked->qualified)));
    bool null;
    const Datum key = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &null);
    task->new_key = keep(task->memory, capture::key_text(key, task->linked->key.type));
    SPI_finish();
}

void delete_body(void* state) {
    auto* task = static_cast<Task*>(state);
    connect();
    StringInfoData statement;
    initStringInfo(&statement);
    appendStringInfo(&statement, "DELETE FROM %s", task->linked->qualified);
    append_key_match(&statement, *task->linked);
    Values values = room_for(1);
    add(values, task->linked->key, task->key, false);
    execute(statement.data, values);
    SPI_finish();
}

Task task_for(const Linked& linked, std::string_view key, const Assignments* set) {
    Task task = {};
    task.linked = &linked;
    task.key = key;
    task.set = set;
    task.memory = CurrentMemoryContext;
    return task;
}

} // namespace

std::string_view keep(MemoryContext memory, std::string_view words) {
    char* kept = static_cast<char*>(MemoryContextAlloc(memory, words.size() + 1));
    memcpy(kept, words.data(), words.size());
    kept[words.size()] = '\0';
    return {kept, words.size()};
}

Assignments assignments(std::string_view json) {
    static constinit worker::Query members = {"SELECT key, value FROM jsonb_each_text($1)"};
    const uint64 rows = run(members, {worker::as_jsonb(json)});
    Assignments result = {};
    result.list = static_cast<Assignment*>(palloc(sizeof(Assignment) * (rows + 1)));
    for (uint64 row = 0; row < rows; row++)
        result.list[result.count++] = {worker::column_view(row, 1), worker::column_view(row, 2),
                                       worker::column_null(row, 2)};
    return result;
}

bool read_row(const Linked& linked, std::string_view key, Lock lock, Row* row, Refusal* refusal) {
    Task task = task_for(linked, key, nullptr);
    task.lock = lock;
    const bool well = as_owner(linked.owner, read_body, &task, refusal);
    *row = task.row;
    return well;
}

bool update_row(const Linked& linked, std::string_view key, const Assignments& to,
                Refusal* refusal) {
    Task task = task_for(linked, key, &to);
    return as_owner(linked.owner, update_body, &task, refusal);
}

bool insert_row(const Linked& linked, const Assignments& values, std::string_view* key,
                Refusal* refusal) {
    Task task = task_for(linked, {}, &values);
    const bool well = as_owner(linked.owner, insert_body, &task, refusal);
    *key = task.new_key;
    return well;
}

bool delete_row(const Linked& linked, std::string_view key, Refusal* refusal) {
    Task task = task_for(linked, key, nullptr);
    return as_owner(linked.owner, delete_body, &task, refusal);
}

} // namespace notion::pg::apply
