// Merge: the queue of admitted snapshots, each into its row in a transaction of its own. Attempts
// are counted before they are made, in one of their own too, so that a snapshot that ends the
// process is set aside in the end.
// scope: step.
#include "pg/apply/tasks.hpp"

#include "pg/apply/arrival.hpp"
#include "pg/apply/origin.hpp"
#include "pg/apply/rows.hpp"
#include "pg/own.hpp"
#include "pg/worker/process.hpp"
#include "pg/worker/query.hpp"

namespace notion::pg::apply {
namespace {

using namespace worker;

constexpr int batch = 50;

/// Only where something is about to be deleted: merges are many, and most delete nothing.
constinit Query brake = {R"(
SELECT notion.brake() WHERE EXISTS (SELECT FROM notion.snapshots WHERE in_trash))"};

constinit Query claim = {R"(
UPDATE notion.snapshots s
   SET attempts = attempts + 1, failed = attempts >= 30,
       due = now() + least(interval '200 ms' * power(2, least(attempts, 12)), interval '5 min')
 WHERE (s.link, s.page) IN (
    SELECT d.link, d.page FROM notion.snapshots d
      JOIN notion.links l ON l.id = d.link AND l.state = 'active'
     WHERE NOT d.failed AND d.job IS NULL AND d.due <= now()
     ORDER BY d.due LIMIT $1 FOR UPDATE OF d SKIP LOCKED)
RETURNING s.link, s.page::text)"};

/// A row that ends the process is a row that Notion's change cannot be applied to.
constinit Query count_death = {R"(
UPDATE notion.snapshots
   SET deaths = deaths + 1, failed = deaths >= 2, due = now() + (deaths + 1) * interval '2 s',
       reason = 'applying it ended the process: code of the table runs for too long and goes on '
                'when it is cancelled'
 WHERE link = $1 AND page = $2::uuid)"};

struct Claimed {
    int32 link;
    std::string_view page;
};

void merge(Arrival& arrival) {
    if (!open_arrival(&arrival, Failed::left) || !decide(arrival))
        return;
    Refusal refusal;
    if (!write(arrival, &refusal) && !(refusal.is_taken() && write_together(arrival)))
        return set_aside(arrival, refusal);
    conclude(arrival);
}

void merge_in_transaction(const Claimed& claimed) {
    worker::now_at(claimed.link, claimed.page.data());
    worker::begin("merging a page into its row");
    Arrival arrival = {};
    arrival.link = claimed.link;
    arrival.page = claimed.page;
    arrival.linked = load(claimed.link, CurrentMemoryContext);
    if (arrival.linked == nullptr) {
        set_aside(arrival, unusable, false);
    } else if (!can_be_locked(*arrival.linked, RowExclusiveLock)) {
        set_aside(arrival, table_is_locked);
    } else {
        arrival.text = own<bridge::Text, bridge::text_free>(
            CurrentMemoryContext, [](bridge::Fault& fault) { return bridge::text_new(fault); });
        merge(arrival);
    }
    worker::commit();
    worker::now_at(0, "");
    end_applying();
}

} // namespace

void count_last_death() {
    const worker::Place place = worker::last_at();
    if (place.link == 0)
        return;
    worker::begin("noting what ended the process");
    if (run(count_death, {as_int4(place.link), as_text(place.page)}) > 0)
        ereport(LOG, (errmsg("pg_notion apply ended while it merged page %s", place.page)));
    worker::commit();
}

bool merge_some() {
    MemoryContext memory =
        AllocSetContextCreate(TopMemoryContext, "pg_notion arrivals", ALLOCSET_DEFAULT_SIZES);
    worker::begin("taking admitted snapshots");
    (void)run(brake);
    const int count = int(run(claim, {as_int4(batch)}));
    auto* arrivals =
        static_cast<Claimed*>(MemoryContextAlloc(memory, sizeof(Claimed) * (count + 1)));
    for (int i = 0; i < count; i++)
        arrivals[i] = {int32(column_int8(i, 1)), MemoryContextStrdup(memory, column_text(i, 2))};
    worker::commit();
    for (int i = 0; i < count; i++) {
        CHECK_FOR_INTERRUPTS();
        merge_in_transaction(arrivals[i]);
    }
    MemoryContextDelete(memory);
    if (count > 0)
        worker::wake_net(MyDatabaseId);
    return count == batch;
}

} // namespace notion::pg::apply
