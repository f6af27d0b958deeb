// Natural keys: the rows of a table by the value of some columns, for pairing at the first sync.
// A value that two rows share pairs nothing: a guess would mix two rows up.
// scope: call.
#pragma once

#include "pg/apply/rows.hpp"

namespace notion::pg::apply {

struct NaturalKeys {
    const LinkedColumn** columns;
    int count;
    HTAB* rows;
};

/// Reads the whole table as its owner. False where it refused. `columns`: text[] as text.
bool natural_keys(const Linked& linked, std::string_view columns, NaturalKeys** keys,
                  Refusal* refusal);
/// The key of the one row whose columns equal what the snapshot says; "" for none or several.
std::string_view natural_match(const NaturalKeys& keys, const Linked& linked,
                               std::string_view snapshot, bridge::Text* text);
/// All keys of the table as text[].
bool all_keys(const Linked& linked, Datum* keys, Refusal* refusal);

} // namespace notion::pg::apply
