// Contents of pages that arrived, into their rows: as the table's owner, each in a transaction of
// its own, with its attempts counted before. What is refused waits, and stops nothing else.
// scope: step.
#include "pg/postgres.hpp"

#include "bridge/content.hpp"
#include "bridge/pacing.hpp"
#include "pg/apply/extras.hpp"
#include "pg/apply/origin.hpp"
#include "pg/apply/rows.hpp"
#include "pg/apply/tasks.hpp"
#include "pg/capture/outbox.hpp"
#include "pg/settings.hpp"
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

/// Both texts, as facts for the core; and what a person decided, if the two are in conflict.
constinit Query lock_content = {R"(
SELECT c.arrived, $3::jsonb ->> $4, l.content_direction = 'both', coalesce(r, '') = c.arrived,
       coalesce(c.base_column = $4, false) AND c.base_row IS NOT NULL,
       coalesce(c.base_row <> notion.fingerprint(r), true),
       coalesce(c.base_page <> notion.fingerprint(c.arrived), true),
       coalesce(r, '') = '', c.arrived = '',
       CASE WHEN c.base_column = $4 THEN c.flight ELSE 'none' END,
       CASE WHEN c.base_column = $4 THEN c.sent END, o.decided, o.decided_value,
       o.postgres IS NOT DISTINCT FROM r, o.notion IS NOT DISTINCT FROM c.arrived,
       coalesce(c.sent <> coalesce(r, ''), true)
  FROM notion.contents c JOIN notion.links l ON l.id = c.link
 CROSS JOIN LATERAL (SELECT $3::jsonb ->> $4 AS r) x
  LEFT JOIN notion.conflicts o ON o.link = c.link AND o.key = $5 AND o.column_name = l.content
       AND o.state = 'open' AND o.kind = 'both changed'
 WHERE c.link = $1 AND c.page = $2::uuid AND c.arrived IS NOT NULL AND NOT c.failed
   FOR UPDATE OF c)"};

constinit Query drop = {R"(
UPDATE notion.contents SET arrived = NULL, attempts = 0, reason = NULL, flight = 'none', sent = NULL
 WHERE link = $1 AND page = $2::uuid)"};

constinit Query look_again = {R"(
UPDATE notion.contents SET arrived = NULL, attempts = 0,
       due = clock_timestamp() + $3 * interval '1 millisecond'
 WHERE link = $1 AND page = $2::uuid)"};

constinit Query meet = {"SELECT notion.content_met($1, $2::uuid, $3, $4, $5)"};
constinit Query keep_conflict = {"SELECT notion.content_conflict($1, $2, $3::uuid, $4, $5)"};
constinit Query settle = {"SELECT notion.content_settled($1, $2, $3)"};
constinit Query wish = {"SELECT notion.wish_content($1, $2, $3, $4)"};

/// The look that brought the page's content is the one that a write needs before it.
constinit Query guard = {R"(
UPDATE notion.contents SET guarded_at = read_at, shown = left($3, $4), due = NULL
 WHERE link = $1 AND page = $2::uuid AND wish IS NOT NULL AND NOT failed AND NOT lossy)"};

constinit Query keep_log = {R"(
INSERT INTO notion.log (link, key, page, side, action, changes)
SELECT $1, $2, $3::uuid, 'notion', 'update', jsonb_build_object($4,
       jsonb_build_object('from', left($5, $7), 'to', left($6, $7))))"};
constexpr int logged_characters = 10'000; // of a content; the rest is in Notion, and in the row

constinit Query set_aside = {R"(
UPDATE notion.contents
   SET reason = $3, attempts = CASE WHEN $5 THEN least(attempts, 12) ELSE attempts END,
       failed = failed OR (NOT $4 AND since < clock_timestamp() - interval '10 min')
 WHERE link = $1 AND page = $2::uuid)"};

struct Arrival {
    int32 link;
    char page[40];
};

void wait_with(const Arrival& arrival, const Refusal& refusal) {
    (void)run(set_aside,
              {as_int4(arrival.link), as_text(arrival.page), as_text(refusal.message),
               as_bool(refusal.is_busy()), as_bool(refusal.is_busy() && !refusal.is_late())});
}

sync::SentContent sent_of(std::string_view flight) {
    return flight == "none"      ? sync::SentContent::none
           : flight == "landed"  ? sync::SentContent::landed
           : flight == "settled" ? sync::SentContent::settled
                                 : sync::SentContent::unknown;
}

sync::ContentDecision decision_of(std::string_view decided) {
    return decided == "postgres" ? sync::ContentDecision::postgres
           : decided == "notion" ? sync::ContentDecision::notion
           : decided == "value"  ? sync::ContentDecision::value
                                 : sync::ContentDecision::none;
}

/// A page's content and its row's, both locked.
struct Pair {
    const Arrival* arrival;
    const Linked* only; ///< the table with the content's column alone
    std::string_view key;
    const char* of_page;
    const char* of_row; ///< null: NULL
    const char* decided;
    const char* decided_value;
    sync::ContentVerdict verdict;

    Arg link() const { return as_int4(arrival->link); }
    Arg page() const { return as_text(arrival->page); }
};

/// False where nothing waits any more.
bool read_pair(Pair* pair, const Row& row, const char* column) {
    if (run(lock_content, {pair->link(), pair->page(), as_jsonb(row.json), as_text(column),
                           as_text(pair->key)}) == 0)
        return false;
    pair->of_page = column_text(0, 1);
    pair->of_row = column_text(0, 2);
    sync::ContentFacts facts = {.sends = column_bool(0, 3),
                                .equal = column_bool(0, 4),
                                .has_base = column_bool(0, 5),
                                .row_changed = column_bool(0, 6),
                                .page_changed = column_bool(0, 7),
                                .row_empty = column_bool(0, 8),
                                .page_empty = column_bool(0, 9),
                                .sent = sent_of(column_view(0, 10)),
                                .shows_sent = false,
                                .row_changed_since_sent = column_bool(0, 16),
                                .decision = decision_of(column_view(0, 12)),
                                .row_as_decided = column_bool(0, 14),
                                .page_as_decided = column_bool(0, 15)};
    const char* sent = column_text(0, 11);
    pair->decided = column_text(0, 12);
    pair->decided_value = column_text(0, 13);
    // A page as it was before says nothing of a write after it, even where the words are the same.
    const bool may_show = facts.sent == sync::SentContent::landed || facts.page_changed;
    if (sent != nullptr)
        facts.shows_sent = strcmp(sent, pair->of_page) == 0 ||
                           (may_show && bridge::content_same_words(sent, pair->of_page));
    pair->verdict = bridge::content_judge(facts);
    return true;
}

bool write_row(const Pair& pair, const char* text, const char* column, Refusal* refusal) {
    Assignment to = {column, text != nullptr ? text : "", text == nullptr};
    return update_row(*pair.only, pair.key, {&to, 1}, refusal);
}

/// Both sides agree on what the page has, which the column's author saw or a person decided; then
/// what the column holds instead is to be sent.
void send(const Pair& pair, const char* of_row, const char* column) {
    (void)run(meet, {pair.link(), pair.page(), as_text(column), as_text(pair.of_page),
                     as_text(pair.of_page)});
    (void)run(wish, {pair.link(), as_text(pair.key), as_text(column), as_text_or_null(of_row)});
    (void)run(guard, {pair.link(), pair.page(), as_text(pair.of_page), as_int4(logged_characters)});
}

bool carry_out(const Pair& pair, const char* column, Refusal* refusal) {
    switch (pair.verdict) {
    case sync::ContentVerdict::later:
        (void)run(look_again,
                  {pair.link(), pair.page(), as_int8(bridge::look_pause_ms(settings::settle_ms))});
        return true;
    case sync::ContentVerdict::conflict:
        (void)run(keep_conflict, {pair.link(), as_text(pair.key), pair.page(),
                                  as_text_or_null(pair.of_row), as_text(pair.of_page)});
        return true;
    case sync::ContentVerdict::keep:
        (void)run(drop, {pair.link(), pair.page()});
        break;
    case sync::ContentVerdict::agreed:
        (void)run(meet, {pair.link(), pair.page(), as_text(column), as_text_or_null(pair.of_row),
                         as_text(pair.of_page)});
        break;
    case sync::ContentVerdict::take:
        if (!write_row(pair, pair.of_page, column, refusal))
            return false;
        (void)run(keep_log, {pair.link(), as_text(pair.key), pair.page(), as_text(column),
                             as_text_or_null(pair.of_row), as_text(pair.of_page),
                             as_int4(logged_characters)});
        (void)run(meet, {pair.link(), pair.page(), as_text(column), as_text(pair.of_page),
                         as_text(pair.of_page)});
        break;
    case sync::ContentVerdict::value:
        if (!write_row(pair, pair.decided_value, column, refusal))
            return false;
        send(pair, pair.decided_value, column);
        break;
    case sync::ContentVerdict::send:
        send(pair, pair.of_row, column);
        break;
    }
    (void)run(settle, {pair.link(), as_text(pair.key), as_text_or_null(pair.decided)});
    return true;
}

void take(const Arrival& arrival, const Linked& linked) {
    Pair pair = {};
    pair.arrival = &arrival;
    if (!can_be_locked(linked, RowExclusiveLock))
        return wait_with(arrival, table_is_locked);
    pair.only = with_column(linked, linked.content, CurrentMemoryContext);
    if (pair.only == nullptr)
        return wait_with(arrival, {0, "the column of the content is gone", "", "", ""});
    if (run(lock_mapping, {pair.link(), pair.page()}) == 0) {
        (void)run(drop, {pair.link(), pair.page()}); // no row takes it any more
        return;
    }
    pair.key = column_view(0, 1);
    Row row = {};
    Refusal refusal;
    if (!read_row(*pair.only, pair.key, Lock::row, &row, &refusal))
        return wait_with(arrival, refusal);
    if (!row.found) {
        (void)run(drop, {pair.link(), pair.page()});
        return;
    }
    if (read_pair(&pair, row, linked.content) && !carry_out(pair, linked.content, &refusal))
        wait_with(arrival, refusal);
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
    if (linked != nullptr && linked->sends_content)
        worker::wake_net(MyDatabaseId);
    worker::now_at(0, "");
    end_applying();
}

} // namespace

bool wish_content(const Linked& linked, std::string_view key, bool* wished, Refusal* refusal) {
    *wished = false;
    if (!linked.sends_content)
        return true;
    const char* words = nullptr;
    if (!read_text(linked, key, linked.content, &words, refusal))
        return false;
    (void)run(wish,
              {as_int4(linked.id), as_text(key), as_text(linked.content), as_text_or_null(words)});
    *wished = column_bool(0, 1);
    return true;
}

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
