// Trigger: notion.capture(), AFTER ROW INSERT OR UPDATE OR DELETE and AFTER TRUNCATE of a linked
// table. AFTER, so that it sees the row as stored, with what other triggers and generated columns
// made of it (postgres.md 8). It reports keys, nothing else: the worker looks at the row itself.
// Refuses: raising because of our own state; a table without a link is none of its business.
// scope: call.
#include "pg/capture/buffer.hpp"
#include "pg/capture/key.hpp"
#include "pg/capture/links.hpp"
#include "pg/capture/outbox.hpp"
#include "pg/settings.hpp"

namespace notion::pg::capture {
namespace {

bool differs(TupleTableSlot* before, TupleTableSlot* after, AttrNumber column) {
    const Form_pg_attribute attribute = TupleDescAttr(after->tts_tupleDescriptor, column - 1);
#if PG_VERSION_NUM >= 180000
    if (attribute->attgenerated == ATTRIBUTE_GENERATED_VIRTUAL)
        return true; // absent from trigger tuples: always looked at
#endif
    bool was_null;
    bool is_null;
    const Datum was = slot_getattr(before, column, &was_null);
    const Datum is = slot_getattr(after, column, &is_null);
    if (was_null != is_null)
        return true;
    // Images, not values: a change of representation alone is reported too, which is harmless.
    return !is_null && !datumIsEqual(was, is, attribute->attbyval, attribute->attlen);
}

bool key_changed(const CapturedLink& link, TupleTableSlot* before, TupleTableSlot* after) {
    for (int i = 0; i < link.key_count; i++)
        if (differs(before, after, link.key[i]))
            return true;
    return false;
}

/// Whether the change may concern the page: a paired column's, or where rows are filtered any
/// column's, since the filter may read it.
bool concerns_page(const CapturedLink& link, TupleTableSlot* before, TupleTableSlot* after) {
    if (link.filtered) {
        for (int i = 1; i <= after->tts_tupleDescriptor->natts; i++)
            if (!TupleDescAttr(after->tts_tupleDescriptor, i - 1)->attisdropped &&
                differs(before, after, AttrNumber(i)))
                return true;
        return false;
    }
    for (int i = 0; i < link.paired_count; i++)
        if (differs(before, after, link.paired[i]))
            return true;
    return false;
}

/// False where a key column is NULL, which they are not (notion.link demands it): such a row has no
/// mapping and can have none.
bool key_of(const CapturedLink& link, const TriggerData& trigger, HeapTuple row, KeyRoom* room,
            std::string_view* key) {
    Datum values[key_columns_max];
    Oid types[key_columns_max];
    TupleDesc shape = RelationGetDescr(trigger.tg_relation);
    for (int i = 0; i < link.key_count; i++) {
        bool null;
        // From the tuple: keys stand first, where a column is found without taking the row apart.
        values[i] = heap_getattr(row, link.key[i], shape, &null);
        types[i] = TupleDescAttr(shape, link.key[i] - 1)->atttypid;
        if (null)
            return false;
    }
    *key = key_text(values, types, link.key_count, room);
    return true;
}

void report(const CapturedLink& link, const TriggerData& trigger, HeapTuple row,
            Evidence evidence) {
    KeyRoom room;
    std::string_view key;
    if (!key_of(link, trigger, row, &room, &key))
        return;
    open_outbox();
    add(link.link, evidence, key);
}

Datum system_column(TupleTableSlot* row, AttrNumber number) {
    bool null;
    return slot_getsysattr(row, number, &null);
}

void report_key_change(const CapturedLink& link, const TriggerData& trigger) {
    TupleTableSlot* after = trigger.tg_newslot;
    KeyRoom rooms[2];
    std::string_view was;
    std::string_view is;
    if (!key_of(link, trigger, trigger.tg_trigtuple, &rooms[0], &was) ||
        !key_of(link, trigger, trigger.tg_newtuple, &rooms[1], &is))
        return;
    open_outbox();
    add_rename(link.link,
               {DatumGetTransactionId(system_column(after, MinTransactionIdAttributeNumber)),
                DatumGetCommandId(system_column(after, MinCommandIdAttributeNumber)), was, is});
    add(link.link, Evidence::deleted, was);
    add(link.link, Evidence::changed, is);
}

void capture_row(const TriggerData& trigger) {
    const CapturedLink& link = *link_of(trigger.tg_relation);
    if (link.link == 0)
        return;
    if (TRIGGER_FIRED_BY_INSERT(trigger.tg_event))
        report(link, trigger, trigger.tg_trigtuple, Evidence::changed);
    else if (TRIGGER_FIRED_BY_DELETE(trigger.tg_event))
        report(link, trigger, trigger.tg_trigtuple, Evidence::deleted);
    else if (key_changed(link, trigger.tg_trigslot, trigger.tg_newslot))
        report_key_change(link, trigger);
    else if (concerns_page(link, trigger.tg_trigslot, trigger.tg_newslot))
        report(link, trigger, trigger.tg_newtuple, Evidence::changed);
}

void capture_truncate(const TriggerData& trigger) {
    const int32 link = link_of(trigger.tg_relation)->link;
    if (link == 0)
        return;
    open_outbox();
    add(link, Evidence::truncated, {});
}

} // namespace
} // namespace notion::pg::capture

extern "C" {
PG_FUNCTION_INFO_V1(notion_capture);
}

extern "C" Datum notion_capture(PG_FUNCTION_ARGS) {
    using namespace notion::pg::capture;
    if (!CALLED_AS_TRIGGER(fcinfo))
        ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
                        errmsg("notion.capture() can only be called as a trigger")));
    const auto& trigger = *reinterpret_cast<TriggerData*>(fcinfo->context);
    if (!notion::pg::settings::capture || !TRIGGER_FIRED_AFTER(trigger.tg_event))
        return PointerGetDatum(nullptr);
    if (TRIGGER_FIRED_FOR_ROW(trigger.tg_event))
        capture_row(trigger);
    else if (TRIGGER_FIRED_BY_TRUNCATE(trigger.tg_event))
        capture_truncate(trigger);
    return PointerGetDatum(nullptr);
}
