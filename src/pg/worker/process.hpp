// What the two workers of a database have in common: how they start, what is pinned in their
// session, how a transaction begins and ends.
// Assumes: started by the launcher with the database's OID. Refuses: a database without the
// extension, or whose links belong elsewhere (law 10). scope: worker.
#pragma once

#include <span>

#include "pg/postgres.hpp"

#include "pg/worker/shared.hpp"

namespace notion::pg::worker {

/// Connects as the bootstrap superuser with pinned settings; returns only if this database's links
/// are ours. Otherwise it says so in the roster and ends the process.
void start(Oid database, Role role);

/// A short transaction with SPI and a snapshot, reported to pg_stat_activity. `what` is a literal.
/// Ends the process, quietly, where the extension is gone.
void begin(const char* what);
/// `soon`: without waiting for the disk. For what only this database knows of: a crash that loses
/// it loses all that was committed after it, and it is done again. Never for what is sent or
/// answered next.
enum class Durable : uint8_t { now, soon };
void commit(Durable durable = Durable::now);

/// Every statement of the workers on notion.* has its index, and wants the first rows in that
/// index's order: queues grow from nothing to 100,000 rows and back within minutes, faster than
/// statistics. So their plans are pinned; a user's triggers are planned as the DBA has it.
void pin_plans();
struct PlanSetting {
    const char* name;
    const char* for_people;
};
std::span<const PlanSetting> plan_settings();

/// Serves a pending SIGHUP. True if settings were read again.
bool reload();

/// Whether the cluster, database and timeline are those that the links know.
enum class Home : uint8_t { here, promoted, elsewhere, unknown };
/// requires: inside begin/commit, or a function's transaction with SPI connected.
Home home();

} // namespace notion::pg::worker
