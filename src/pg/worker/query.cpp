// SQL of the workers: see the header. scope: worker (plans), transaction (results).
#include "pg/postgres.hpp"

#include "pg/worker/query.hpp"

namespace notion::pg::worker {
namespace {

constexpr int args_max = 32;
constexpr int64_t epoch_ms =
    static_cast<int64_t>(POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY * 1000;

char* terminated(std::string_view value) {
    return pnstrdup(value.data(), value.size());
}

void prepare(Query& query, const Oid* types, int count) {
    SPIPlanPtr plan = SPI_prepare(query.sql, count, const_cast<Oid*>(types));
    if (plan == nullptr)
        elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
    SPI_keepplan(plan);
    query.plan = plan;
}

/// As SPI takes them; the query is prepared.
struct Bound {
    Datum values[args_max];
    char nulls[args_max + 1];
};

Bound bind(Query& query, std::initializer_list<Arg> args) {
    Bound bound;
    Oid types[args_max];
    int count = 0;
    for (const Arg& arg : args) {
        Assert(count < args_max);
        types[count] = arg.type;
        bound.values[count] = arg.value;
        bound.nulls[count++] = arg.null ? 'n' : ' ';
    }
    bound.nulls[count] = '\0';
    if (query.plan == nullptr)
        prepare(query, types, count);
    return bound;
}

Datum column(uint64 row, int number, bool* null) {
    Assert(row < SPI_processed);
    return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, number, null);
}

} // namespace

void connect_spi() {
    if (SPI_connect() != SPI_OK_CONNECT)
        elog(ERROR, "SPI_connect failed");
}

Arg as_text(std::string_view value) {
    return {TEXTOID, PointerGetDatum(cstring_to_text_with_len(value.data(), value.size()))};
}

Arg as_text_or_null(const char* value) {
    if (value == nullptr)
        return {TEXTOID, Datum{0}, true};
    return as_text(value);
}

Arg as_jsonb(std::string_view json) {
    if (json.empty())
        return {JSONBOID, Datum{0}, true};
    return {JSONBOID, DirectFunctionCall1(jsonb_in, CStringGetDatum(terminated(json)))};
}

Arg as_int4(int32_t value) {
    return {INT4OID, Int32GetDatum(value)};
}

Arg as_int8(int64_t value) {
    return {INT8OID, Int64GetDatum(value)};
}

Arg as_bool(bool value) {
    return {BOOLOID, BoolGetDatum(value)};
}

Arg as_uuid(std::string_view value) {
    if (value.empty())
        return {UUIDOID, Datum{0}, true};
    return {UUIDOID, DirectFunctionCall1(uuid_in, CStringGetDatum(terminated(value)))};
}

Arg as_time_ms(int64_t unix_ms) {
    if (unix_ms < 0)
        return {TIMESTAMPTZOID, Datum{0}, true};
    return {TIMESTAMPTZOID, TimestampTzGetDatum((unix_ms - epoch_ms) * 1000)};
}

Column column_of(Oid type, int rows) {
    return {type, static_cast<Datum*>(palloc(sizeof(Datum) * Max(rows, 1))),
            static_cast<bool*>(palloc(sizeof(bool) * Max(rows, 1))), 0};
}

namespace {

void add(Column& column, const Arg& arg) {
    Assert(arg.type == column.type);
    column.values[column.count] = arg.value;
    column.nulls[column.count++] = arg.null;
}

} // namespace

void add_text(Column& column, std::string_view value) {
    add(column, as_text(value));
}

void add_text_or_null(Column& column, const char* value) {
    add(column, as_text_or_null(value));
}

void add_int4(Column& column, int32_t value) {
    add(column, as_int4(value));
}

void add_int8(Column& column, int64_t value) {
    add(column, as_int8(value));
}

void add_time_ms(Column& column, int64_t unix_ms) {
    add(column, as_time_ms(unix_ms));
}

Arg as_array(const Column& column) {
    int16 length;
    bool by_value;
    char alignment;
    get_typlenbyvalalign(column.type, &length, &by_value, &alignment);
    int dimensions[1] = {column.count};
    int bounds[1] = {1};
    ArrayType* array = construct_md_array(column.values, column.nulls, 1, dimensions, bounds,
                                          column.type, length, by_value, alignment);
    return {get_array_type(column.type), PointerGetDatum(array)};
}

Arg as_time(TimestampTz value) {
    return {TIMESTAMPTZOID, TimestampTzGetDatum(value)};
}

uint64 run(Query& query, std::initializer_list<Arg> args) {
    Bound bound = bind(query, args);
    // Statements of one transaction see each other's work, and what others committed meanwhile.
    int rc = SPI_execute_plan(query.plan, bound.values, bound.nulls, false, 0);
    if (rc < 0)
        elog(ERROR, "SPI_execute_plan failed: %s", SPI_result_code_string(rc));
    return SPI_processed;
}

Portal open_cursor(Query& query, std::initializer_list<Arg> args) {
    Bound bound = bind(query, args);
    return SPI_cursor_open(nullptr, query.plan, bound.values, bound.nulls, false);
}

TimestampTz column_time(uint64 row, int number) {
    bool null;
    Datum value = column(row, number, &null);
    return null ? DT_NOBEGIN : DatumGetTimestampTz(value);
}

const char* column_text(uint64 row, int number) {
    bool null;
    Datum value = column(row, number, &null);
    if (null)
        return nullptr;
    Oid type = SPI_gettypeid(SPI_tuptable->tupdesc, number);
    if (type == TEXTOID)
        return TextDatumGetCString(value);
    Oid output;
    bool varlena;
    getTypeOutputInfo(type, &output, &varlena);
    return OidOutputFunctionCall(output, value);
}

std::string_view column_view(uint64 row, int number) {
    const char* value = column_text(row, number);
    return value == nullptr ? std::string_view() : std::string_view(value);
}

int64_t column_int8(uint64 row, int number) {
    bool null;
    Datum value = column(row, number, &null);
    if (null)
        return 0;
    switch (SPI_gettypeid(SPI_tuptable->tupdesc, number)) {
    case INT8OID:
        return DatumGetInt64(value);
    case INT4OID:
        return DatumGetInt32(value);
    case OIDOID:
    case REGCLASSOID:
        return DatumGetObjectId(value);
    default:
        elog(ERROR, "column %d is no integer", number);
    }
}

bool column_bool(uint64 row, int number) {
    bool null;
    Datum value = column(row, number, &null);
    return !null && DatumGetBool(value);
}

bool column_null(uint64 row, int number) {
    bool null;
    column(row, number, &null);
    return null;
}

} // namespace notion::pg::worker
