// Column values to and from cells: see the header. scope: query.
#include "pg/postgres.hpp"

#include "pg/datum.hpp"

namespace notion::pg {
namespace {

using bridge::Cell;
using bridge::CellKind;

constexpr int32_t epoch_days = POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE;
constexpr int64_t epoch_us = int64_t{epoch_days} * USECS_PER_DAY;

struct Known {
    Oid type;
    ColumnType column;
    Oid element;
};

constexpr Known known[] = {
    {TEXTOID, ColumnType::text, 0},
    {VARCHAROID, ColumnType::text, 0},
    {BPCHAROID, ColumnType::text, 0},
    {BOOLOID, ColumnType::boolean, 0},
    {INT2OID, ColumnType::int2, 0},
    {INT4OID, ColumnType::int4, 0},
    {INT8OID, ColumnType::int8, 0},
    {FLOAT8OID, ColumnType::float8, 0},
    {NUMERICOID, ColumnType::numeric, 0},
    {DATEOID, ColumnType::date, 0},
    {TIMESTAMPTZOID, ColumnType::timestamptz, 0},
    {UUIDOID, ColumnType::uuid, 0},
    {JSONBOID, ColumnType::jsonb, 0},
    {TSTZRANGEOID, ColumnType::tstzrange, 0},
    {DATERANGEOID, ColumnType::daterange, 0},
    {TEXTARRAYOID, ColumnType::text_array, TEXTOID},
    {UUIDARRAYOID, ColumnType::uuid_array, UUIDOID},
};

/// The column type of a type below all domains; enums, arrays of them, and what is stored as a text
/// (citext) count as text.
bool look_up(Oid base, ColumnType* column, Oid* element) {
    for (const Known& it : known)
        if (it.type == base) {
            *column = it.column;
            *element = it.element;
            return true;
        }
    if (type_is_enum(base) || IsBinaryCoercible(base, TEXTOID)) {
        *column = ColumnType::text;
        *element = InvalidOid;
        return true;
    }
    Oid of = get_element_type(base);
    if (OidIsValid(of) && type_is_enum(of)) {
        *column = ColumnType::text_array;
        *element = of;
        return true;
    }
    return false;
}

char* terminated(std::string_view text) {
    return pnstrdup(text.data(), text.size());
}

bool has_label(Oid type, const char* label) {
    if (strlen(label) >= NAMEDATALEN)
        return false;
    return SearchSysCacheExists2(ENUMTYPOIDNAME, ObjectIdGetDatum(type), CStringGetDatum(label));
}

Datum read_text(Shape* shape, const char* text) {
    return InputFunctionCall(&shape->input, const_cast<char*>(text), shape->input_parameter,
                             shape->base_typmod);
}

/// For input functions of core types, which hold nothing that an error would leave behind: data
/// exceptions become a misfit, everything else is raised again.
Placed read_checked(Shape* shape, const char* text, const char* misfit) {
    MemoryContext context = CurrentMemoryContext;
    volatile Datum value = 0;
    const char* volatile reason = nullptr;
    PG_TRY();
    { value = read_text(shape, text); }
    PG_CATCH();
    {
        if (ERRCODE_TO_CATEGORY(geterrcode()) != ERRCODE_DATA_EXCEPTION)
            PG_RE_THROW();
        MemoryContextSwitchTo(context);
        FlushErrorState();
        reason = misfit;
    }
    PG_END_TRY();
    return {value, false, reason};
}

Placed place_text(Shape* shape, std::string_view utf8) {
    if (shape->base == TEXTOID && GetDatabaseEncoding() == PG_UTF8)
        return {
            PointerGetDatum(cstring_to_text_with_len(utf8.data(), static_cast<int>(utf8.size()))),
            false, nullptr};
    char* text = server_text(utf8);
    if (shape->is_enum)
        return has_label(shape->base, text) ? Placed{read_text(shape, text), false, nullptr}
                                            : Placed{0, false, "the enum has no such label"};
    if (shape->base == TEXTOID)
        return {PointerGetDatum(cstring_to_text(text)), false, nullptr};
    return read_checked(shape, text, "the text is longer than the column allows");
}

int hex_value(char digit) {
    return digit >= '0' && digit <= '9'   ? digit - '0'
           : digit >= 'a' && digit <= 'f' ? digit - 'a' + 10
                                          : -1;
}

/// A uuid in the one form of core, or nullptr: half the cost of a row was to have uuid_in read
/// them.
pg_uuid_t* canonical_uuid(std::string_view text) {
    constexpr size_t length = 36;
    if (text.size() != length)
        return nullptr;
    auto* uuid = static_cast<pg_uuid_t*>(palloc(sizeof(pg_uuid_t)));
    size_t at = 0;
    for (int byte = 0; byte < UUID_LEN; byte++) {
        if (byte >= 4 && byte <= 10 && byte % 2 == 0 && text[at++] != '-')
            return nullptr;
        int high = hex_value(text[at]);
        int low = hex_value(text[at + 1]);
        if (high < 0 || low < 0)
            return nullptr;
        uuid->data[byte] = static_cast<unsigned char>(high << 4 | low);
        at += 2;
    }
    return uuid;
}

Placed place_list(Shape* shape, const Cell& cell) {
    auto* elements = static_cast<Datum*>(palloc(sizeof(Datum) * Max(cell.count, 1)));
    for (size_t at = 0; at < cell.count; at++) {
        pg_uuid_t* uuid = shape->element == UUIDOID ? canonical_uuid(cell.items[at]) : nullptr;
        if (uuid != nullptr) {
            elements[at] = UUIDPGetDatum(uuid);
            continue;
        }
        char* text = server_text(cell.items[at]);
        if (shape->element_is_enum && !has_label(shape->element, text))
            return {0, false, "the enum has no such label"};
        elements[at] = shape->element == TEXTOID
                           ? PointerGetDatum(cstring_to_text(text))
                           : InputFunctionCall(&shape->input, text, shape->input_parameter, -1);
    }
    ArrayType* array =
        construct_array(elements, static_cast<int>(cell.count), shape->element,
                        shape->element_length, shape->element_by_value, shape->element_align);
    return {PointerGetDatum(array), false, nullptr};
}

Placed place_integer(Shape* shape, int64_t number) {
    if (shape->column == ColumnType::int8)
        return {Int64GetDatum(number), false, nullptr};
    if (shape->column == ColumnType::int4 && number >= PG_INT32_MIN && number <= PG_INT32_MAX)
        return {Int32GetDatum(static_cast<int32>(number)), false, nullptr};
    if (shape->column == ColumnType::int2 && number >= PG_INT16_MIN && number <= PG_INT16_MAX)
        return {Int16GetDatum(static_cast<int16>(number)), false, nullptr};
    return {0, false, "the number is out of range"};
}

Placed place_instant(Shape* shape, int64_t us) {
    TimestampTz value = us - epoch_us;
    if (shape->base_typmod >= 0)
        return {DirectFunctionCall2(timestamptz_scale, TimestampTzGetDatum(value),
                                    Int32GetDatum(shape->base_typmod)),
                false, nullptr};
    return {TimestampTzGetDatum(value), false, nullptr};
}

Placed place(const Cell& cell, Shape* shape) {
    switch (cell.kind) {
    case CellKind::null:
        return {0, true, nullptr};
    case CellKind::boolean:
        return {BoolGetDatum(cell.boolean), false, nullptr};
    case CellKind::integer:
        return place_integer(shape, cell.number);
    case CellKind::real:
        return {Float8GetDatum(cell.real), false, nullptr};
    case CellKind::day:
        return {DateADTGetDatum(static_cast<DateADT>(cell.number - epoch_days)), false, nullptr};
    case CellKind::instant:
        return place_instant(shape, cell.number);
    case CellKind::list:
        return place_list(shape, cell);
    case CellKind::text:
        if (shape->column == ColumnType::text)
            return place_text(shape, cell.text);
        if (pg_uuid_t* uuid = shape->base == UUIDOID ? canonical_uuid(cell.text) : nullptr)
            return {UUIDPGetDatum(uuid), false, nullptr};
        return read_checked(shape, server_text(cell.text),
                            "the value is out of range for the column's type");
    }
    return {0, true, nullptr};
}

std::string_view output(Shape* shape, Datum value) {
    return utf8_text(OutputFunctionCall(&shape->output, value));
}

/// 12.500 as 12.5, 7.00 as 7: the one form in which equal numbers are equal texts.
std::string_view plain(std::string_view decimal) {
    if (decimal.find('.') == decimal.npos)
        return decimal;
    while (decimal.back() == '0')
        decimal.remove_suffix(1);
    if (decimal.back() == '.')
        decimal.remove_suffix(1);
    return decimal;
}

void list_cell(Datum value, Shape* shape, Cell* cell) {
    Datum* elements;
    bool* nulls;
    int count;
    deconstruct_array(DatumGetArrayTypeP(value), shape->element, shape->element_length,
                      shape->element_by_value, shape->element_align, &elements, &nulls, &count);
    auto* items = static_cast<std::string_view*>(palloc(sizeof(std::string_view) * Max(count, 1)));
    size_t kept = 0;
    for (int at = 0; at < count; at++)
        if (!nulls[at])
            items[kept++] = utf8_text(OutputFunctionCall(&shape->output, elements[at]));
    cell->kind = CellKind::list;
    cell->items = items;
    cell->count = kept;
}

bool instant_cell(TimestampTz value, Cell* cell) {
    cell->kind = CellKind::instant;
    cell->number = value + epoch_us;
    return !TIMESTAMP_NOT_FINITE(value);
}

} // namespace

char* server_text(std::string_view utf8) {
    char* text = terminated(utf8);
    return GetDatabaseEncoding() == PG_UTF8
               ? text
               : pg_any_to_server(text, static_cast<int>(utf8.size()), PG_UTF8);
}

std::string_view utf8_text(const char* text) {
    if (GetDatabaseEncoding() == PG_UTF8)
        return text;
    return pg_server_to_any(text, static_cast<int>(strlen(text)), PG_UTF8);
}

bool column_type_of(Oid type, ColumnType* column) {
    Oid element;
    return look_up(getBaseType(type), column, &element);
}

bool shape_of(Oid type, int32 typmod, MemoryContext context, Shape* shape) {
    shape->type = type;
    shape->typmod = shape->base_typmod = typmod;
    shape->base = getBaseTypeAndTypmod(type, &shape->base_typmod);
    if (!look_up(shape->base, &shape->column, &shape->element))
        return false;
    shape->is_domain = shape->base != type;
    shape->is_enum = type_is_enum(shape->base);
    if (OidIsValid(shape->element))
        get_typlenbyvalalign(shape->element, &shape->element_length, &shape->element_by_value,
                             &shape->element_align);
    shape->element_is_enum = OidIsValid(shape->element) && type_is_enum(shape->element);
    Oid function;
    Oid of = OidIsValid(shape->element) ? shape->element : shape->base;
    getTypeInputInfo(of, &function, &shape->input_parameter);
    fmgr_info_cxt(function, &shape->input, context);
    bool is_varlena;
    getTypeOutputInfo(of, &function, &is_varlena);
    fmgr_info_cxt(function, &shape->output, context);
    return true;
}

Placed to_datum(const Cell& cell, Shape* shape) {
    Placed placed = place(cell, shape);
    if (shape->is_domain && placed.misfit == nullptr)
        domain_check(placed.value, placed.null, shape->type, &shape->domain_cache,
                     shape->input.fn_mcxt);
    return placed;
}

bool from_datum(Datum value, bool null, Shape* shape, Cell* cell) {
    *cell = Cell{};
    if (null)
        return true;
    switch (shape->column) {
    case ColumnType::boolean:
        cell->kind = CellKind::boolean;
        cell->boolean = DatumGetBool(value);
        return true;
    case ColumnType::int2:
    case ColumnType::int4:
    case ColumnType::int8:
        cell->kind = CellKind::integer;
        cell->number = shape->column == ColumnType::int2   ? DatumGetInt16(value)
                       : shape->column == ColumnType::int4 ? DatumGetInt32(value)
                                                           : DatumGetInt64(value);
        return true;
    case ColumnType::float8:
        cell->kind = CellKind::real;
        cell->real = DatumGetFloat8(value);
        return !isnan(cell->real) && !isinf(cell->real);
    case ColumnType::numeric:
        cell->kind = CellKind::text;
        cell->text = plain(output(shape, value));
        return !numeric_is_nan(DatumGetNumeric(value)) && !numeric_is_inf(DatumGetNumeric(value));
    case ColumnType::date:
        cell->kind = CellKind::day;
        cell->number = int64_t{DatumGetDateADT(value)} + epoch_days;
        return !DATE_NOT_FINITE(DatumGetDateADT(value));
    case ColumnType::timestamptz:
        return instant_cell(DatumGetTimestampTz(value), cell);
    case ColumnType::text_array:
    case ColumnType::uuid_array:
        list_cell(value, shape, cell);
        return true;
    case ColumnType::text:
    case ColumnType::uuid:
    case ColumnType::jsonb:
    case ColumnType::tstzrange:
    case ColumnType::daterange:
        cell->kind = CellKind::text;
        cell->text = output(shape, value);
        return true;
    }
    return false;
}

} // namespace notion::pg
