// Writes to foreign tables of schema "system": see the header. scope: query.
#include "pg/postgres.hpp"

#include "bridge/object_write.hpp"
#include "bridge/objects.hpp"
#include "pg/api.hpp"
#include "pg/audit.hpp"
#include "pg/connection.hpp"
#include "pg/datum.hpp"
#include "pg/fdw/fields.hpp"
#include "pg/fdw/modify.hpp"
#include "pg/fdw/object_modify.hpp"
#include "pg/fdw/objects.hpp"
#include "pg/fdw/written.hpp"
#include "pg/own.hpp"
#include "pg/talk.hpp"

namespace notion::pg {
namespace {

struct ObjectWriting {
    MemoryContext context;
    MemoryContext scratch; ///< reset for each row
    const char* kind;
    Oid role;
    int natts;
    std::string_view* names; ///< by number from 1
    Shape* shapes;
    AttrNumber key_junk;
    Connection* connection; ///< null until the first row
    bool log_values;
    Talk talk;
};

bridge::ObjectAct act_of(CmdType operation) {
    return operation == CMD_INSERT   ? bridge::ObjectAct::create
           : operation == CMD_UPDATE ? bridge::ObjectAct::update
                                     : bridge::ObjectAct::remove;
}

std::string_view text_at(ObjectWriting* writing, TupleTableSlot* slot, std::string_view name) {
    for (int at = 0; at < writing->natts; at++) {
        bridge::Cell cell;
        if (writing->names[at] == name && !slot->tts_isnull[at] &&
            from_datum(slot->tts_values[at], false, &writing->shapes[at], &cell))
            return cell.text;
    }
    return {};
}

/// INSERT: what is not NULL; UPDATE: what differs; `noted`: for the log.
size_t fields_of(ObjectWriting* writing, TupleTableSlot* slot, TupleTableSlot* old,
                 bridge::NamedCell* fields, StringInfo noted) {
    size_t count = 0;
    for (int at = 0; at < writing->natts; at++) {
        Form_pg_attribute attribute = TupleDescAttr(slot->tts_tupleDescriptor, at);
        bool null = slot->tts_isnull[at];
        bool is_same = old == nullptr
                           ? null
                           : null == old->tts_isnull[at] &&
                                 (null || datum_image_eq(slot->tts_values[at], old->tts_values[at],
                                                         attribute->attbyval, attribute->attlen));
        if (attribute->attisdropped || is_same)
            continue;
        fields[count].column = writing->names[at];
        from_datum(slot->tts_values[at], null, &writing->shapes[at], &fields[count].cell);
        count++;
        const Known from = {attribute->atttypid, old == nullptr ? 0 : old->tts_values[at],
                            old != nullptr && old->tts_isnull[at]};
        fields_add(noted, NameStr(attribute->attname), old == nullptr ? nullptr : &from,
                   {attribute->atttypid, slot->tts_values[at], null});
    }
    return count;
}

void connect_once(ObjectWriting* writing, Relation table) {
    if (writing->connection != nullptr)
        return;
    MemoryContext before = MemoryContextSwitchTo(writing->context);
    writing->connection =
        connect(GetForeignTable(RelationGetRelid(table))->serverid, writing->role);
    writing->log_values =
        table_options(RelationGetRelid(table), writing->connection->options).log_values;
    talk_begin(&writing->talk, writing->connection, sync::Priority::interactive);
    MemoryContextSwitchTo(before);
}

std::string_view key_of(ObjectWriting* writing, TupleTableSlot* plan_slot) {
    bool null;
    Datum id = ExecGetJunkAttribute(plan_slot, writing->key_junk, &null);
    return null ? "" : DatumGetCString(DirectFunctionCall1(uuid_out, id));
}

HeapTuple row_of(ObjectWriting* writing, bridge::Api* api, TupleDesc description,
                 std::string_view parent, std::string_view root, MemoryContext context) {
    size_t room = static_cast<size_t>(writing->natts);
    auto* cells = static_cast<bridge::Cell*>(palloc0(sizeof(bridge::Cell) * room));
    if (!bridge::object_write_row(api, writing->kind, {writing->names, room}, parent, root, cells,
                                  writing->talk.fault))
        raise(writing->talk.fault);
    auto* values = static_cast<Datum*>(palloc0(sizeof(Datum) * room));
    auto* nulls = static_cast<bool*>(palloc0(sizeof(bool) * room));
    for (size_t at = 0; at < room; at++) {
        Placed placed = to_datum(cells[at], &writing->shapes[at]);
        values[at] = placed.value;
        nulls[at] = placed.null || placed.misfit != nullptr;
    }
    MemoryContextSwitchTo(context);
    return heap_form_tuple(description, values, nulls);
}

} // namespace

AttrNumber object_key_column(Relation table) {
    std::string_view name = bridge::object_write_key(object_of(RelationGetRelid(table)));
    return name.empty() ? InvalidAttrNumber : get_attnum(RelationGetRelid(table), name.data());
}

void object_modify_check(Relation table, CmdType operation) {
    const char* kind = object_of(RelationGetRelid(table));
    if (bridge::object_write_accepts(kind, act_of(operation)) &&
        (operation == CMD_INSERT || AttributeNumberIsValid(object_key_column(table))))
        return;
    ereport(ERROR,
            (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
             errmsg("cannot write so to foreign table \"%s\"", RelationGetRelationName(table)),
             errdetail("It lists %s; blocks can be written, and comments made.", kind),
             errhint("notion.api can write what else Notion lets be written.")));
}

int object_updatable(Relation table) {
    const char* kind = object_of(RelationGetRelid(table));
    int events = 0;
    for (CmdType operation : {CMD_INSERT, CMD_UPDATE, CMD_DELETE})
        if (bridge::object_write_accepts(kind, act_of(operation)))
            events |= 1 << operation;
    return events;
}

void object_modify_begin(ModifyTableState* state, ResultRelInfo* result, Oid role) {
    Relation table = result->ri_RelationDesc;
    MemoryContext context = AllocSetContextCreate(state->ps.state->es_query_cxt, "notion objects",
                                                  ALLOCSET_DEFAULT_SIZES);
    MemoryContext before = MemoryContextSwitchTo(context);
    auto* writing = static_cast<ObjectWriting*>(palloc0(sizeof(ObjectWriting)));
    writing->context = context;
    writing->scratch = AllocSetContextCreate(context, "notion row", ALLOCSET_DEFAULT_SIZES);
    writing->kind = object_of(RelationGetRelid(table));
    writing->role = role;
    TupleDesc description = RelationGetDescr(table);
    writing->natts = description->natts;
    size_t room = static_cast<size_t>(Max(writing->natts, 1));
    writing->names = static_cast<std::string_view*>(palloc0(sizeof(std::string_view) * room));
    writing->shapes = static_cast<Shape*>(palloc0(sizeof(Shape) * room));
    for (int at = 0; at < writing->natts; at++) {
        Form_pg_attribute attribute = TupleDescAttr(description, at);
        if (attribute->attisdropped)
            continue;
        writing->names[at] = pstrdup(NameStr(attribute->attname));
        shape_of(attribute->atttypid, attribute->atttypmod, context, &writing->shapes[at]);
    }
    if (state->operation != CMD_INSERT && outerPlanState(state) != nullptr)
        writing->key_junk =
            ExecFindJunkAttributeInTlist(outerPlanState(state)->plan->targetlist, modify_id_junk);
    MemoryContextSwitchTo(before);
    result->ri_FdwState = writing;
}

TupleTableSlot* object_modify(ResultRelInfo* result, CmdType operation, TupleTableSlot* slot,
                              TupleTableSlot* plan_slot) {
    auto* writing = static_cast<ObjectWriting*>(result->ri_FdwState);
    connect_once(writing, result->ri_RelationDesc);
    MemoryContext before = MemoryContextSwitchTo(writing->scratch);
    auto* fields = static_cast<bridge::NamedCell*>(
        palloc0(sizeof(bridge::NamedCell) * static_cast<size_t>(Max(writing->natts, 1))));
    size_t count = 0;
    std::string_view id, type, parent, root;
    StringInfoData noted;
    initStringInfo(&noted);
    if (operation != CMD_DELETE) {
        slot_getallattrs(slot);
        TupleTableSlot* old = operation == CMD_UPDATE ? result->ri_oldTupleSlot : nullptr;
        if (old != nullptr)
            slot_getallattrs(old);
        count = fields_of(writing, slot, old, fields, &noted);
        type = old != nullptr ? text_at(writing, old, "type") : "";
        parent = text_at(writing, slot, "parent_id");
        root = text_at(writing, slot, "page_id");
        root = root.empty() ? parent : root;
        parent = parent.empty() ? root : parent;
    }
    if (operation != CMD_INSERT)
        id = key_of(writing, plan_slot);
    if (operation == CMD_UPDATE && count == 0) {
        MemoryContextSwitchTo(before);
        return slot;
    }
    auto* api = own<bridge::Api, bridge::api_shut>(writing->scratch, [&](bridge::Fault& fault) {
        return bridge::object_write_open(writing->connection->endpoint, writing->kind,
                                         act_of(operation), id, type, {fields, count}, fault);
    });
    Entry* entry = entry_begin(writing->scratch, &writing->talk, "write", writing->role);
    entry_names_table(entry, result->ri_RelationDesc);
    entry->requests = 1;
    api_run(api, &writing->talk);
    entry_done(entry);
    snprintf(entry->page, sizeof entry->page, "%.*s", static_cast<int>(root.size()), root.data());
    if (writing->log_values)
        strlcpy(entry->fields, fields_end(&noted), sizeof entry->fields);
    (operation == CMD_INSERT   ? entry->inserted
     : operation == CMD_UPDATE ? entry->updated
                               : entry->trashed) = 1;
    note_written(1);
    HeapTuple tuple =
        row_of(writing, api, RelationGetDescr(result->ri_RelationDesc), parent, root, before);
    ExecForceStoreHeapTuple(tuple, slot, true);
    MemoryContextReset(writing->scratch);
    return slot;
}

void object_modify_end(ResultRelInfo* result) {
    auto* writing = static_cast<ObjectWriting*>(result->ri_FdwState);
    result->ri_FdwState = nullptr;
    if (writing != nullptr)
        MemoryContextDelete(writing->context);
}

} // namespace notion::pg
