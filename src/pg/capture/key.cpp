// Key: see the header. Integers, uuids and texts, nearly all keys there are, cost no output
// function and no settings; the rest is printed under fixed ones, as postgres_fdw does. scope:
// call.
#include "pg/capture/key.hpp"

namespace notion::pg::capture {
namespace {

std::string_view integer(int64 value) {
    char* digits = static_cast<char*>(palloc(MAXINT8LEN + 1));
    return {digits, Size(pg_lltoa(value, digits))};
}

std::string_view under_fixed_settings(Datum value, Oid type) {
    const int level = NewGUCNestLevel();
    constexpr const char* fixed[][2] = {{"DateStyle", "ISO"},
                                        {"IntervalStyle", "postgres"},
                                        {"TimeZone", "UTC"},
                                        {"bytea_output", "hex"},
                                        {"extra_float_digits", "1"}};
    for (const auto& setting : fixed)
        (void)set_config_option(setting[0], setting[1], PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE,
                                true, 0, false);
    Oid output;
    bool varlena;
    getTypeOutputInfo(type, &output, &varlena);
    char* text = OidOutputFunctionCall(output, value);
    AtEOXact_GUC(true, level);
    return {text, strlen(text)};
}

} // namespace

std::string_view key_text(Datum value, Oid type) {
    switch (getBaseType(type)) {
    case INT2OID:
        return integer(DatumGetInt16(value));
    case INT4OID:
        return integer(DatumGetInt32(value));
    case INT8OID:
        return integer(DatumGetInt64(value));
    case TEXTOID:
    case VARCHAROID: {
        text* words = DatumGetTextPP(value);
        return {VARDATA_ANY(words), Size(VARSIZE_ANY_EXHDR(words))};
    }
    default:
        return under_fixed_settings(value, type);
    }
}

} // namespace notion::pg::capture
