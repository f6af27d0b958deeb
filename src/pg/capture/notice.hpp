// Notice: tells whoever commits a bulk change how many rows are queued and how long they take.
// scope: call.
#pragma once

#include "pg/postgres.hpp"

namespace notion::pg::capture {

inline constexpr int changes_links_max = 32; // of one transaction; the rest goes unmentioned

/// How many rows of which link a transaction changed.
struct Changes {
    struct Of {
        int32 link;
        int64 rows;
    };
    Of list[changes_links_max];
    int count;
};

void count_changes(Changes* changes, int32 link, int64 rows);
/// A NOTICE for each link that the transaction changed in bulk. Called at pre-commit.
void tell_of_bulk(const Changes& changes);

} // namespace notion::pg::capture
