// Rows: reading and writing single rows of linked tables, each as the table's owner (owner.hpp).
// Values cross as text, printed and read by the types' own functions under the worker's pinned
// settings, so that a row looks the same whoever changed it.
// scope: call.
#pragma once

#include "pg/apply/linked.hpp"
#include "pg/apply/owner.hpp"

namespace notion::pg::apply {

enum class Lock : uint8_t { none, row };

/// Whether the table can be locked so without waiting; if so it is, until the transaction ends.
/// Asked before its rows are: each of them would wait for lock_timeout_ms while somebody rewrites
/// the table, and the rows of all other links behind it.
bool can_be_locked(const Linked& linked, LOCKMODE mode);
/// Why its rows wait then.
inline constexpr Refusal table_is_locked = {
    ERRCODE_LOCK_NOT_AVAILABLE, "somebody holds a lock on the whole table, or waits for one", "",
    "", ""};

/// json: {"column": "text" | null} of the paired columns, and "(key)" where the key has several; ""
/// where no row has the key. References show pages, and are left out where there is none yet.
struct Row {
    std::string_view json;
    bool found;
    bool outside;           ///< it is there, and does not fulfil the link's filter: as if deleted
    std::string_view waits; ///< of its references, as references.hpp keeps them; "" where there are
                            ///< none
};

/// One column to set; null: SQL NULL.
struct Assignment {
    std::string_view column;
    std::string_view text;
    bool null;
};
struct Assignments {
    Assignment* list;
    int count;
};
/// Of a JSON object {"column": "text" | null}. requires: SPI connected.
Assignments assignments(std::string_view json);

/// A copy of words that outlives a subtransaction and its SPI.
std::string_view keep(MemoryContext memory, std::string_view words);

/// All return false where the table refused, and undo what they did.
bool read_row(const Linked& linked, std::string_view key, Lock lock, Row* row, Refusal* refusal);
bool update_row(const Linked& linked, std::string_view key, const Assignments& to,
                Refusal* refusal);
/// The new row's key, which its default, identity or a trigger chose. A row that does not fulfil
/// the link's filter is refused.
bool insert_row(const Linked& linked, const Assignments& values, std::string_view* key,
                Refusal* refusal);
bool delete_row(const Linked& linked, std::string_view key, Refusal* refusal);

/// Whose row keeps a row from being written with these values: conditions of the table that tell
/// (notion.place_of). key: of the row, "" for a new one. *holder: "" where there is none.
bool find_holder(const Linked& linked, std::string_view key, std::string_view values,
                 const char* conditions, std::string_view* holder, Refusal* refusal);
/// A row gives up values for as long as the transaction lasts: `settings` is the list of SET.
bool park_row(const Linked& linked, std::string_view key, const char* settings, Refusal* refusal);

} // namespace notion::pg::apply
