// Fields: see the header. scope: call.
#include "pg/fdw/fields.hpp"

#include "pg/audit.hpp"

namespace notion::pg {
namespace {

constexpr int value_bytes_max = 400;
constexpr int fields_bytes_max = sizeof(Entry::fields) - 2; // the bracket and the end

void put(StringInfo json, const char* name, const Known& it) {
    appendStringInfo(json, "\"%s\":", name);
    if (it.null) {
        appendStringInfoString(json, "null");
        return;
    }
    Oid output;
    bool is_varlena;
    getTypeOutputInfo(it.type, &output, &is_varlena);
    char* words = OidOutputFunctionCall(output, it.value);
    const int length = static_cast<int>(strlen(words));
    if (length > value_bytes_max) {
        words[pg_mbcliplen(words, length, value_bytes_max)] = '\0';
        words = psprintf("%s…", words);
    }
    escape_json(json, words);
}

} // namespace

void fields_add(StringInfo fields, const char* column, const Known* from, const Known& to) {
    const int before = fields->len;
    appendStringInfoChar(fields, before == 0 ? '{' : ',');
    escape_json(fields, column);
    appendStringInfoString(fields, ":{");
    if (from != nullptr) {
        put(fields, "from", *from);
        appendStringInfoChar(fields, ',');
    }
    put(fields, "to", to);
    appendStringInfoChar(fields, '}');
    if (fields->len <= fields_bytes_max)
        return;
    fields->len = before;
    fields->data[before] = '\0';
}

const char* fields_end(StringInfo fields) {
    if (fields->len > 0)
        appendStringInfoChar(fields, '}');
    return fields->data;
}

} // namespace notion::pg
