// What this transaction has written to Notion, which has no transactions: a rollback says so, and
// PREPARE is refused. scope: transaction.
#pragma once

#include <cstdint>

namespace notion::pg {

/// `rows` more were written, in the current subtransaction.
void note_written(int64_t rows);

} // namespace notion::pg
