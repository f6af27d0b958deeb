// Links, as capture needs them: which link a relation belongs to, and which columns matter.
// A backend cache over notion.links and notion.link_columns, read with a catalog snapshot, since
// an old REPEATABLE READ snapshot cannot see a link made after it but its writes must be captured.
// Refuses: raising because of our own state; a relation without a link has none, that is all.
// scope: backend.
#pragma once

#include "pg/postgres.hpp"

#include "pg/capture/key.hpp"

namespace notion::pg::capture {

/// Valid until link_of is called again: what an invalidation made stale is freed there.
struct CapturedLink {
    Oid relation;  ///< hash key: the relation the trigger fired on, perhaps a leaf partition
    int32 link;    ///< 0: this relation has no link
    bool filtered; ///< the link has a row filter: any change may move a row across it
    int key_count;
    AttrNumber key[key_columns_max];
    int paired_count;
    AttrNumber* paired; ///< columns whose change is captured, the key apart
};

/// Of a link by its number, as it is now; no table where there is none.
struct LinkState {
    Oid table;
    Oid foreign_table;
    bool is_synced;
    bool sends;
};
LinkState state_of(int32 link);

/// The link of `relation`, or of what it is a partition or an inheritance child of. Never null;
/// see CapturedLink::link.
const CapturedLink* link_of(Relation relation);

} // namespace notion::pg::capture
