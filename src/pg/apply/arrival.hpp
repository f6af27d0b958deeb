// Arrival: one admitted snapshot on its way into its row: opened, decided, written, concluded, all
// in one transaction. Assumes that nobody else merges. Refuses what its table refuses: then the
// snapshot is set aside with the reason.
// scope: transaction.
#pragma once

#include "bridge/sync.hpp"
#include "pg/apply/linked.hpp"
#include "pg/apply/owner.hpp"

namespace notion::pg::apply {

/// What the core told, as far as glue must know.
struct Told {
    std::string_view json;
    std::string_view action;
    std::string_view write; ///< {"column": text | null}; of references the columns themselves
    const char* reason;
    std::string_view asks;
    std::string_view mark; ///< "true", "false", or "": the column of on_notion_trash stays
    bool recheck;
};

struct Arrival {
    int32 link;
    std::string_view page;
    const Linked* linked;
    bridge::Text* text;
    std::string_view key; ///< "" for a page without a row, until it has one
    std::string_view mapping;
    std::string_view snapshot;
    std::string_view times;
    std::string_view waits; ///< of relations of the page that nobody can follow yet
    const char* editor;     ///< "" where it is not known
    int32 hops;
    bool is_mapped; ///< before it was merged
    Told told;
};

/// Locks the page's mapping and reads the snapshot. False: there is nothing to merge now.
/// failed: also one that was refused for so long that only its page's next edit would bring it.
enum class Failed : uint8_t { left, taken };
bool open_arrival(Arrival* arrival, Failed failed);
/// Reads and locks the row, and has the core decide. False: it waits, with the reason.
bool decide(Arrival& arrival); // decide.cpp
/// Writes what was told, as the owner, with triggers that can ask whose change it is. False if the
/// table refused: then all of it is undone.
bool write(Arrival& arrival, Refusal* refusal); // decide.cpp
/// Base, log, conflicts; the snapshot is gone.
void conclude(const Arrival& arrival);
/// The snapshot stays, with the reason. busy: it is no failure, however long it takes; otherwise it
/// is listed at once, and a failure after ten minutes.
void set_aside(const Arrival& arrival, const char* reason, bool busy);
void set_aside(const Arrival& arrival, const Refusal& refusal);

/// What a unique index refused, since another row holds the value: where the page of that row has
/// news that take the value away, the two go together, and so do longer chains and rings. False:
/// nothing was written. On success all but `first` are concluded.
bool write_together(Arrival& first); // exchange.cpp

} // namespace notion::pg::apply
