// Modify: the rows that a statement writes to one data source, several requests in flight.
// Values are encoded and refused before the network; only what was given is sent. Outcomes are
// handed back in the order of the rows. Nothing is sent twice on a guess: what may have been done
// is an error that says what is known. Refuses to wait: see turn.hpp. scope: query.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "bridge/cell.hpp"
#include "bridge/endpoint.hpp"
#include "bridge/scan.hpp"
#include "bridge/turn.hpp"
#include "bridge/zone.hpp"

namespace notion::bridge {

struct Modify;

enum class Write : uint8_t { create, update, trash };

struct ModifyPlan {
    Endpoint endpoint;
    std::string_view data_source; ///< as the table's option has it
    std::string_view table;       ///< for messages
    ZoneView zone;
    std::span<const ScanColumn> columns;  ///< those that are written
    std::span<const ScanColumn> returned; ///< those whose values are wanted back
    bool misfit_null;
    bool new_options; ///< a write may add an option to a select
    int parallel;     ///< requests in flight at most
};

/// A new value for columns[column].
struct ModifyCell {
    int column;
    bool was_null; ///< what it replaces is known to be nothing
    Cell cell;
};

struct ModifyRow {
    Write write;
    std::string_view page_id; ///< update, trash
    std::span<const ModifyCell> cells;
    /// The page's "properties" as it was read, or "": then it is read first where the values need
    /// it (formatting of texts, the other part of a date).
    std::string_view base;
};

/// Whether a property of this type and a field of the page can be written at all.
bool modify_accepts(const ScanColumn& column) noexcept;

/// Whether writing this column keeps something of what the page holds (see ModifyRow.base).
bool modify_keeps(const ScanColumn& column) noexcept;

/// Makes no request.
Modify* modify_open(const ModifyPlan& plan, Fault& fault) noexcept;
void modify_shut(Modify* modify) noexcept;
/// Takes a row, copied. False where Notion could not hold it, or what is known of the schema is not
/// enough. requires: the last modify_next said done or row, or `modify_room`.
bool modify_add(Modify* modify, const ModifyRow& row, Fault& fault) noexcept;
/// Whether another row can be taken before one is handed back.
bool modify_room(const Modify* modify) noexcept;
/// row: the next one is written; its returned values are in `cells` until the next call.
/// asks: without a reader, modify_send. done: no row is left. failed: nothing is under way any
/// more; the fault says which rows were written and which were not. Drives nothing.
Step modify_next(Modify* modify, int64_t now_ms, Cell* cells, Fault& fault) noexcept;
/// requires: the last step said asks without a reader.
bool modify_send(Modify* modify, Fault& fault) noexcept;
/// Its id, from whatever the plan said.
std::string_view modify_data_source(const Modify* modify) noexcept;
/// Of the row that modify_next handed back last.
std::string_view modify_page_id(const Modify* modify) noexcept;
/// Rows that Notion has confirmed so far.
int64_t modify_written(const Modify* modify) noexcept;
/// A statement that ends now leaves writes behind of which nobody knows: says which, for an error
/// in place of the one that ends it. False where there are none.
bool modify_in_doubt(const Modify* modify, std::string_view why, Fault& fault) noexcept;

} // namespace notion::bridge
