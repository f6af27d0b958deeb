// Values: see the header. Operators are named with their schema. scope: call.
#include "pg/apply/values.hpp"

#include "bridge/key.hpp"
#include "pg/capture/key.hpp"

namespace notion::pg::apply {

Values room_for(int most) {
    return {static_cast<Oid*>(palloc(sizeof(Oid) * most)),
            static_cast<Datum*>(palloc(sizeof(Datum) * most)), static_cast<char*>(palloc(most)), 0};
}

void add(Values& values, const LinkedColumn& column, std::string_view words, bool null) {
    // A domain must see NULL as well: its input function is called with it.
    char* text = null ? nullptr : pnstrdup(words.data(), words.size());
    values.types[values.count] = column.type;
    values.datums[values.count] =
        OidInputFunctionCall(column.input, text, column.io_parameter, column.typmod);
    values.nulls[values.count] = null ? 'n' : ' ';
    values.count++;
}

void add_jsonb(Values& values, std::string_view json) {
    values.types[values.count] = JSONBOID;
    values.datums[values.count] =
        DirectFunctionCall1(jsonb_in, CStringGetDatum(pnstrdup(json.data(), json.size())));
    values.nulls[values.count] = ' ';
    values.count++;
}

void add_key(Values& values, const Linked& linked, std::string_view key) {
    std::string_view parts[capture::key_columns_max];
    char* room = static_cast<char*>(palloc(key.size() + 1));
    if (!bridge::split_key(key, std::span(parts, Size(linked.key_count)), room))
        ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
                        errmsg("\"%s\" is no key of table %s", pnstrdup(key.data(), key.size()),
                               linked.qualified)));
    for (int i = 0; i < linked.key_count; i++)
        add(values, linked.keys[i], parts[i], false);
}

const char* key_match(const Linked& linked) {
    StringInfoData words;
    initStringInfo(&words);
    for (int i = 0; i < linked.key_count; i++)
        appendStringInfo(&words, " %s %s OPERATOR(pg_catalog.=) $%d", i == 0 ? "WHERE" : "AND",
                         quote_identifier(NameStr(linked.keys[i].name)), i + 1);
    return words.data;
}

void execute(const char* statement, const Values& values) {
    const int result = SPI_execute_with_args(statement, values.count, values.types, values.datums,
                                             values.nulls, false, 0);
    if (result < 0)
        elog(ERROR, "SPI_execute_with_args failed: %s", SPI_result_code_string(result));
}

} // namespace notion::pg::apply
