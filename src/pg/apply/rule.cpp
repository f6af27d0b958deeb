// Rules that are functions: see the header. Values cross in the column's own type, so that
// PostgreSQL finds the function that takes it. scope: call.
#include "pg/apply/rule.hpp"

#include "pg/apply/values.hpp"
#include "pg/worker/query.hpp"

namespace notion::pg::apply {
namespace {

using namespace worker;

constexpr int values_count = 3; // base, postgres, notion

constinit Query read_asks = {R"(
SELECT a ->> 'id', a ->> 'column', a ->> 'function',
       a ->> 'base', a ->> 'postgres', a ->> 'notion',
       jsonb_build_object('table', (SELECT l.table_id::regclass::text FROM notion.links l
                                     WHERE l.id = $2),
           'key', $3, 'page', $4, 'column', a -> 'column', 'newer', a -> 'newer',
           'postgres_at', t -> 'row_changed_at', 'postgres_by', t -> 'row_changed_by',
           'notion_at', t -> 'edited', 'notion_by', t -> 'edited_by')::text
  FROM (SELECT $5::jsonb AS t) times, jsonb_array_elements($1::jsonb) a)"};

constinit Query add_answers = {
    "SELECT ($1::jsonb || jsonb_build_object('answers', $2::jsonb))::text"};

struct Asked {
    const LinkedColumn* column;
    const char* id;
    const char* function;
    const char* values[values_count]; ///< null: NULL
    const char* context;
    MemoryContext memory;
    const char* answer; ///< null: NULL
};

void ask_body(void* state) {
    auto* it = static_cast<Asked*>(state);
    connect_spi();
    Values values = room_for(values_count + 1);
    for (const char* words : it->values)
        add(values, *it->column, words == nullptr ? "" : words, words == nullptr);
    add_jsonb(values, it->context);
    const char* statement = psprintf("SELECT %s($1, $2, $3, $4)", it->function);
    execute(statement, values);
    if (SPI_processed != 1)
        elog(ERROR, "rule %s gave no value", it->function);
    const char* text = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
    it->answer = text == nullptr ? nullptr : MemoryContextStrdup(it->memory, text);
    SPI_finish();
}

void append(StringInfo json, const Asked& it) {
    appendStringInfoChar(json, json->len == 0 ? '{' : ',');
    escape_json(json, it.id);
    appendStringInfoChar(json, ':');
    if (it.answer == nullptr)
        appendStringInfoString(json, "null");
    else
        escape_json(json, it.answer);
}

Asked asked(const Linked& linked, uint64 row) {
    Asked it = {};
    it.id = column_text(row, 1);
    it.column = find_column(linked, column_view(row, 2));
    it.function = column_text(row, 3);
    for (int i = 0; i < values_count; i++)
        it.values[i] = column_text(row, 4 + i);
    it.context = column_text(row, 4 + values_count);
    it.memory = CurrentMemoryContext;
    return it;
}

} // namespace

bool ask_functions(const Linked& linked, const Question& question, std::string_view* times,
                   Refusal* refusal) {
    const auto count = static_cast<int>(
        run(read_asks, {as_jsonb(question.asks), as_int4(question.link), as_text(question.key),
                        as_text(question.page), as_jsonb(*times)}));
    auto* asks = static_cast<Asked*>(palloc(sizeof(Asked) * (count + 1)));
    for (int i = 0; i < count; i++)
        asks[i] = asked(linked, static_cast<uint64>(i));
    StringInfoData answers;
    initStringInfo(&answers);
    for (int i = 0; i < count; i++) {
        if (asks[i].column == nullptr || !as_owner(linked.owner, ask_body, &asks[i], refusal))
            return false;
        append(&answers, asks[i]);
    }
    appendStringInfoString(&answers, answers.len == 0 ? "{}" : "}");
    (void)run(add_answers, {as_jsonb(*times), as_jsonb(answers.data)});
    *times = column_view(0, 1);
    return true;
}

} // namespace notion::pg::apply
