// Merge of one field: the table 'news | dirty | equal' of docs/sync.md as a pure function.
// Knows no values: whoever calls compared them. The base moves only as base_after says.
// scope: none.
#pragma once

#include <cstdint>

namespace notion::sync {

enum class Direction : uint8_t { to_notion, from_notion, both };
/// function: a SQL function of the table's owner decides; the caller asks it.
enum class Rule : uint8_t { newest, notion, postgres, manual, function };

/// What a snapshot says of a field, against N. An absent property is unknown, never NULL.
enum class Seen : uint8_t { absent, same, news };
/// Which edit came later, as far as can be told (newest.hpp).
enum class Newer : uint8_t { postgres, notion, undecidable };

struct FieldCase {
    Seen page = Seen::absent;
    bool dirty = false; ///< p differs from P
    bool equal = false; ///< decode(n) = p
    Direction direction = Direction::both;
    Rule rule = Rule::newest;
    Newer newer = Newer::undecidable;
    bool is_set = false; ///< members on both sides, merged one by one
    bool held = false;   ///< waits for a decision: neither sent nor applied
    bool doubt = false;  ///< what is as the base may be the page's answer to a write of ours
};

enum class FieldAction : uint8_t {
    nothing,   ///< not judged, or nothing to do
    send,      ///< only the row changed
    note,      ///< news that the row holds already
    agree,     ///< both made the same change, or a held field came to agree
    take,      ///< only the page changed: row := decode(n)
    put_back,  ///< only the page changed, in a field that Notion may not change: p is sent again
    take_over, ///< both changed, Notion's value won
    keep,      ///< both changed, the row's value won and is sent
    unite,     ///< both changed a set: the members of both, less what either removed
    hold,      ///< both changed, a person decides
    ask,       ///< both changed, a function decides: nothing before it was asked
};
FieldAction merge_field(const FieldCase& field);

/// The base after an action: as it was, or (p, n), or (decode(n), n).
enum class BaseAfter : uint8_t { old, p_and_n, decoded_and_n };
BaseAfter base_after(FieldAction action);

/// Both sides had changed: the value that did not win is kept in a conflict.
bool is_conflict(FieldAction action);
/// After it the row holds something that Notion must still be sent.
bool leaves_dirty(FieldAction action);

} // namespace notion::sync
