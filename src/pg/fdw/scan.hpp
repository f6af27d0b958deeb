// Running a scan of a foreign table: the executor's callbacks. scope: query.
#pragma once

#include "pg/postgres.hpp"

#include "bridge/scan.hpp"
#include "bridge/waiter.hpp"
#include "pg/audit.hpp"
#include "pg/connection.hpp"
#include "pg/datum.hpp"
#include "pg/fdw/operands.hpp"
#include "pg/fdw/private.hpp"

namespace notion::pg {

struct ContentColumn;
struct Sorted;

/// In ForeignScanState.fdw_state; lives in es_query_cxt.
struct Running {
    MemoryContext context; ///< owns `scan`; reset by a rescan and shut with the query
    Planned planned;
    Operands operands;
    bridge::ScanColumn* table_columns; ///< by number from 1
    Connection* connection;            ///< null until the first row is wanted
    Talk talk;
    Entry* entry;       ///< of notion.log; null: none
    bridge::Scan* scan; ///< null: not begun
    int count;          ///< columns read
    int* numbers;
    Shape* shapes;
    bridge::Cell* cells;
    bool recheck;           ///< exact conditions are checked here too
    bool awaits;            ///< perhaps only because an operand is not known yet (EXPLAIN)
    ExprState* exact;       ///< those conditions
    bool warned;            ///< of a misfit
    bridge::ScanStats past; ///< of scans before a rescan
    Tuplestorestate* kept;  ///< rows handed out, where the plan may rewind; null: not kept
    TupleTableSlot* kept_slot;
    Sorted* sorted; ///< null: rows come in the order that the plan wants
    bool complete;  ///< no more rows than were handed out
    int64_t steps;
    ContentColumn* content; ///< null: the query does not read it
    void* direct;           ///< direct.cpp's own, where the scan updates or deletes what it reads
    bool asynchronous;      ///< the next row is asked for by an Append: do not wait for it
    bool pending;           ///< it has to be waited for
    bridge::Waiter* waiter; ///< null: never asked for by an Append
    int64_t removed;        ///< rows that an exact condition, checked here, took away
};

void scan_begin(ForeignScanState* node, int flags);
TupleTableSlot* scan_iterate(ForeignScanState* node);
void scan_again(ForeignScanState* node);
void scan_end(ForeignScanState* node);

/// Whose user mapping is used: the view's owner, or who runs the query.
Oid scan_role(ForeignScanState* node);
/// Opens the bridge's scan; with constants only where the state has no ExprContext (EXPLAIN).
void scan_prepare(ForeignScanState* node, Connection* connection);
bridge::ScanStats scan_totals(const Running* running);

} // namespace notion::pg
