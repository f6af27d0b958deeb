// Writing: see the header. scope: query.
#include "pg/postgres.hpp"

#include "bridge/mux.hpp"
#include "pg/content.hpp"
#include "pg/fdw/columns.hpp"
#include "pg/fdw/fields.hpp"
#include "pg/fdw/linked.hpp"
#include "pg/fdw/writing.hpp"
#include "pg/fdw/written.hpp"
#include "pg/own.hpp"
#include "pg/settings.hpp"
#include "pg/wait.hpp"
#include "pg/zone.hpp"

namespace notion::pg {
namespace {

[[noreturn]] void computed(const Writing* writing, const bridge::ScanColumn& column) {
    bool is_id = column.field == bridge::Field::page_id;
    ereport(ERROR,
            (errcode(ERRCODE_GENERATED_ALWAYS),
             errmsg("column \"%s\" of foreign table \"%s\" cannot be written", column.name.data(),
                    RelationGetRelationName(writing->table)),
             errdetail(is_id ? "Notion chooses the id of a page." : "Notion computes its value."),
             errhint("Leave the column out; RETURNING shows what Notion gave it.")));
    pg_unreachable();
}

[[noreturn]] void unsayable(const Writing* writing, const bridge::ScanColumn& column) {
    ereport(ERROR, (errcode(sqlstate_of(ErrorKind::unsendable)),
                    errmsg("column \"%s\" of foreign table \"%s\" cannot be sent to Notion",
                           column.name.data(), RelationGetRelationName(writing->table)),
                    errdetail("The value is infinite, not a number, or before the year 1."),
                    errhint("Write NULL, which leaves the property empty, or a value that Notion "
                            "has.")));
    pg_unreachable();
}

void choose_returned(Writing* writing) {
    writing->returned = static_cast<int*>(palloc0(sizeof(int) * Max(writing->natts, 1)));
    writing->cells =
        static_cast<bridge::Cell*>(palloc0(sizeof(bridge::Cell) * Max(writing->natts, 1)));
    for (int number = 1; number <= writing->natts; number++)
        if (!writing->columns[number - 1].name.empty() &&
            (writing->wants_all || list_member_int(writing->wanted, number)))
            writing->returned[writing->returned_count++] = number;
}

bridge::Modify* open(Writing* writing) {
    size_t room = static_cast<size_t>(Max(writing->natts, 1));
    auto* sent = static_cast<bridge::ScanColumn*>(palloc0(sizeof(bridge::ScanColumn) * room));
    auto* back = static_cast<bridge::ScanColumn*>(palloc0(sizeof(bridge::ScanColumn) * room));
    size_t count = 0;
    for (int number = 1; number <= writing->natts; number++)
        if (writing->targets[number - 1] >= 0)
            sent[count++] = writing->columns[number - 1];
    for (int at = 0; at < writing->returned_count; at++)
        back[at] = writing->columns[writing->returned[at] - 1];
    if (writing->options.data_source == nullptr)
        ereport(ERROR, (errcode(ERRCODE_FDW_OPTION_NAME_NOT_FOUND),
                        errmsg("foreign table \"%s\" has no option data_source",
                               RelationGetRelationName(writing->table)),
                        errhint("ALTER FOREIGN TABLE … OPTIONS (ADD data_source '<URL or id>').")));
    bridge::ModifyPlan plan;
    plan.endpoint = writing->connection->endpoint;
    plan.data_source = writing->options.data_source;
    plan.table = RelationGetRelationName(writing->table);
    plan.zone = zone(writing->options.time_zone);
    plan.columns = {sent, count};
    plan.returned = {back, static_cast<size_t>(writing->returned_count)};
    plan.misfit_null = writing->options.on_misfit == OnMisfit::null;
    plan.new_options = writing->connection->options.new_options;
    plan.parallel = settings::max_parallel_requests;
    return own<bridge::Modify, bridge::modify_shut>(
        writing->context, [&](bridge::Fault& fault) { return bridge::modify_open(plan, fault); });
}

/// Before the first row: until then nothing is read, no token either.
void open_once(Writing* writing) {
    if (writing->modify != nullptr)
        return;
    MemoryContext before = MemoryContextSwitchTo(writing->context);
    Oid server = GetForeignTable(RelationGetRelid(writing->table))->serverid;
    writing->connection = connect(server, writing->role);
    writing->options =
        table_options(RelationGetRelid(writing->table), writing->connection->options);
    talk_begin(&writing->talk, writing->connection, sync::Priority::interactive);
    writing->entry = entry_begin(writing->context, &writing->talk, "write", writing->role);
    entry_names_table(writing->entry, writing->table);
    choose_returned(writing);
    writing->modify = open(writing);
    writing->is_linked = is_linked(bridge::modify_data_source(writing->modify));
    MemoryContextSwitchTo(before);
}

struct Row {
    bridge::ModifyCell* cells;
    size_t count;
    StringInfoData fields;
};

void add_cell(Writing* writing, Row* row, const NewValue& it) {
    const int number = it.number;
    const bridge::ScanColumn& column = writing->columns[number - 1];
    if (writing->targets[number - 1] < 0)
        computed(writing, column);
    bridge::ModifyCell* cell = &row->cells[row->count++];
    cell->column = writing->targets[number - 1];
    cell->was_null = it.was_null;
    entry_names_column(writing->entry, column.name);
    if (!from_datum(it.value, it.null, &writing->shapes[number - 1], &cell->cell))
        unsayable(writing, column);
    if (!writing->options.log_values)
        return;
    const Oid type = TupleDescAttr(RelationGetDescr(writing->table), number - 1)->atttypid;
    const Known from = {type, it.old, it.was_null};
    fields_add(&row->fields, column.name.data(), it.old_known ? &from : nullptr,
               {type, it.value, it.null});
}

Row empty_row(Writing* writing) {
    auto* cells = static_cast<bridge::ModifyCell*>(
        palloc0(sizeof(bridge::ModifyCell) * Max(writing->natts, 1)));
    Row row = {cells, 0, {}};
    initStringInfo(&row.fields);
    return row;
}

void add(Writing* writing, bridge::Write write, std::string_view page, Row& row,
         std::string_view base) {
    bridge::ModifyRow taken;
    taken.write = write;
    writing->kind = write;
    taken.page_id = page;
    taken.cells = {row.cells, row.count};
    taken.base = base;
    if (!bridge::modify_add(writing->modify, taken, writing->talk.fault))
        raise(writing->talk.fault);
    MemoryContext before = MemoryContextSwitchTo(writing->context);
    writing->under_way = lappend(writing->under_way, pstrdup(fields_end(&row.fields)));
    MemoryContextSwitchTo(before);
}

int64_t Entry::*count_of(bridge::Write kind) {
    return kind == bridge::Write::create   ? &Entry::inserted
           : kind == bridge::Write::update ? &Entry::updated
                                           : &Entry::trashed;
}

/// The first of those under way is written.
void log_written(Writing* writing, std::string_view page) {
    auto* fields = static_cast<char*>(linitial(writing->under_way));
    writing->under_way = list_delete_first(writing->under_way);
    entry_wrote(writing->entry, count_of(writing->kind), page, fields);
    pfree(fields);
}

/// Rows that Notion confirmed since the last call: the transaction hears of them at once, since
/// whatever comes next may end it.
void count_written(Writing* writing) {
    int64_t now = bridge::modify_written(writing->modify);
    if (now > writing->counted)
        note_written(now - writing->counted);
    writing->entry->*count_of(writing->kind) += now - writing->counted;
    writing->counted = now;
}

/// Waits for the mux. A cancel while Notion has a write and has not answered is an unknown outcome,
/// and is told as one.
void wait_guarded(Writing* writing, int64_t wait_ms, WaitFor what) {
    int fd = bridge::mux_fd(writing->talk.fault);
    if (fd < 0)
        raise(writing->talk.fault);
    MemoryContext context = CurrentMemoryContext;
    PG_TRY();
    { wait_once(fd, wait_ms, what); }
    PG_CATCH();
    {
        MemoryContextSwitchTo(context);
        ErrorData* ended = CopyErrorData();
        if (bridge::modify_in_doubt(writing->modify, ended->message, writing->talk.fault)) {
            FlushErrorState();
            entry_failed(writing->entry, writing->talk.fault);
            raise(writing->talk.fault);
        }
        PG_RE_THROW();
    }
    PG_END_TRY();
}

void serve_ask(Writing* writing, const bridge::Step& step) {
    Talk* talk = &writing->talk;
    talk_check();
    int64_t wait_ms = take_request(talk->connection->allowance, talk->priority);
    if (wait_ms > 0) {
        talk_announce(talk, wait_ms);
        int64_t from = steady_ms();
        wait_guarded(writing, wait_ms, WaitFor::budget);
        talk->waited_ms += steady_ms() - from;
        return;
    }
    talk_count(talk);
    bool sent = step.reader != nullptr ? bridge::reader_send(step.reader, talk->fault)
                                       : bridge::modify_send(writing->modify, talk->fault);
    if (!sent)
        raise(talk->fault);
}

} // namespace

AttrNumber id_column_of(Relation table) {
    TupleDesc description = RelationGetDescr(table);
    for (int at = 0; at < description->natts; at++) {
        Form_pg_attribute attribute = TupleDescAttr(description, at);
        if (attribute->attisdropped ||
            page_field(NameStr(attribute->attname)) != bridge::Field::page_id)
            continue;
        if (scan_column(table, attribute->attnum).field == bridge::Field::page_id)
            return attribute->attnum;
    }
    return InvalidAttrNumber;
}

void check_writable(Relation table) {
    ForeignServer* server = GetForeignServer(GetForeignTable(RelationGetRelid(table))->serverid);
    ServerOptions options = server_options(server);
    if (!table_options(RelationGetRelid(table), options).read_only)
        return;
    ereport(ERROR, (errcode(sqlstate_of(ErrorKind::forbidden)),
                    errmsg("foreign table \"%s\" is read only", RelationGetRelationName(table)),
                    errdetail("The option read_only is set on %s.",
                              options.read_only ? "its server" : "the table"),
                    errhint("ALTER %s … OPTIONS (SET read_only 'false').",
                            options.read_only ? "SERVER" : "FOREIGN TABLE")));
}

Writing* writing_begin(Relation table, Oid role, List* wanted, MemoryContext parent) {
    MemoryContext context = AllocSetContextCreate(parent, "notion writes", ALLOCSET_DEFAULT_SIZES);
    MemoryContext before = MemoryContextSwitchTo(context);
    auto* writing = static_cast<Writing*>(palloc0(sizeof(Writing)));
    writing->context = context;
    writing->scratch = AllocSetContextCreate(context, "notion row", ALLOCSET_DEFAULT_SIZES);
    writing->table = table;
    writing->role = role;
    writing->wanted = list_copy(wanted);
    TupleDesc description = RelationGetDescr(table);
    writing->natts = description->natts;
    size_t room = static_cast<size_t>(Max(writing->natts, 1));
    writing->columns = static_cast<bridge::ScanColumn*>(palloc0(sizeof(bridge::ScanColumn) * room));
    writing->shapes = static_cast<Shape*>(palloc0(sizeof(Shape) * room));
    writing->targets = static_cast<int*>(palloc0(sizeof(int) * room));
    int targets = 0;
    for (int at = 0; at < writing->natts; at++) {
        Form_pg_attribute attribute = TupleDescAttr(description, at);
        writing->targets[at] = -1;
        if (attribute->attisdropped)
            continue;
        writing->columns[at] = scan_column(table, attribute->attnum);
        shape_of(attribute->atttypid, attribute->atttypmod, context, &writing->shapes[at]);
        if (bridge::modify_accepts(writing->columns[at]))
            writing->targets[at] = targets++;
    }
    writing->id_column = id_column_of(table);
    MemoryContextSwitchTo(before);
    return writing;
}

void writing_end(Writing* writing) {
    MemoryContextDelete(writing->context);
}

std::string_view writing_page(Writing* writing, Datum id) {
    bridge::Cell cell;
    MemoryContext before = MemoryContextSwitchTo(writing->scratch);
    from_datum(id, false, &writing->shapes[writing->id_column - 1], &cell);
    MemoryContextSwitchTo(before);
    return cell.text;
}

void writing_insert(Writing* writing, TupleTableSlot* slot) {
    open_once(writing);
    slot_getallattrs(slot);
    MemoryContext before = MemoryContextSwitchTo(writing->scratch);
    Row row = empty_row(writing);
    for (int at = 0; at < writing->natts; at++)
        if (!slot->tts_isnull[at])
            add_cell(writing, &row, {at + 1, slot->tts_values[at], false, true, false, 0});
    add(writing, bridge::Write::create, "", row, "");
    MemoryContextSwitchTo(before);
    MemoryContextReset(writing->scratch);
}

bool writing_same(const Writing* writing, int number, Datum one, bool one_null, Datum other,
                  bool other_null) {
    Form_pg_attribute attribute = TupleDescAttr(RelationGetDescr(writing->table), number - 1);
    if (one_null || other_null)
        return one_null == other_null;
    return datum_image_eq(one, other, attribute->attbyval, attribute->attlen);
}

void writing_change(Writing* writing, std::string_view page, const NewValue* values, int count,
                    std::string_view base) {
    open_once(writing);
    MemoryContext before = MemoryContextSwitchTo(writing->scratch);
    Row row = empty_row(writing);
    for (int at = 0; at < count; at++)
        add_cell(writing, &row, values[at]);
    add(writing, bridge::Write::update, page, row, base);
    MemoryContextSwitchTo(before);
    MemoryContextReset(writing->scratch);
}

bool writing_update(Writing* writing, std::string_view page, TupleTableSlot* slot,
                    TupleTableSlot* old) {
    slot_getallattrs(slot);
    slot_getallattrs(old);
    MemoryContext before = MemoryContextSwitchTo(writing->scratch);
    auto* values = static_cast<NewValue*>(palloc0(sizeof(NewValue) * Max(writing->natts, 1)));
    int count = 0;
    for (int at = 0; at < writing->natts; at++) {
        bool dropped = TupleDescAttr(RelationGetDescr(writing->table), at)->attisdropped;
        if (!dropped && !writing_same(writing, at + 1, slot->tts_values[at], slot->tts_isnull[at],
                                      old->tts_values[at], old->tts_isnull[at]))
            values[count++] = {
                at + 1, slot->tts_values[at], slot->tts_isnull[at], old->tts_isnull[at],
                true,   old->tts_values[at]};
    }
    MemoryContextSwitchTo(before);
    if (count > 0)
        writing_change(writing, page, values, count, "");
    return count > 0;
}

bool writing_room(const Writing* writing) {
    return writing->modify == nullptr || bridge::modify_room(writing->modify);
}

void writing_trash(Writing* writing, std::string_view page) {
    open_once(writing);
    MemoryContext before = MemoryContextSwitchTo(writing->scratch);
    Row row = empty_row(writing);
    add(writing, bridge::Write::trash, page, row, "");
    MemoryContextSwitchTo(before);
    MemoryContextReset(writing->scratch);
}

bool writing_next(Writing* writing) {
    Talk* talk = &writing->talk;
    while (true) {
        if (!bridge::mux_step(talk->fault))
            raise(talk->fault);
        bridge::Step step =
            bridge::modify_next(writing->modify, steady_ms(), writing->cells, talk->fault);
        count_written(writing);
        talk_hear(talk, step);
        switch (step.turn) {
        case bridge::Turn::row:
            log_written(writing, bridge::modify_page_id(writing->modify));
            if (writing->is_linked)
                page_is_due(bridge::modify_data_source(writing->modify),
                            bridge::modify_page_id(writing->modify));
            return true;
        case bridge::Turn::done:
            return false;
        case bridge::Turn::failed:
            entry_failed(writing->entry, talk->fault);
            raise(talk->fault);
        case bridge::Turn::asks:
            serve_ask(writing, step);
            break;
        case bridge::Turn::waits:
            wait_guarded(writing, step.wait_ms, WaitFor::reply);
            break;
        }
    }
}

void writing_store(Writing* writing, TupleTableSlot* slot) {
    TupleDesc description = RelationGetDescr(writing->table);
    auto* values = static_cast<Datum*>(palloc0(sizeof(Datum) * Max(writing->natts, 1)));
    auto* nulls = static_cast<bool*>(palloc(sizeof(bool) * Max(writing->natts, 1)));
    memset(nulls, true, sizeof(bool) * static_cast<size_t>(writing->natts));
    MemoryContext before = MemoryContextSwitchTo(writing->scratch);
    for (int at = 0; at < writing->returned_count; at++) {
        int number = writing->returned[at];
        if (writing->columns[number - 1].field == bridge::Field::content) {
            std::string_view markdown = read_content(writing->connection, &writing->talk,
                                                     bridge::modify_page_id(writing->modify));
            values[number - 1] = PointerGetDatum(cstring_to_text(server_text(markdown)));
            nulls[number - 1] = false;
            continue;
        }
        Placed placed = to_datum(writing->cells[at], &writing->shapes[number - 1]);
        if (placed.misfit != nullptr && writing->options.on_misfit != OnMisfit::null)
            ereport(
                ERROR,
                (errcode(sqlstate_of(ErrorKind::misfit)),
                 errmsg("column \"%s\" of foreign table \"%s\": %s",
                        writing->columns[number - 1].name.data(),
                        RelationGetRelationName(writing->table), placed.misfit),
                 errdetail("The row was written; Notion gave back a value that the column "
                           "cannot hold."),
                 errhint("Leave the column out of RETURNING, or give it a type of docs/types.md "
                         "that holds the value.")));
        values[number - 1] = placed.value;
        nulls[number - 1] = placed.null || placed.misfit != nullptr;
    }
    MemoryContextSwitchTo(before);
    ExecForceStoreHeapTuple(heap_form_tuple(description, values, nulls), slot, true);
    pfree(values);
    pfree(nulls);
    MemoryContextReset(writing->scratch);
}

} // namespace notion::pg
