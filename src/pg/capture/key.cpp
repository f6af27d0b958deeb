// Key: see the header. Integers, texts and uuids, nearly all keys there are, cost no look-up in the
// catalogs; of the rest, what follows settings is printed under fixed ones, as postgres_fdw does.
// scope: call.
#include "pg/capture/key.hpp"

#include "bridge/key.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(notion_row_key);
PG_FUNCTION_INFO_V1(notion_key_parts);
}

namespace notion::pg::capture {
namespace {

char* take(KeyRoom* room, Size bytes) {
    if (room == nullptr || bytes > sizeof(room->bytes) - room->used)
        return static_cast<char*>(palloc(bytes));
    char* taken = room->bytes + room->used;
    room->used += bytes;
    return taken;
}

std::string_view integer(int64 value, KeyRoom* room) {
    char* digits = take(room, MAXINT8LEN + 1);
    return {digits, Size(pg_lltoa(value, digits))};
}

std::string_view printed(Datum value, Oid type) {
    Oid output;
    bool varlena;
    getTypeOutputInfo(type, &output, &varlena);
    char* text = OidOutputFunctionCall(output, value);
    return {text, strlen(text)};
}

/// Whether a session's settings change how values of the type are printed.
bool follows_settings(Oid type) {
    constexpr Oid plain[] = {BOOLOID, BPCHAROID, NAMEOID, INETOID, CIDROID, OIDOID};
    for (Oid it : plain)
        if (type == it)
            return false;
    return get_typtype(type) != TYPTYPE_ENUM;
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
    const std::string_view text = printed(value, type);
    AtEOXact_GUC(true, level);
    return text;
}

std::string_view uuid(Datum value) {
    return {DatumGetCString(DirectFunctionCall1(uuid_out, value)), 36};
}

std::string_view other_text(Datum value, Oid type, KeyRoom* room);

std::string_view part_text(Datum value, Oid type, KeyRoom* room) {
    switch (type) {
    case INT2OID:
        return integer(DatumGetInt16(value), room);
    case INT4OID:
        return integer(DatumGetInt32(value), room);
    case INT8OID:
        return integer(DatumGetInt64(value), room);
    case TEXTOID:
    case VARCHAROID: {
        text* words = DatumGetTextPP(value);
        return {VARDATA_ANY(words), Size(VARSIZE_ANY_EXHDR(words))};
    }
    case UUIDOID:
        return uuid(value);
    default:
        return other_text(value, type, room);
    }
}

std::string_view other_text(Datum value, Oid type, KeyRoom* room) {
    const Oid base = getBaseType(type);
    if (base != type)
        return part_text(value, base, room);
    return follows_settings(base) ? under_fixed_settings(value, base) : printed(value, base);
}

} // namespace

std::string_view key_text(const Datum* values, const Oid* types, int count, KeyRoom* room) {
    if (room != nullptr)
        room->used = 0;
    if (count == 1)
        return part_text(values[0], types[0], room);
    std::string_view parts[key_columns_max];
    for (int i = 0; i < count; i++)
        parts[i] = part_text(values[i], types[i], room);
    const std::span<const std::string_view> all(parts, Size(count));
    const Size size = bridge::joined_key_size(all);
    char* joined = take(room, size + 1);
    bridge::join_key(all, joined);
    joined[size] = '\0';
    return {joined, size};
}

} // namespace notion::pg::capture

using namespace notion;

/// notion.row_key(VARIADIC "any"): the key of a row with these key columns; null if one is null.
extern "C" Datum notion_row_key(PG_FUNCTION_ARGS) {
    Datum values[pg::capture::key_columns_max];
    Oid types[pg::capture::key_columns_max];
    const int count = PG_NARGS();
    if (count > pg::capture::key_columns_max || get_fn_expr_variadic(fcinfo->flinfo))
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("notion.row_key takes the key columns one by one, %d at most",
                               pg::capture::key_columns_max)));
    for (int i = 0; i < count; i++) {
        if (PG_ARGISNULL(i))
            PG_RETURN_NULL();
        values[i] = PG_GETARG_DATUM(i);
        types[i] = get_fn_expr_argtype(fcinfo->flinfo, i);
        if (types[i] == UNKNOWNOID) {
            values[i] = CStringGetTextDatum(DatumGetCString(values[i]));
            types[i] = TEXTOID;
        }
    }
    const std::string_view key = pg::capture::key_text(values, types, count);
    PG_RETURN_TEXT_P(cstring_to_text_with_len(key.data(), int(key.size())));
}

/// notion.key_parts(key text, columns integer): the values in a key; null where it has others.
extern "C" Datum notion_key_parts(PG_FUNCTION_ARGS) {
    text* words = PG_GETARG_TEXT_PP(0);
    const int32 count = PG_GETARG_INT32(1);
    const std::string_view key(VARDATA_ANY(words), Size(VARSIZE_ANY_EXHDR(words)));
    std::string_view parts[pg::capture::key_columns_max];
    if (count < 1 || count > pg::capture::key_columns_max ||
        !bridge::split_key(key, std::span(parts, Size(count)),
                           static_cast<char*>(palloc(key.size() + 1))))
        PG_RETURN_NULL();
    Datum values[pg::capture::key_columns_max];
    for (int i = 0; i < count; i++)
        values[i] =
            PointerGetDatum(cstring_to_text_with_len(parts[i].data(), int(parts[i].size())));
    PG_RETURN_ARRAYTYPE_P(construct_array(values, count, TEXTOID, -1, false, TYPALIGN_INT));
}
