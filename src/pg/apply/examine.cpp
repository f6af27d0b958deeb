// Examine: reads dirty rows as their owner sees them and asks the core what they wish.
// A row that is merely not visible wishes nothing: absence is not deletion (postgres.md D3).
// scope: step.
#include "pg/apply/tasks.hpp"

#include "pg/apply/extras.hpp"
#include "pg/apply/references.hpp"
#include "pg/own.hpp"
#include "pg/wait.hpp"
#include "pg/worker/process.hpp"
#include "pg/worker/query.hpp"

namespace notion::pg::apply {
namespace {

using namespace worker;

constexpr int batch = 100;

/// Its rows of work are locked until it ends, and net may have changes of the same rows to fold:
/// where code of the tables takes long, the rest of a batch is another batch.
constexpr int64 batch_ms_max = 500;

/// SKIP LOCKED: net folds into the same rows, and each would wait for what the other holds.
constinit Query select_dirty = {R"(
SELECT w.link, w.key, w.version, w.deleted,
       coalesce(CASE WHEN m.hops = 0 OR m.hopped_at > now() - interval '10 min' THEN to_jsonb(m)
                     ELSE to_jsonb(m) || '{"hops": 0}' END::text, ''), w.due, m.held::text
  FROM notion.work w
  JOIN notion.links l ON l.id = w.link AND l.state = 'active'
  LEFT JOIN notion.mappings m ON m.link = w.link AND m.key = w.key
 WHERE w.state = 'new' AND w.bulk = $2 AND w.due >= $3 AND w.due <= now()
   AND coalesce(m.flight, 'none') = 'none'
   AND w.renamed_from IS NULL -- its mapping is on its way, or another row's stands here still
   AND NOT EXISTS (SELECT FROM notion.work r WHERE r.link = w.link AND r.renamed_from = w.key)
 ORDER BY w.due LIMIT $1
   FOR UPDATE OF w SKIP LOCKED)"};

/// Read with the batch, without a lock: what a person decided since is not written over.
constinit Query lock_held = {R"(
SELECT FROM notion.mappings m WHERE m.link = $1 AND m.key = $2 AND m.held::text = $3
   FOR NO KEY UPDATE)"};

constinit Query keep_wish = {R"(
WITH told AS (SELECT $4::jsonb AS j),
held AS (UPDATE notion.mappings m SET held = j -> 'held', reason = j ->> 'reason',
                row_state = j ->> 'row_state', changed_at = w.captured_at,
                changed_by = w.who
           FROM told, notion.work w
          WHERE m.link = $1 AND m.key = $2 AND w.link = $1 AND w.key = $2)
UPDATE notion.work w
   SET state = 'wish', wish = j -> 'wish', wished_at = clock_timestamp(), attempts = 0,
       due = now(), reason = j ->> 'reason'
  FROM told WHERE w.link = $1 AND w.key = $2 AND w.version = $3)"};

/// Kept where a write of unknown outcome waits for a person: what was changed since, or deleted, is
/// looked at once that is decided.
constinit Query drop_work = {R"(
WITH told AS (SELECT $4::jsonb AS j),
held AS (UPDATE notion.mappings m SET held = j -> 'held', reason = j ->> 'reason',
                row_state = j ->> 'row_state',
                changed_at = CASE j -> 'held' WHEN '{}' THEN m.changed_at ELSE w.captured_at END,
                changed_by = CASE j -> 'held' WHEN '{}' THEN m.changed_by ELSE w.who END
           FROM told, notion.work w
          WHERE m.link = $1 AND m.key = $2 AND w.link = $1 AND w.key = $2
            AND (j -> 'held' <> '{}' OR (m.held, m.reason, m.row_state)
                IS DISTINCT FROM (j -> 'held', j ->> 'reason', j ->> 'row_state'))),
kept AS (UPDATE notion.work w SET state = 'held', reason = j ->> 'reason'
           FROM told, notion.mappings m
          WHERE m.link = $1 AND m.key = $2 AND w.link = $1 AND w.key = $2 AND w.version = $3
            AND m.flight_kind IS NOT NULL)
DELETE FROM notion.work w WHERE w.link = $1 AND w.key = $2 AND w.version = $3
   AND NOT EXISTS (SELECT FROM notion.mappings m
                    WHERE m.link = $1 AND m.key = $2 AND m.flight_kind IS NOT NULL))"};

constinit Query postpone = {R"(
UPDATE notion.work w
   SET attempts = attempts + 1, reason = $4,
       due = now() + least(interval '200 ms' * power(2, least(attempts, 12)), interval '5 min'),
       state = CASE WHEN $5 OR captured_at > now() - interval '10 min' THEN 'new'
                    ELSE 'failed' END
 WHERE w.link = $1 AND w.key = $2 AND w.version = $3)"};

constinit Query set_aside = {R"(
UPDATE notion.work w SET state = 'failed', reason = $4, attempts = attempts + 1
 WHERE w.link = $1 AND w.key = $2 AND w.version = $3)"};

/// Its turn comes with the page that it waits for; the clock is for what never comes.
constinit Query put_behind = {R"(
UPDATE notion.work w
   SET attempts = attempts + 1, reason = $4,
       due = now() + least(interval '5 s' * power(2, least(attempts, 6)), interval '5 min')
 WHERE w.link = $1 AND w.key = $2 AND w.version = $3)"};

constinit Query keep_conflicts = {R"(
SELECT notion.keep_conflicts($1, $2, m.page, $3)
  FROM (SELECT 1) one LEFT JOIN notion.mappings m ON m.link = $1 AND m.key = $2
)"};

constinit Query brake = {"SELECT notion.brake()"};

constinit Query read_told = {"SELECT coalesce(jsonb_typeof(j -> 'wish'), 'null') <> 'null',"
                             "       coalesce(j -> 'wish' ->> 'action', '') = 'trash',"
                             "       jsonb_array_length(coalesce(j -> 'conflicts', '[]')) > 0"
                             "    OR jsonb_array_length(coalesce(j -> 'agreed', '[]')) > 0,"
                             "       coalesce(j -> 'wish' ->> 'action', '') = 'create' FROM "
                             "(SELECT $1::jsonb AS j) x"};

struct Dirty {
    int32 link;
    std::string_view key;
    int64 version;
    bool deleted;
    std::string_view mapping;
    const char* held; ///< nullptr: no mapping
};

/// How far each lane was read.
struct {
    TimestampTz from;
    int64 rewound_ms;
} lanes[2];

/// A copy of the batch: the statements that follow replace SPI's last result.
int read_lane(bool bulk, int room, Dirty* dirty) {
    constexpr int64 rewind_ms = 1'000;
    auto& lane = lanes[bulk];
    if (const int64 now = steady_ms(); now - lane.rewound_ms >= rewind_ms)
        lane = {DT_NOBEGIN, now};
    const int rows = int(run(select_dirty, {as_int4(room), as_bool(bulk), as_time(lane.from)}));
    // From where this look ended: what was examined leaves dead entries in the index for as long as
    // some session holds an old snapshot. What was passed over is met after the next rewind.
    if (rows > 0)
        lane.from = column_time(rows - 1, 6);
    for (int row = 0; row < rows; row++)
        dirty[row] = {int32(column_int8(row, 1)), column_view(row, 2), column_int8(row, 3),
                      column_bool(row, 4),        column_view(row, 5), column_text(row, 7)};
    return rows;
}

/// What people did first, then what bulk jobs did, which keeps a fifth.
int read_batch(Dirty* dirty) {
    const int single = read_lane(false, batch - batch / 5, dirty);
    return single + read_lane(true, batch - single, dirty + single);
}

/// Links whose rows of a batch have to wait, and why.
struct Busy {
    int32 links[batch];
    const char* why[batch];
    int count;
};

void note(Busy& busy, int32 link, const char* why) {
    busy.links[busy.count] = link;
    busy.why[busy.count++] = why;
}

/// nullptr: it need not wait.
const char* why_busy(const Busy& busy, int32 link) {
    for (int i = 0; i < busy.count; i++)
        if (busy.links[i] == link)
            return busy.why[i];
    return nullptr;
}

void put_off(const Dirty& dirty, const char* reason, bool busy) {
    (void)run(postpone, {as_int4(dirty.link), as_text(dirty.key), as_int8(dirty.version),
                         as_text(reason), as_bool(busy)});
}

enum class Wishes : uint8_t { nothing, something, trash, busy };

/// Whether its page is to be created after one to which it relates. What it waits for is kept.
bool is_behind(const Dirty& dirty, const Linked& linked, const Row& row, bool creates) {
    if (!linked.refers)
        return false;
    keep_waits(linked, dirty.key, Waiting::rows, row.waits);
    const char* why =
        creates && !row.waits.empty() ? why_behind(linked, dirty.key, row.waits) : nullptr;
    if (why != nullptr)
        (void)run(put_behind,
                  {as_int4(dirty.link), as_text(dirty.key), as_int8(dirty.version), as_text(why)});
    return why != nullptr;
}

Wishes examine(const Dirty& dirty, const Linked& linked, bridge::Text* told) {
    Row row;
    Refusal refusal;
    if (dirty.held != nullptr &&
        run(lock_held, {as_int4(dirty.link), as_text(dirty.key), as_text(dirty.held)}) == 0)
        return Wishes::nothing; // it stays due
    if (!read_row(linked, dirty.key, Lock::none, &row, &refusal)) {
        put_off(dirty, refusal.message, refusal.is_busy());
        return refusal.is_busy() ? Wishes::busy : Wishes::nothing;
    }
    bridge::Fault fault;
    if (!bridge::sync_decide(linked.core, dirty.mapping, row.found ? row.json : "",
                             dirty.deleted || row.outside, told, fault)) {
        put_off(dirty, fault.message, false);
        return Wishes::nothing;
    }
    std::string_view json = bridge::text_view(told);
    const char* why_not = nullptr;
    if (!add_extras(linked, dirty.key, &json, &why_not, &refusal)) {
        put_off(dirty, refusal.message, refusal.is_busy());
        return Wishes::nothing;
    }
    if (why_not != nullptr) {
        (void)run(set_aside, {as_int4(dirty.link), as_text(dirty.key), as_int8(dirty.version),
                              as_text(why_not)});
        return Wishes::nothing;
    }
    bool wishes_content = false;
    if (row.found && !row.outside && !dirty.deleted &&
        !wish_content(linked, dirty.key, &wishes_content, &refusal)) {
        put_off(dirty, refusal.message, refusal.is_busy());
        return Wishes::nothing;
    }
    const Arg told_json = as_jsonb(json);
    (void)run(read_told, {told_json});
    const bool wishes = column_bool(0, 1);
    const bool trash = column_bool(0, 2);
    const bool conflicts = column_bool(0, 3);
    if (is_behind(dirty, linked, row, column_bool(0, 4)))
        return Wishes::nothing;
    if (conflicts)
        (void)run(keep_conflicts, {as_int4(dirty.link), as_text(dirty.key), told_json});
    (void)run(wishes ? keep_wish : drop_work,
              {as_int4(dirty.link), as_text(dirty.key), as_int8(dirty.version), told_json});
    return trash ? Wishes::trash : wishes || wishes_content ? Wishes::something : Wishes::nothing;
}

} // namespace

bool examine_some() {
    worker::begin("examining dirty rows");
    auto* dirty = static_cast<Dirty*>(palloc(sizeof(Dirty) * batch));
    const int count = read_batch(dirty);
    const int64 end_ms = steady_ms() + batch_ms_max;
    auto* told = own<bridge::Text, bridge::text_free>(
        CurrentMemoryContext, [](bridge::Fault& fault) { return bridge::text_new(fault); });
    Linked* linked = nullptr;
    Busy busy = {};
    int32 loaded = 0;
    int wishes = 0;
    int trashes = 0;
    for (int i = 0; i < count; i++) {
        CHECK_FOR_INTERRUPTS();
        if (const char* why = why_busy(busy, dirty[i].link)) {
            put_off(dirty[i], why, true);
            continue;
        }
        if (loaded != dirty[i].link) {
            linked = load(dirty[i].link, CurrentMemoryContext);
            loaded = dirty[i].link;
            if (linked != nullptr && !can_be_locked(*linked, AccessShareLock)) {
                note(busy, loaded, table_is_locked.message);
                put_off(dirty[i], table_is_locked.message, true);
                continue;
            }
        }
        if (linked == nullptr) {
            put_off(dirty[i], unusable, false);
            continue;
        }
        if (steady_ms() >= end_ms) {
            lanes[0] = lanes[1] = {}; // the rest is met again
            break;
        }
        const Wishes it = examine(dirty[i], *linked, told);
        if (it == Wishes::busy)
            note(busy, loaded, "another row of the table could not be read in time");
        wishes += it == Wishes::something || it == Wishes::trash;
        trashes += it == Wishes::trash;
    }
    if (trashes > 0)      // it counts all that is queued: not for every hundred rows of 100,000
        (void)run(brake); // in the transaction of the wishes: net never sees one too many
    worker::commit(Durable::soon); // what is wished is claimed before it is sent
    if (wishes > 0)
        worker::wake_net(MyDatabaseId);
    return count > 0;
}

} // namespace notion::pg::apply
