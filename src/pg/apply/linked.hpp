// Linked: a linked table as apply needs it: where it is, whose it is, its paired columns, and the
// core's view of the link. Loaded at each step, since a user may alter the table in between.
// scope: step (its memory context).
#pragma once

#include "pg/postgres.hpp"

#include "bridge/sync.hpp"

namespace notion::pg::apply {

struct LinkedColumn {
    NameData name;
    Oid type;
    int32 typmod;
    Oid input;
    Oid io_parameter;
    Oid output;
};

/// A reference of several columns: no column of that name, but its columns in the order of the key
/// that they hold.
struct JoinedReference {
    NameData name;
    LinkedColumn* columns;
    int count;
};

struct Linked {
    int32 id;
    Oid table;
    Oid owner;
    const char* qualified; ///< schema-qualified and quoted
    LinkedColumn* keys;
    int key_count;
    bool key_is_joined;    ///< several columns: their marker is no column, but called "(key)"
    const char* filter;    ///< rows that do not fulfil it are as if deleted; null: none
    LinkedColumn* columns; ///< all paired ones, a key of one column among them
    int column_count;
    JoinedReference* joined;
    int joined_count;
    bool refers;         ///< some of them are references: the core sees pages in place of keys
    const char* content; ///< the column that holds a page's content; null: none
    bool sends_content;  ///< what is written into that column replaces the page's content
    const char* page_template; ///< of notion.link; null: none
    const char* forbid;        ///< a regular expression; null: all may be sent
    bool inserts;              ///< a page without a row becomes one: the link also reads
    bridge::Link* core;
};

/// Loads a link into `context`; null where it, its table or one of its columns is gone, or where
/// the core cannot use it: `unusable` says so to people.
/// requires: SPI connected.
Linked* load(int32 link, MemoryContext context);

inline constexpr const char* unusable =
    "the link cannot be used: its table, or a paired column, is gone, renamed or of another type";

/// What a key of several columns is called among the paired columns.
inline constexpr std::string_view joined_key_name = "(key)";

/// The same table, with this column in place of the paired ones: for what is no property of a page
/// (its content, its template). Null where the table has no such column.
Linked* with_column(const Linked& linked, std::string_view name, MemoryContext context);

/// Those of joined references too.
const LinkedColumn* find_column(const Linked& linked, std::string_view name);

} // namespace notion::pg::apply
