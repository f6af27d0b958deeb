// Scan: the rows of one data source, read page by page and handed out as cells.
// Streaming: a few answers at a time are held; the next ones are asked for ahead, and ranges of
// creation time side by side, where the plan says so. What Notion cuts is completed or is an error
// (law 2): 10,000 results are continued (core/notion/walk.hpp), 25 references by property items.
// Refuses to wait: see turn.hpp. scope: query.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "bridge/cell.hpp"
#include "bridge/endpoint.hpp"
#include "bridge/turn.hpp"
#include "bridge/zone.hpp"
#include "core/notion/filter.hpp"

namespace notion::bridge {

struct Scan;

/// What a column reads: a property, or what every page says of itself.
enum class Field : uint8_t {
    property,
    page_id,
    page_url,
    created_at,
    edited_at,
    created_by,
    edited_by,
    icon,
    cover,
    page_template, ///< what a new page is made from: written, never read
    content,       ///< no answer to a query has it: its cells are null, and whoever scans reads it
};

struct ScanColumn {
    std::string_view name;     ///< for messages
    Field field;               ///< of property: the rest
    std::string_view property; ///< its id, or its name where by_name
    bool by_name;
    PropertyType type; ///< unknown: whatever the page says it is
    ColumnType column;
    DatePart part;
    Fit fit; ///< what the declared column does to a value after us
};

/// `operands`: the cells of its operand, in order. `known`: false where it cannot be said.
struct ScanTerm {
    ScanColumn column;
    Operator op;
    std::span<const Cell> operands;
    bool known;
};

/// One qual that Notion is to decide, in prefix order (core/notion/filter.hpp).
struct ScanQual {
    std::span<const QualNode> nodes;
    Push push;
};

/// An order that Notion is to give: only where scan_sorts_alike.
struct ScanSort {
    ScanColumn column;
    bool descending;
};

struct ScanPlan {
    Endpoint endpoint;
    std::string_view data_source; ///< id
    std::string_view table;       ///< for messages
    ZoneView zone;
    std::span<const ScanColumn> columns; ///< those that the query reads
    std::span<const ScanQual> quals;
    std::span<const ScanTerm> terms;
    bool by_id;                                 ///< read page_ids instead of querying
    std::span<const std::string_view> page_ids; ///< uuids
    int64_t limit;                  ///< rows after which nobody asks for more; 0 = not known
    bool read_ahead;                ///< whoever reads will surely read to the end
    std::span<const ScanSort> sort; ///< one or none: any order
    int parallel;                   ///< requests under way at a time, at most; only with read_ahead
    int64_t expected;               ///< requests for all pages, 0 = not known
    int64_t answer_us;              ///< what the fastest answer took, 0 = not known
    std::span<const int64_t> cuts;  ///< creation times (µs) that cut it into parts alike, or none
    std::string_view number_property; ///< id of the data source's unique id; "" = not known
    bool misfit_null;                 ///< on_misfit: NULL rather than an error
};

struct ScanStats {
    int64_t requests;
    int64_t bytes;
    int64_t rows;
    int64_t misfits;
    int64_t reused; ///< requests on a connection that was there already
    int64_t lanes;  ///< the most lists read side by side
};

inline constexpr int cuts_max = 15;
/// What a scan that read a whole data source learned of it.
struct ScanLesson {
    int64_t rows;
    int64_t answer_us; ///< what the fastest answer took
    int cuts;
    int64_t at_us[cuts_max]; ///< creation times that cut it into parts alike
};

/// What it will ask, for EXPLAIN; views that live as long as the scan.
struct ScanWords {
    std::string_view path;
    std::string_view filter; ///< Notion's JSON, "" = none
    std::string_view sorts;
    std::string_view properties; ///< ids, separated by ", "
    bool never;                  ///< no row can match: nothing is asked
    bool recheck;                ///< an exact condition is not in it: check those here too
    int page_size;
};

/// Makes no request.
Scan* scan_open(const ScanPlan& plan, Fault& fault) noexcept;
void scan_shut(Scan* scan) noexcept;
/// The next row into `cells` (as many as the plan's columns; valid until the next call), or what is
/// needed first. Drives nothing: the caller steps the mux.
Step scan_next(Scan* scan, int64_t now_ms, Cell* cells, Fault& fault) noexcept;
/// Whether scan_next has something to do before anything more arrives.
bool scan_is_ready(const Scan* scan) noexcept;
/// Of the row that scan_next gave last.
std::string_view scan_page_id(const Scan* scan) noexcept;
/// Of the same row: these properties as Notion shows them, as a JSON object; "" where memory runs
/// out. For writes, which keep what they do not change.
std::string_view scan_properties(Scan* scan, std::span<const ScanColumn> columns) noexcept;
ScanStats scan_stats(const Scan* scan) noexcept;
/// False where it did not read all pages of the data source, to the end.
bool scan_lesson(const Scan* scan, ScanLesson& lesson) noexcept;
ScanWords scan_words(const Scan* scan) noexcept;

/// unknown for every name that we do not know.
PropertyType scan_property_type(std::string_view name) noexcept;
/// What can be promised for this condition, whatever its operands; here where one of its columns is
/// no property and no time.
Push scan_classify(std::span<const QualNode> nodes, std::span<const ScanTerm> terms) noexcept;
/// See core's sorts_alike.
bool scan_sorts_alike(const ScanColumn& column, bool filled) noexcept;
/// See core's rests_on_texts.
bool scan_rests_on_texts(PropertyType type) noexcept;
/// Whether a column of this type can be declared for this field and property type.
bool scan_accepts(Field field, PropertyType type, ColumnType column) noexcept;

} // namespace notion::bridge
