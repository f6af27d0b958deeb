// Linked: see the header. Everything comes from notion.links, notion.link_columns and the system
// catalogs; no user code runs. scope: step.
#include "pg/apply/linked.hpp"

#include "pg/own.hpp"
#include "pg/worker/query.hpp"
#include "pg/zone.hpp"

namespace notion::pg::apply {
namespace {

using namespace worker;

constinit Query select_link = {R"(
SELECT l.table_id::oid, l.filter, l.direction <> 'to_notion',
       (to_jsonb(l) || jsonb_build_object('columns',
           (SELECT jsonb_agg(to_jsonb(c)) FROM notion.link_columns c
             WHERE c.link = l.id AND c.aside IS NULL)))::text,
       coalesce((SELECT o.option_value FROM pg_options_to_table(t.ftoptions) o
                  WHERE o.option_name = 'time_zone'), 'UTC'),
       EXISTS (SELECT FROM notion.link_columns c WHERE c.link = l.id AND c.refers_to IS NOT NULL),
       l.content::text, l.template, l.forbid, l.content_direction = 'both'
  FROM notion.links l JOIN pg_foreign_table t ON t.ftrelid = l.foreign_table_id
 WHERE l.id = $1)"};

constinit Query select_columns = {
    "SELECT column_name::text FROM notion.link_columns"
    " WHERE link = $1 AND column_name <> '(key)' AND coalesce(cardinality(columns), 1) = 1"
    " ORDER BY column_name"};

constinit Query select_joined = {
    "SELECT c.column_name::text, k.name::text, k.n = 1"
    "  FROM notion.link_columns c, unnest(c.columns) WITH ORDINALITY k(name, n)"
    " WHERE c.link = $1 AND cardinality(c.columns) > 1 ORDER BY c.column_name, k.n"};

constinit Query select_keys = {
    "SELECT k.name::text FROM notion.links l, unnest(l.key_columns) WITH ORDINALITY k(name, n)"
    " WHERE l.id = $1 ORDER BY k.n"};

bool load_column(Oid table, std::string_view name, LinkedColumn* column) {
    namestrcpy(&column->name, pnstrdup(name.data(), name.size()));
    const AttrNumber number = get_attnum(table, NameStr(column->name));
    if (number == InvalidAttrNumber)
        return false;
    Oid collation;
    bool varlena;
    get_atttypetypmodcoll(table, number, &column->type, &column->typmod, &collation);
    getTypeInputInfo(column->type, &column->input, &column->io_parameter);
    getTypeOutputInfo(column->type, &column->output, &varlena);
    return true;
}

bool load_columns(Query& query, const Linked& linked, MemoryContext context, LinkedColumn** columns,
                  int* count) {
    const uint64 rows = run(query, {as_int4(linked.id)});
    *columns = static_cast<LinkedColumn*>(
        MemoryContextAllocZero(context, sizeof(LinkedColumn) * (rows + 1)));
    for (uint64 row = 0; row < rows; row++)
        if (!load_column(linked.table, column_view(row, 1), &(*columns)[(*count)++]))
            return false;
    return true;
}

bool load_joined(Linked* linked, MemoryContext context) {
    const uint64 rows = run(select_joined, {as_int4(linked->id)});
    auto* columns = static_cast<LinkedColumn*>(
        MemoryContextAllocZero(context, sizeof(LinkedColumn) * (rows + 1)));
    linked->joined = static_cast<JoinedReference*>(
        MemoryContextAllocZero(context, sizeof(JoinedReference) * (rows + 1)));
    for (uint64 row = 0; row < rows; row++) {
        if (!load_column(linked->table, column_view(row, 2), &columns[row]))
            return false;
        if (column_bool(row, 3)) {
            JoinedReference& begun = linked->joined[linked->joined_count++];
            namestrcpy(&begun.name, column_text(row, 1));
            begun.columns = &columns[row];
        }
        linked->joined[linked->joined_count - 1].count++;
    }
    return true;
}

bool load_columns(Linked* linked, MemoryContext context) {
    const bool well =
        load_columns(select_columns, *linked, context, &linked->columns, &linked->column_count) &&
        load_joined(linked, context) &&
        load_columns(select_keys, *linked, context, &linked->keys, &linked->key_count);
    linked->key_is_joined = linked->key_count > 1;
    return well && linked->key_count > 0;
}

const char* qualified_name(Oid table, MemoryContext context) {
    HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(table));
    if (!HeapTupleIsValid(tuple))
        return nullptr;
    const auto* relation = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple));
    MemoryContext caller = MemoryContextSwitchTo(context);
    const char* name = quote_qualified_identifier(get_namespace_name(relation->relnamespace),
                                                  NameStr(relation->relname));
    MemoryContextSwitchTo(caller);
    ReleaseSysCache(tuple);
    return name;
}

Oid owner_of(Oid table) {
    HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(table));
    if (!HeapTupleIsValid(tuple))
        return InvalidOid;
    const Oid owner = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple))->relowner;
    ReleaseSysCache(tuple);
    return owner;
}

} // namespace

Linked* load(int32 link, MemoryContext context) {
    if (run(select_link, {as_int4(link)}) == 0)
        return nullptr;
    auto* linked = static_cast<Linked*>(MemoryContextAllocZero(context, sizeof(Linked)));
    linked->id = link;
    linked->table = Oid(int32(column_int8(0, 1)));
    linked->inserts = column_bool(0, 3);
    linked->refers = column_bool(0, 6);
    linked->owner = owner_of(linked->table);
    linked->qualified = qualified_name(linked->table, context);
    if (linked->qualified == nullptr)
        return nullptr;
    if (!column_null(0, 2))
        linked->filter = MemoryContextStrdup(context, column_text(0, 2));
    const char** extras[] = {&linked->content, &linked->page_template, &linked->forbid};
    for (int i = 0; i < 3; i++)
        if (!column_null(0, 7 + i))
            *extras[i] = MemoryContextStrdup(context, column_text(0, 7 + i));
    linked->sends_content = linked->content != nullptr && column_bool(0, 10);
    const std::string_view json = column_view(0, 4);
    const std::string_view zone_name = column_view(0, 5);
    const char* zone_text = pnstrdup(zone_name.data(), zone_name.size());
    if (!load_columns(linked, context) || !pg::zone_exists(zone_text))
        return nullptr;
    // One link that cannot be used ends no process: the others go on.
    bridge::Fault fault;
    bridge::Link* core = bridge::link_open(json, pg::zone(zone_text), fault);
    if (core == nullptr)
        return nullptr;
    linked->core =
        own<bridge::Link, bridge::link_close>(context, [core](bridge::Fault&) { return core; });
    return linked;
}

Linked* with_column(const Linked& linked, std::string_view name, MemoryContext context) {
    auto* only = static_cast<Linked*>(MemoryContextAllocZero(context, sizeof(Linked)));
    *only = linked;
    only->columns =
        static_cast<LinkedColumn*>(MemoryContextAllocZero(context, sizeof(LinkedColumn)));
    only->column_count = 1;
    only->joined_count = 0;
    only->refers = false;
    return load_column(linked.table, name, only->columns) ? only : nullptr;
}

const LinkedColumn* find_column(const Linked& linked, std::string_view name) {
    for (int i = 0; i < linked.column_count; i++)
        if (name == NameStr(linked.columns[i].name))
            return &linked.columns[i];
    for (int i = 0; i < linked.joined_count; i++)
        for (int n = 0; n < linked.joined[i].count; n++)
            if (name == NameStr(linked.joined[i].columns[n].name))
                return &linked.joined[i].columns[n];
    return nullptr;
}

} // namespace notion::pg::apply
