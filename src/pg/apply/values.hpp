// Values: the parameters of a statement that a table's owner runs, read from texts by their types'
// own input functions, and the statement's run. Assumes as_owner (owner.hpp) and SPI connected: a
// domain's checks are the owner's code.
// scope: call.
#pragma once

#include "pg/apply/linked.hpp"

namespace notion::pg::apply {

/// $1 and so on. In the current context.
struct Values {
    Oid* types;
    Datum* datums;
    char* nulls; ///< 'n' or ' ', as SPI has it
    int count;
};
/// requires: at most `most` are added.
Values room_for(int most);
/// Errors: what the type's input function says of the words.
void add(Values& values, const LinkedColumn& column, std::string_view words, bool null);
void add_jsonb(Values& values, std::string_view json);
/// As many as the key has columns. Errors: 22P02 for a text that is no key of the table.
void add_key(Values& values, const Linked& linked, std::string_view key);

/// " WHERE a = $1 AND b = $2" of the key's columns: their values come first.
const char* key_match(const Linked& linked);

/// The result is in SPI_processed and SPI_tuptable. Errors: what the table says.
void execute(const char* statement, const Values& values);

} // namespace notion::pg::apply
