// Rows: see the header. Each body runs inside as_owner; what it leaves behind is allocated in the
// caller's context, which outlives the subtransaction.
// scope: call.
#include "pg/apply/rows.hpp"

#include "pg/apply/references.hpp"
#include "pg/apply/values.hpp"
#include "pg/capture/key.hpp"
#include "pg/worker/query.hpp"

namespace notion::pg::apply {
namespace {

struct Task {
    const Linked* linked;
    std::string_view key;
    const Assignments* set;
    const char* conditions; ///< of find_holder; of park_row, what is set
    std::string_view words; ///< of find_holder: the values, as JSON
    Lock lock;
    MemoryContext memory; ///< for what is returned
    Row row;
    std::string_view new_key;
};

const LinkedColumn& column_of(const Task& task, const Assignment& value) {
    const LinkedColumn* column = find_column(*task.linked, value.column);
    if (column == nullptr)
        elog(ERROR, "column \"%s\" is not linked",
             pnstrdup(value.column.data(), value.column.size()));
    return *column;
}

/// The columns of the key, as they stand at the end of a statement's result.
std::string_view key_at(const Linked& linked, HeapTuple tuple, TupleDesc shape, int first) {
    Datum values[capture::key_columns_max];
    Oid types[capture::key_columns_max];
    for (int i = 0; i < linked.key_count; i++) {
        bool null;
        values[i] = heap_getattr(tuple, first + i, shape, &null);
        types[i] = linked.keys[i].type;
        if (null)
            ereport(ERROR, (errcode(ERRCODE_NOT_NULL_VIOLATION),
                            errmsg("key column \"%s\" of table %s is null",
                                   NameStr(linked.keys[i].name), linked.qualified)));
    }
    return capture::key_text(values, types, linked.key_count);
}

/// The key that a reference of several columns holds: none where one of them is null.
void append_joined(StringInfo json, const JoinedReference& joined, HeapTuple tuple, TupleDesc shape,
                   int first) {
    Datum values[capture::key_columns_max];
    Oid types[capture::key_columns_max];
    bool is_null = false;
    for (int i = 0; i < joined.count; i++) {
        bool null;
        values[i] = heap_getattr(tuple, first + i, shape, &null);
        types[i] = joined.columns[i].type;
        is_null |= null;
    }
    escape_json(json, NameStr(joined.name));
    appendStringInfoChar(json, ':');
    if (is_null)
        return appendStringInfoString(json, "null");
    const std::string_view key = capture::key_text(values, types, joined.count);
    escape_json(json, pnstrdup(key.data(), key.size()));
}

std::string_view row_json(const Linked& linked, HeapTuple tuple, TupleDesc shape,
                          std::string_view key) {
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
    int place = linked.column_count;
    for (int i = 0; i < linked.joined_count; i++) {
        appendStringInfoString(&json, place > 0 ? "," : "");
        append_joined(&json, linked.joined[i], tuple, shape, place + 1);
        place += linked.joined[i].count;
    }
    if (linked.key_is_joined) {
        appendStringInfo(&json, "%s\"(key)\":", place > 0 ? "," : "");
        escape_json(&json, pnstrdup(key.data(), key.size()));
    }
    appendStringInfoChar(&json, '}');
    return {json.data, Size(json.len)};
}

void append_key_columns(StringInfo statement, const Linked& linked) {
    for (int i = 0; i < linked.key_count; i++)
        appendStringInfo(statement, "%s%s", i == 0 ? "" : ", ",
                         quote_identifier(NameStr(linked.keys[i].name)));
}

void append_filter(StringInfo statement, const Linked& linked) {
    if (linked.filter != nullptr)
        appendStringInfo(statement, ", coalesce(%s, false)", linked.filter);
}

/// Whether the row of the last statement, whose column `number` is the filter's, fulfils it.
bool fulfils_filter(const Linked& linked, int number) {
    if (linked.filter == nullptr)
        return true;
    bool null;
    return DatumGetBool(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, number, &null));
}

/// The paired columns, and how many they are.
int append_paired(StringInfo statement, const Linked& linked) {
    int count = 0;
    const auto add = [&](const LinkedColumn& column) {
        appendStringInfo(statement, "%s%s", count++ == 0 ? "" : ", ",
                         quote_identifier(NameStr(column.name)));
    };
    for (int i = 0; i < linked.column_count; i++)
        add(linked.columns[i]);
    for (int i = 0; i < linked.joined_count; i++)
        for (int n = 0; n < linked.joined[i].count; n++)
            add(linked.joined[i].columns[n]);
    if (count == 0) {
        appendStringInfoString(statement, "1");
        count = 1;
    }
    return count;
}

void read_body(void* state) {
    auto* task = static_cast<Task*>(state);
    const Linked& linked = *task->linked;
    worker::connect_spi();
    StringInfoData statement;
    initStringInfo(&statement);
    appendStringInfoString(&statement, "SELECT ");
    const int columns = append_paired(&statement, linked);
    append_filter(&statement, linked);
    appendStringInfo(&statement, " FROM %s", linked.qualified);
    appendStringInfoString(&statement, key_match(linked));
    if (task->lock == Lock::row)
        appendStringInfoString(&statement, " FOR UPDATE");
    Values values = room_for(linked.key_count);
    add_key(values, linked, task->key);
    execute(statement.data, values);
    if (SPI_processed > 0) {
        MemoryContext caller = MemoryContextSwitchTo(task->memory);
        task->row.outside = !fulfils_filter(linked, columns + 1);
        task->row.found = !task->row.outside;
        if (task->row.found)
            task->row.json =
                row_json(linked, SPI_tuptable->vals[0], SPI_tuptable->tupdesc, task->key);
        MemoryContextSwitchTo(caller);
    }
    SPI_finish();
}

void update_body(void* state) {
    auto* task = static_cast<Task*>(state);
    worker::connect_spi();
    Values values = room_for(task->set->count + task->linked->key_count);
    add_key(values, *task->linked, task->key);
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
    appendStringInfoString(&statement, key_match(*task->linked));
    execute(statement.data, values);
    SPI_finish();
}

/// " (a, b) VALUES ($1, $2)"; a joined key that the page is to come back under is taken apart.
void append_values(StringInfo statement, const Task& task, Values* values) {
    const Linked& linked = *task.linked;
    StringInfoData columns;
    StringInfoData places;
    initStringInfo(&columns);
    initStringInfo(&places);
    for (int i = 0; i < task.set->count; i++) {
        const Assignment& set = task.set->list[i];
        const int before = values->count;
        const bool is_key = linked.key_is_joined && set.column == joined_key_name;
        if (is_key)
            add_key(*values, linked, set.text);
        else
            add(*values, column_of(task, set), set.text, set.null);
        for (int n = before; n < values->count; n++) {
            const LinkedColumn& column = is_key ? linked.keys[n - before] : column_of(task, set);
            appendStringInfo(&columns, "%s%s", n == 0 ? "" : ", ",
                             quote_identifier(NameStr(column.name)));
            appendStringInfo(&places, "%s$%d", n == 0 ? "" : ", ", n + 1);
        }
    }
    if (values->count == 0)
        appendStringInfoString(statement, " DEFAULT VALUES");
    else
        appendStringInfo(statement, " (%s) VALUES (%s)", columns.data, places.data);
}

void insert_body(void* state) {
    auto* task = static_cast<Task*>(state);
    const Linked& linked = *task->linked;
    worker::connect_spi();
    Values values = room_for(task->set->count + linked.key_count);
    StringInfoData statement;
    initStringInfo(&statement);
    appendStringInfo(&statement, "INSERT INTO %s", linked.qualified);
    append_values(&statement, *task, &values);
    appendStringInfoString(&statement, " RETURNING ");
    append_key_columns(&statement, linked);
    append_filter(&statement, linked);
    execute(statement.data, values);
    if (SPI_processed != 1)
        ereport(ERROR, (errcode(ERRCODE_TRIGGERED_ACTION_EXCEPTION),
                        errmsg("table %s took no row: a trigger or rule of it dropped the insert",
                               linked.qualified)));
    if (!fulfils_filter(linked, linked.key_count + 1))
        ereport(ERROR,
                (errcode(ERRCODE_CHECK_VIOLATION),
                 errmsg("the page does not fulfil the filter of table %s's link", linked.qualified),
                 errdetail("Its row would be outside of the link at once.")));
    task->new_key =
        keep(task->memory, key_at(linked, SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1));
    SPI_finish();
}

void delete_body(void* state) {
    auto* task = static_cast<Task*>(state);
    worker::connect_spi();
    StringInfoData statement;
    initStringInfo(&statement);
    appendStringInfo(&statement, "DELETE FROM %s", task->linked->qualified);
    appendStringInfoString(&statement, key_match(*task->linked));
    Values values = room_for(task->linked->key_count);
    add_key(values, *task->linked, task->key);
    execute(statement.data, values);
    SPI_finish();
}

/// The row as it would be stands in n, so that indexed expressions mean the same of both.
void holder_body(void* state) {
    auto* task = static_cast<Task*>(state);
    const Linked& linked = *task->linked;
    const bool is_new = task->key.empty();
    worker::connect_spi();
    Values values = room_for(linked.key_count + 1);
    if (!is_new)
        add_key(values, linked, task->key);
    const char* match = is_new ? "" : key_match(linked);
    add_jsonb(values, task->words);
    StringInfoData statement;
    initStringInfo(&statement);
    appendStringInfo(&statement,
                     "WITH n AS MATERIALIZED (SELECT (pg_catalog.jsonb_populate_record(");
    if (is_new)
        appendStringInfo(&statement, "NULL::%s, $%d)).*", linked.qualified, values.count);
    else
        appendStringInfo(&statement, "m, $%d)).* FROM %s m%s", values.count, linked.qualified,
                         match);
    appendStringInfoString(&statement, ") SELECT ");
    append_key_columns(&statement, linked);
    appendStringInfo(&statement, " FROM %s WHERE %s", linked.qualified, task->conditions);
    if (!is_new) // " WHERE k = $1 AND …"
        appendStringInfo(&statement, " AND NOT (%s)", match + strlen(" WHERE "));
    appendStringInfoString(&statement, " LIMIT 1");
    execute(statement.data, values);
    if (SPI_processed > 0)
        task->new_key =
            keep(task->memory, key_at(linked, SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1));
    SPI_finish();
}

void park_body(void* state) {
    auto* task = static_cast<Task*>(state);
    worker::connect_spi();
    Values values = room_for(task->linked->key_count);
    add_key(values, *task->linked, task->key);
    StringInfoData statement;
    initStringInfo(&statement);
    appendStringInfo(&statement, "UPDATE %s SET %s", task->linked->qualified, task->conditions);
    appendStringInfoString(&statement, key_match(*task->linked));
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

bool can_be_locked(const Linked& linked, LOCKMODE mode) {
    return ConditionalLockRelationOid(linked.table, mode);
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
    if (well && row->found && linked.refers)
        follow_row(linked, row);
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

bool find_holder(const Linked& linked, std::string_view key, std::string_view values,
                 const char* conditions, std::string_view* holder, Refusal* refusal) {
    Task task = task_for(linked, key, nullptr);
    task.conditions = conditions;
    task.words = values;
    const bool well = as_owner(linked.owner, holder_body, &task, refusal);
    *holder = task.new_key;
    return well;
}

bool park_row(const Linked& linked, std::string_view key, const char* settings, Refusal* refusal) {
    Task task = task_for(linked, key, nullptr);
    task.conditions = settings;
    return as_owner(linked.owner, park_body, &task, refusal);
}

} // namespace notion::pg::apply
