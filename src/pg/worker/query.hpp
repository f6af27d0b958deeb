// SQL of the workers on notion.* tables: statements prepared once, parameters by type, columns by
// number. Assumes begin() of process.hpp. Refuses user tables: those need the owner's rights
// (protocol.md 1.11). scope: worker (plans), transaction (results).
#pragma once

#include <initializer_list>

#include "pg/postgres.hpp"

namespace notion::pg::worker {

/// A statement with static storage: `constinit Query fold = {"…"};`
struct Query {
    const char* sql;
    SPIPlanPtr plan = nullptr;
};

struct Arg {
    Oid type;
    Datum value;
    bool null = false;
};
Arg as_text(std::string_view value);
Arg as_text_or_null(const char* value);
Arg as_jsonb(std::string_view json); ///< "" is null
Arg as_int4(int32_t value);
Arg as_int8(int64_t value);
Arg as_bool(bool value);
Arg as_uuid(std::string_view value); ///< "" is null
Arg as_time_ms(int64_t unix_ms);     ///< timestamptz; < 0 is null
Arg as_time(TimestampTz value);

/// A column of what one statement does to many rows, for unnest. All that it holds is in the
/// current context. requires: at most `rows` are added.
struct Column {
    Oid type; ///< int4, int8, text or timestamptz
    Datum* values;
    bool* nulls;
    int count;
};
Column column_of(Oid type, int rows);
void add_text(Column& column, std::string_view value);
void add_text_or_null(Column& column, const char* value);
void add_int4(Column& column, int32_t value);
void add_int8(Column& column, int64_t value);
void add_time_ms(Column& column, int64_t unix_ms);
Arg as_array(const Column& column);

/// SPI for what a session, or the owner of a table, runs; begin() does it for the workers.
void connect_spi();

/// Runs it; the number of rows processed. Rows are in SPI_tuptable. Errors end the process, as any
/// error in our own tables should.
uint64 run(Query& query, std::initializer_list<Arg> args = {});
/// For what has more rows than are to be held at once: SPI_cursor_fetch brings the next ones.
Portal open_cursor(Query& query, std::initializer_list<Arg> args);

/// Column `number` (from 1) of a row of the last result. Texts are copies in the current context.
const char* column_text(uint64 row, int number);      ///< null where NULL
std::string_view column_view(uint64 row, int number); ///< "" where NULL
int64_t column_int8(uint64 row, int number);          ///< of int4, int8, oid; 0 where NULL
bool column_bool(uint64 row, int number);
TimestampTz column_time(uint64 row, int number); ///< -infinity where NULL
bool column_null(uint64 row, int number);

} // namespace notion::pg::worker
