// Contents of pages that arrived, into their rows: as the table's owner, each in a transaction of
// its own, with its attempts counted before. What is refused waits, and stops nothing else.
// scope: step.
#include "pg/apply/origin.hpp"
#include "pg/apply/rows.hpp"
#include "pg/apply/tasks.hpp"
#include "pg/capture/outbox.hpp"
#include "pg/worker/process.hpp"
#include "pg/worker/query.hpp"

namespace notion::pg::apply {
namespace {

using namespace worker;

constexpr int batch = 20;

constinit Query claim = {R"(
UPDATE notion.contents c
   SET attempts = attempts + 1, failed = attempts >= 30,
       apply_at = now() + least(interval '200 ms' * power(2, least(attempts, 12)),
                                interval '5 min')
 WHERE (c.link, c.page) IN (
    SELECT d.link, d.page FROM notion.contents d
      JOIN notion.links l ON l.id = d.link AND l.state = 'active' AND l.content IS NOT NULL
     WHERE d.arrived IS NOT NULL AND NOT d.failed AND d.apply_at <= now()
     ORDER BY d.apply_at LIMIT $1 FOR UPDATE OF d SKIP LOCKED)
RETURNING c.link, c.page::text)"};

/// The mapping first: its lock is what the two processes exclude each other by.
constinit Query lock_mapping = {R"(
SELECT m.key FROM notion.mappings m
 WHERE m.link = $1 AND m.page = $2::uuid AND m.row_state = 'present' FOR UPDATE)"};

constinit Query lock_content = {R"(
SELECT c.arrived, $3::jsonb ->> $4, coalesce($3::jsonb ->> $4, '') = c.arrived
  FROM notion.contents c
 WHERE c.link = $1 AND c.page = $2::uuid AND c.arrived IS NOT NULL AND NOT c.failed FOR UPDATE)"};

constinit Query done = {R"(
UPDATE notion.contents SET arrived = NULL, attempts = 0, reason = NULL
 WHERE link = $1 AND page = $2::uuid)"};

constinit Query keep_log = {R"(
INSERT INTO notion.log (link, key, page, side, action, changes)
SELECT $1, $2, $3::uuid, 'notion', 'update', jsonb_build_object($4,
       jsonb_build_object('from', left($5, $7), 'to', left($6, $7))))"};
constexpr int logged_characters = 10'000; // of a content; the rest is in Notion, and in the row

constinit Query set_aside = {R"(
UPDATE notion.contents
   SET reason = $3, failed = failed OR (NOT $4 AND since < clock_timestamp() - interval '10 min')
 WHERE link = $1 AND page = $2::uuid)"};

struct Arrival {
    int32 link;
    char page[40];
};

void wait_with(const Arrival& arrival, const Refusal& refusal) {
    (void)run(set_aside, {as_int4(arrival.link), as_text(arrival.page), as_text(refusal.message),
                          as_bool(refusal.is_busy())});
}

void take(const Arrival& arrival, const Linked& linked) {
    const Arg link = as_int4(arrival.link);
    const Arg page = as_text(arrival.page);
    const Linked* only = with_column(linked, linked.content, CurrentMemoryContext);
    if (only == nullptr)
        return wait_with(arrival, {0, "the column of the content is gone", ""});
    if (run(lock_mapping, {link, page}) == 0) {
        (void)run(done, {link, page}); // no row takes it any more
        return;
    }
    const std::string_view key = column_view(0, 1);
    Row row = {};
    Refusal refusal;
    if (!read_row(*only, key, Lock::row, &row, &refusal))
        return wait_with(arrival, refusal);
    if (!row.found) {
        (void)run(done, {link, page});
        return;
    }
    if (run(lock_content, {link, page, as_jsonb(row.json), as_text(linked.content)}) == 0)
        return;
    const char* arrived = column_text(0, 1);
    const char* before = column_text(0, 2);
    if (!column_bool(0, 3)) {
        Assignment to = {linked.content, arrived, false};
        if (!update_row(*only, key, {&to, 1}, &refusal))
            return wait_with(arrival, refusal);
        (void)run(keep_log,
                  {link, as_text(key), page, as_text(linked.content), as_text_or_null(before),
                   as_text(arrived), as_int4(logged_characters)});
    }
    (void)run(done, {link, page});
}

/// Who edited the page last is not known here: a content comes by itself.
void take_in_transaction(const Arrival& arrival) {
    worker::now_at(arrival.link, arrival.page);
    worker::begin("taking a content into its row");
    const Linked* linked = load(arrival.link, CurrentMemoryContext);
    if (linked != nullptr && linked->content != nullptr) {
        capture::set_hops(1);
        begin_applying("");
        take(arrival, *linked);
    }
    worker::commit();
    worker::now_at(0, "");
    end_applying();
}

} // namespace

bool take_contents() {
    worker::begin("claiming contents");
    Arrival arrivals[batch];
    const int count = int(run(claim, {as_int4(batch)}));
    for (int i = 0; i < count; i++) {
        arrivals[i].link = int32(column_int8(uint64(i), 1));
        strlcpy(arrivals[i].page, column_text(uint64(i), 2), sizeof arrivals[i].page);
    }
    worker::commit();
    for (int i = 0; i < count; i++) {
        CHECK_FOR_INTERRUPTS();
        take_in_transaction(arrivals[i]);
    }
    return count > 0;
}

} // namespace notion::pg::apply
