// Walks through a data source: polls by edit time, and the scans of sync jobs. A poll that went
// through is also the guard of every write that was examined before it was asked for.
// A scan's absence only nominates pages to be read (protocol.md 1.10). scope: worker.
#include "pg/postgres.hpp"

#include "bridge/pacing.hpp"
#include "pg/settings.hpp"
#include "pg/worker/net.hpp"
#include "pg/worker/process.hpp"
#include "pg/worker/query.hpp"

namespace notion::pg::worker {
namespace {

constexpr int crawls_max = 64; // planned a round

// A guard costs requests that writes could have: where it takes long, because much was edited or
// the budget is short, writes get four times as long before the next one, and go in larger batches.
constexpr int64_t guard_pause_factor = 4;
constexpr int64_t guard_pause_max_ms = 10'000;

// A poll goes in order of edit time, so that what is edited during the walk comes again at its end;
// a scan in that of creation, in which no edit moves a page. Both go on from the last minute that
// they saw: a poll wherever it can, since an edit moves the page at which its cursor may stand.
constexpr const char* beginning = "1970-01-01T00:00:00.000Z";

constinit Query make_polls = {
    "INSERT INTO notion.polls (link) SELECT l.id FROM notion.links l"
    " WHERE l.state IN ('active', 'resting') AND NOT EXISTS (SELECT FROM notion.polls p"
    "       WHERE p.link = l.id)"};

// While apply pairs, in one long transaction, nothing is kept of that link: a newer snapshot would
// wait for that transaction, or take a page away from it, and its row would get a second page.
constinit Query read_polls = {
    "SELECT l.id, to_char(p.watermark, 'YYYY-MM-DD\"T\"HH24:MI:00.000\"Z\"'),"
    "       coalesce((extract(epoch FROM p.watermark) * 1000)::bigint, -1),"
    "       p.next_at > clock_timestamp() AS is_guard"
    "  FROM notion.polls p JOIN notion.links l ON l.id = p.link"
    " WHERE NOT EXISTS (SELECT FROM notion.jobs j WHERE j.link = l.id AND j.state = 'pairing')"
    "   AND ((p.next_at <= clock_timestamp()"
    "        AND (l.state = 'resting' OR l.state = 'active'"
    "             AND (l.direction <> 'to_notion' OR l.content IS NOT NULL)))"
    "    OR (l.state = 'active' AND l.direction <> 'to_notion' AND EXISTS ("
    "        SELECT FROM notion.work w WHERE w.link = l.id AND w.state = 'wish'"
    "           AND w.due <= clock_timestamp() AND w.wish ->> 'action' <> 'create'"
    "           AND (p.asked_at IS NULL OR p.asked_at <= greatest(w.wished_at, p.guard_after))))"
    "    OR (l.state = 'active' AND $3 AND l.id = ANY (ARRAY("
    "        SELECT b.link FROM notion.bursts($2 * interval '1 millisecond') b"
    "         WHERE b.is_ready))))"
    " ORDER BY p.next_at LIMIT $1"};

constinit Query next_burst = {
    "SELECT min(ready_in_ms) FROM notion.bursts($1 * interval '1 millisecond')"
    " WHERE NOT is_ready"};

// Shown as they are since their events, by a query that left when the index knew of those: an edit
// comes before its event does, so our own clock tells, and none of Notion's.
constinit Query forget_shown = {
    "DELETE FROM notion.due_pages d"
    " USING jsonb_to_recordset($2::jsonb) s(page uuid, edited timestamptz)"
    " WHERE d.link = $1 AND d.page = s.page AND d.why = 'event' AND d.event_at IS NOT NULL"
    "   AND d.heard_at <= $3 AND s.edited >= date_trunc('minute', d.event_at)"};

// A walk that ended without showing them: in the trash, elsewhere, or seen long ago.
constinit Query not_shown = {"UPDATE notion.due_pages SET why = 'not shown by a walk'"
                             " WHERE link = $1 AND why = 'event' AND event_at IS NOT NULL"
                             "   AND heard_at <= $2"};

constinit Query read_jobs = {"SELECT DISTINCT ON (j.link) j.link, j.id FROM notion.jobs j"
                             "  JOIN notion.links l ON l.id = j.link AND l.state <> 'paused'"
                             " WHERE j.state IN ('queued', 'scanning') AND j.args ->> 'key' IS NULL"
                             "   AND (l.state <> 'new' OR NOT notion.wants_schema(l.id))"
                             "   AND NOT EXISTS ("
                             "       SELECT FROM notion.jobs p"
                             "        WHERE p.link = j.link AND p.state = 'pairing')"
                             " ORDER BY j.link, j.id"};

// Of several that ask for the same and have not begun, the last sees what was done before each.
constinit Query coalesce_jobs = {
    "UPDATE notion.jobs j SET state = 'cancelled', finished_at = clock_timestamp(),"
    "       reason = format('job %s does the same', n.id)"
    "  FROM (SELECT o.link, o.args, max(o.id) AS id FROM notion.jobs o WHERE o.state = 'queued'"
    "           AND o.args ->> 'key' IS NULL GROUP BY o.link, o.args) n"
    " WHERE j.state = 'queued' AND j.link = n.link AND j.args = n.args AND j.id < n.id"};

constinit Query is_pairing = {
    "SELECT FROM notion.jobs WHERE link = $1 AND state = 'pairing' LIMIT 1"};

// A scan that was broken off goes on where it was: what it has read is kept in notion.snapshots.
// What it read more than a day ago is read again.
constinit Query start_job = {
    "UPDATE notion.jobs j SET state = 'scanning', done = CASE WHEN k.is_fresh THEN j.done ELSE 0 "
    "END,"
    "       cursor = CASE WHEN k.is_fresh THEN j.cursor END"
    "  FROM (SELECT o.id, coalesce(o.began_at > now() - interval '1 day', false) AS is_fresh"
    "          FROM notion.jobs o WHERE o.id = $1) k"
    " WHERE j.id = k.id AND j.state IN ('queued', 'scanning')"
    " RETURNING j.cursor, j.tick, (extract(epoch FROM j.began_at) * 1000)::bigint"};

constinit Query job_progress = {
    "UPDATE notion.jobs SET done = done + $2, cursor = coalesce($3, cursor), tick = $4,"
    "       began_at = $5 WHERE id = $1"};

constinit Query job_reason = {"UPDATE notion.jobs SET reason = $2 WHERE id = $1"};

constinit Query job_failed = {
    "UPDATE notion.jobs SET state = 'failed', reason = $2, finished_at = clock_timestamp()"
    " WHERE id = $1 AND state = 'scanning'"};

constinit Query job_scanned = {
    "UPDATE notion.jobs SET state = 'pairing', reason = NULL WHERE id = $1 AND state = 'scanning'"};

// Pages that the scan did not show, and that nothing else has accounted for since it began.
constinit Query nominate = {
    "INSERT INTO notion.due_pages AS d (link, page, why)"
    " SELECT m.link, m.page, 'not found by a scan' FROM notion.mappings m"
    "  WHERE m.link = $1 AND m.page IS NOT NULL AND m.page_state = 'live' AND m.flight = 'none'"
    "    AND m.fence < $2 AND (m.seen_at IS NULL OR m.seen_at < $3)"
    "    AND NOT EXISTS (SELECT FROM notion.snapshots s"
    "                     WHERE s.link = m.link AND s.page = m.page AND s.tick >= $2)"
    " ON CONFLICT (link, page) DO UPDATE SET due = least(d.due, clock_timestamp())"};

// The pages of an answer, each with its mapping. A page that nobody maps, with the key of a row
// that is queued or under way, may be that row's: made by us just now, or by the primary before us.
// It waits until that row's create is settled, and is no new page before.
constinit Query read_pages = {
    "SELECT o.value::text, (to_jsonb(m) || jsonb_build_object('awaited',"
    "           CASE WHEN s.properties <> o.value -> 'properties' THEN s.edited END))::text,"
    "       o.value ->> 'page',"
    "       o.value ->> CASE WHEN $3 THEN 'created' ELSE 'edited' END,"
    "       m.key IS NULL AND notion.awaits_page($2, o.value ->> 'marker') AS may_be_ours,"
    "       m.fence >= $4 AS is_overtaken,"
    "       m.key IS NULL AND EXISTS (SELECT FROM notion.mappings k WHERE k.link = $2"
    "           AND k.key = o.value ->> 'marker' AND (k.page IS NOT NULL OR k.held ? '*'))"
    "           AS is_twin, o.value ->> 'edited'"
    "  FROM jsonb_array_elements($1::jsonb -> 'snapshots') WITH ORDINALITY o"
    "  LEFT JOIN notion.mappings m ON m.link = $2 AND m.page = (o.value ->> 'page')::uuid"
    "  LEFT JOIN notion.snapshots s ON s.link = m.link AND s.page = m.page"
    " ORDER BY o.ordinality"};

constinit Query read_head = {
    "SELECT $1::jsonb ->> 'next_cursor', coalesce(($1::jsonb ->> 'incomplete')::boolean, false)"};

constinit Query poll_done = {
    "INSERT INTO notion.polls AS p (link, watermark, asked_at, next_at, quiet)"
    " VALUES ($1, $2, $3, clock_timestamp() + $4 * interval '1 millisecond', $5)"
    // A scan does not move it: what the scan brought counts only once its job has paired it.
    " ON CONFLICT (link) DO UPDATE SET watermark = CASE WHEN $6 AND p.watermark IS NOT NULL"
    "           THEN p.watermark ELSE greatest(p.watermark, excluded.watermark) END,"
    "    asked_at = greatest(p.asked_at, excluded.asked_at), next_at = excluded.next_at,"
    "    quiet = excluded.quiet, reason = NULL"};

constinit Query poll_failed = {
    "UPDATE notion.polls SET reason = $2,"
    "       next_at = greatest(next_at, clock_timestamp() + $3 * interval '1 millisecond')"
    " WHERE link = $1"};

void start(Crawl& crawl, int64_t job, const char* since, int64_t previous_ms) {
    if (crawl.cursor != nullptr)
        pfree(crawl.cursor);
    int32_t failures = crawl.failures;
    int64_t resume_ms = crawl.resume_ms;
    memset(&crawl, 0, sizeof crawl);
    crawl.under_way = true;
    crawl.job = job;
    crawl.failures = failures;
    crawl.resume_ms = resume_ms;
    crawl.previous_ms = previous_ms;
    // A poll without a watermark begins with the beginning, a scan with whatever there is.
    const char* from = since != nullptr ? since : job == 0 ? beginning : "";
    strlcpy(crawl.since, from, sizeof crawl.since);
}

/// The walk's next request, if the budget has one.
void ask(Source& source, const Linked& link, Crawl& crawl, Errand errand) {
    if (!crawl.under_way || crawl.asking)
        return;
    if (net.now_ms < crawl.resume_ms)
        return due_in(crawl.resume_ms - net.now_ms);
    sync::Priority priority =
        errand == Errand::scan ? sync::Priority::backfill : sync::Priority::inbound;
    Ticket* ticket = reserve(errand, source, link, priority);
    if (ticket == nullptr)
        return;
    bridge::Fault fault;
    std::string_view cursor = crawl.cursor != nullptr ? crawl.cursor : "";
    if (!bridge::sync_poll(link.link, errand == Errand::scan, crawl.since, cursor, net.text,
                           fault)) {
        give_back(ticket);
        crawl.under_way = false;
        return rest_link(link.id, words_of(fault));
    }
    ticket->request = keep_text(ticket, taken_text());
    crawl.asking = true;
    if (crawl.tick == 0) {
        crawl.tick = ticket->tick;
        crawl.asked_ms = net.now_ms;
    }
}

void begin_polls() {
    run(make_polls);
    if (waiting.pages && run(next_burst, {as_int8(settings::index_lag_ms)}) && !column_null(0, 1))
        due_in(column_int8(0, 1));
    uint64 count = run(
        read_polls, {as_int4(crawls_max), as_int8(settings::index_lag_ms), as_bool(waiting.pages)});
    for (uint64 row = 0; row < count; row++) {
        Source* source = find_source(static_cast<int32>(column_int8(row, 1)));
        if (source == nullptr || source->poll.under_way)
            continue;
        if (column_bool(row, 4) && net.now_ms < source->next_guard_ms) {
            due_in(source->next_guard_ms - net.now_ms);
            continue;
        }
        start(source->poll, 0, column_text(row, 2), column_int8(row, 3));
    }
}

void begin_scans() {
    if (!waiting.jobs)
        return;
    int32 links[crawls_max];
    int64_t jobs[crawls_max];
    run(coalesce_jobs);
    auto count = static_cast<int>(Min(run(read_jobs), uint64{crawls_max}));
    for (int i = 0; i < count; i++) {
        links[i] = static_cast<int32>(column_int8(static_cast<uint64>(i), 1));
        jobs[i] = column_int8(static_cast<uint64>(i), 2);
    }
    for (int i = 0; i < count; i++) {
        Source* source = find_source(links[i]);
        if (const Linked* link = find_link(links[i]); link != nullptr && link->link == nullptr) {
            run(start_job, {as_int8(jobs[i])});
            run(job_failed, {as_int8(jobs[i]), as_text(link->reason)});
            continue;
        }
        if (source == nullptr || (source->scan.under_way && source->scan.job == jobs[i]))
            continue;
        if (source->scan.asking)
            continue; // the answer of a cancelled one is still to come
        run(start_job, {as_int8(jobs[i])});
        bool goes_on = SPI_processed > 0 && !column_null(0, 1);
        int64_t tick = goes_on ? column_int8(0, 2) : 0;
        int64_t asked_ms = goes_on ? column_int8(0, 3) : 0;
        start(source->scan, jobs[i], goes_on ? column_text(0, 1) : nullptr, -1);
        source->scan.tick = tick;
        source->scan.asked_ms = asked_ms;
    }
}

// Polls overlap, and show the same pages again and again: when one was seen last need not be known
// better than this, and is not worth a write each time.
constexpr int64_t seen_slack_ms = 20'000;

// A write under way is settled by its own answer long before.
constexpr int64_t under_way_ms = 3'000;

struct Harvest {
    StringInfoData admitted;
    StringInfoData seen;
    StringInfoData shown; ///< what both of them showed, with its minute
    StringInfoData due;
    StringInfoData edited; ///< admitted or due
    StringInfoData ours;   ///< perhaps
    StringInfoData lost;   ///< to a flight
    int64_t pages;
    int64_t news;
    const char* last_minute;
};

void append(StringInfo array, const char* element, bool is_text) {
    appendStringInfoChar(array, array->len == 0 ? '[' : ',');
    appendStringInfo(array, is_text ? "\"%s\"" : "%s", element);
}

/// Judges one page of the answer.
void judge(const Linked& link, const Ticket& ticket, int64_t asked_ms, uint64 row,
           Harvest& harvest) {
    const char* snapshot = column_text(row, 1);
    const char* page = column_text(row, 3);
    harvest.last_minute = column_text(row, 4);
    harvest.pages++;
    const char* shown = psprintf("{\"page\":\"%s\",\"edited\":\"%s\"}", page, column_text(row, 8));
    if (column_bool(row, 5))
        return append(&harvest.ours, page, true);
    if (column_bool(row, 7)) // doubles.cpp decides, by the page's own word
        return append(&harvest.due, page, true);
    bridge::Admission admission;
    bridge::Fault fault;
    const char* via = ticket.errand == Errand::scan ? "scan" : "poll";
    if (!bridge::sync_admit(link.link, column_view(row, 2), snapshot, via, ticket.tick, asked_ms,
                            settings::index_lag_ms, admission, fault)) {
        ereport(LOG, (errmsg("page %s could not be taken up: %s", page, fault.message)));
        return append(&harvest.due, page, true); // one page stops no other
    }
    switch (admission) {
    case bridge::Admission::admitted:
        harvest.news++;
        append(&harvest.admitted, snapshot, false);
        append(&harvest.edited, page, true);
        append(&harvest.shown, shown, false);
        break;
    case bridge::Admission::nothing_new:
        append(&harvest.seen, page, true);
        append(&harvest.shown, shown, false);
        break;
    case bridge::Admission::read_page:
    case bridge::Admission::complete_it:
        harvest.news++;
        append(&harvest.due, page, true);
        append(&harvest.edited, page, true);
        break;
    case bridge::Admission::thrown_away:
        // The answer of a write that came after this was asked for has shown all of it and more.
        if (!column_bool(row, 6))
            append(&harvest.lost, page, true);
        break;
    }
}

/// The array, complete; null where it is empty.
const char* closed(StringInfo array) {
    if (array->len == 0)
        return nullptr;
    appendStringInfoChar(array, ']');
    return array->data;
}

/// When it was asked for, by Notion's clock, and not later.
int64_t notions_ms(const Source* source, const Ticket& ticket) {
    int64_t skew_ms = source != nullptr ? source->skew_ms : 0;
    return ticket.asked_ms - skew_ms - clocks_apart_ms;
}

void store(const Linked& link, const Ticket& ticket, const Crawl& crawl, Harvest& harvest) {
    bool is_scan = ticket.errand == Errand::scan;
    const Source* source = find_source(link.id);
    int64_t index_ms = notions_ms(source, ticket) - settings::index_lag_ms;
    const char* shown = closed(&harvest.shown);
    const char* edited = closed(&harvest.edited);
    if (!is_scan)
        note_untold(link.id, edited, shown);
    if (shown != nullptr) // before what cannot be kept is made due
        run(forget_shown, {as_int4(link.id), as_jsonb(shown),
                           as_time_ms(ticket.asked_ms - settings::index_lag_ms)});
    if (const char* pages = closed(&harvest.admitted))
        keep_snapshots(link.id, is_scan ? "scan" : "poll", ticket.tick, ticket.asked_ms, crawl.job,
                       pages, index_ms);
    if (const char* pages = closed(&harvest.seen))
        touch_seen(link.id, pages, ticket.asked_ms, is_scan ? 0 : seen_slack_ms);
    if (shown != nullptr)
        harvest.news += note_contents(link, shown);
    if (const char* pages = closed(&harvest.due))
        make_due(link.id, pages, "a query's word was not enough", 0);
    if (const char* pages = closed(&harvest.ours))
        make_due(link.id, pages, may_be_ours, under_way_ms);
    if (const char* pages = closed(&harvest.lost))
        make_due(link.id, pages, lost_to_flight, under_way_ms);
    if (crawl.job != 0)
        run(job_progress,
            {as_int8(crawl.job), as_int8(harvest.pages), as_text_or_null(harvest.last_minute),
             as_int8(crawl.tick), as_time_ms(crawl.asked_ms)});
}

void finish(Source& source, const Linked& link, Crawl& crawl) {
    crawl.under_way = false;
    crawl.failures = 0;
    crawl.resume_ms = 0;
    int64_t took_ms = net.now_ms - crawl.asked_ms;
    source.next_guard_ms = net.now_ms + Min(guard_pause_factor * took_ms, guard_pause_max_ms);
    Pace pace = pace_of(link.id, crawl.news > 0);
    int64_t watermark_ms = bridge::watermark_ms(crawl.asked_ms, settings::index_lag_ms,
                                                source.skew_ms, crawl.previous_ms);
    run(poll_done, {as_int4(link.id), as_time_ms(watermark_ms), as_time_ms(crawl.asked_ms),
                    as_int8(pace.pause_ms), as_int4(pace.quiet), as_bool(crawl.job != 0)});
    if (link.resting)
        resume_link(link.id);
    run(not_shown, {as_int4(link.id), as_time_ms(crawl.asked_ms - settings::index_lag_ms)});
    if (crawl.job == 0)
        return;
    run(nominate, {as_int4(link.id), as_int8(crawl.tick), as_time_ms(crawl.asked_ms)});
    run(job_scanned, {as_int8(crawl.job)});
    net.wakes_apply = true;
}

/// After an answer: the next one, the next window, or the end.
void go_on(Source& source, const Linked& link, Crawl& crawl, const char* cursor, bool cut,
           const char* last_minute) {
    if (crawl.cursor != nullptr)
        pfree(crawl.cursor);
    crawl.cursor = cursor == nullptr ? nullptr : MemoryContextStrdup(TopMemoryContext, cursor);
    bool moved_on = last_minute != nullptr && strcmp(last_minute, crawl.since) != 0;
    if (cursor != nullptr && (crawl.job != 0 || !moved_on))
        return;
    if (cursor == nullptr && !cut)
        return finish(source, link, crawl);
    if (!moved_on) {
        // Law 2: more pages in one minute than Notion shows. Nothing is left out in silence.
        crawl.under_way = false;
        const char* reason = "more pages are of one minute than Notion lists";
        run(job_failed, {as_int8(crawl.job), as_text(reason)});
        return rest_link(link.id, reason);
    }
    if (crawl.cursor != nullptr)
        pfree(crawl.cursor);
    crawl.cursor = nullptr;
    strlcpy(crawl.since, last_minute, sizeof crawl.since);
}

bool take(Ticket& ticket, Source& source, const Linked& link, Crawl& crawl, std::string_view body) {
    bridge::Fault fault;
    if (!bridge::sync_snapshots(link.link, body, net.text, fault))
        return false;
    const char* list = taken_text();
    run(read_head, {as_jsonb(list)});
    const char* cursor = column_text(0, 1);
    bool cut = column_bool(0, 2);
    Harvest harvest = {};
    initStringInfo(&harvest.admitted);
    initStringInfo(&harvest.seen);
    initStringInfo(&harvest.shown);
    initStringInfo(&harvest.due);
    initStringInfo(&harvest.edited);
    initStringInfo(&harvest.ours);
    initStringInfo(&harvest.lost);
    uint64 count = run(read_pages, {as_jsonb(list), as_int4(link.id), as_bool(crawl.job != 0),
                                    as_int8(ticket.tick)});
    int64_t asked_ms = notions_ms(&source, ticket);
    for (uint64 row = 0; row < count; row++)
        judge(link, ticket, asked_ms, row, harvest);
    store(link, ticket, crawl, harvest);
    crawl.news += harvest.news;
    if (harvest.ours.len > 0)
        source.next_look_ms = 0; // where the outcome of a create is unknown, here is evidence
    go_on(source, link, crawl, cursor, cut, harvest.last_minute);
    return true;
}

/// The walk stops; later a poll starts from its beginning, and a scan goes on.
void stop(const Ticket& ticket, Crawl& crawl, const bridge::Reply& reply) {
    bridge::Fault fault;
    if (reply.status == 200)
        bridge::fill(fault, ErrorKind::malformed, "Notion's answer could not be read");
    else
        bridge::call_fault(ticket.call, fault);
    const char* reason = words_of(fault);
    int64_t pause_ms = Max(bridge::pause_ms(crawl.failures), reply.retry_after_ms);
    crawl.failures++;
    crawl.resume_ms = net.now_ms + pause_ms;
    crawl.under_way = false;
    run(poll_failed, {as_int4(ticket.link), as_text(reason), as_int8(pause_ms)});
    if (crawl.job != 0)
        run(job_reason, {as_int8(crawl.job), as_text(reason)});
    if (reply.status == 401 || reply.status == 403 || reply.status == 404)
        rest_link(ticket.link, reason);
}

} // namespace

void plan_crawls() {
    begin_polls();
    begin_scans();
    for (Source& source : all_sources()) {
        const Linked* link = find_link(source.link);
        if (link != nullptr && link->link == nullptr && link->active)
            rest_link(link->id, link->reason);
        if (link == nullptr || link->link == nullptr)
            continue;
        ask(source, *link, source.poll, Errand::poll);
        ask(source, *link, source.scan, Errand::scan);
    }
}

void settle_crawl(Ticket& ticket) {
    bridge::Reply reply = bridge::call_reply(ticket.call);
    hear(ticket, reply);
    Source* source = find_source(ticket.link);
    const Linked* link = find_link(ticket.link);
    if (source == nullptr)
        return;
    Crawl& crawl = ticket.errand == Errand::scan ? source->scan : source->poll;
    crawl.asking = false;
    if (link == nullptr || link->link == nullptr)
        return;
    begin("taking up a list of pages");
    if (crawl.job == 0 && run(is_pairing, {as_int4(ticket.link)}) > 0)
        crawl.under_way = false; // asked anew afterwards
    else if (reply.status != 200 || !take(ticket, *source, *link, crawl, reply.body))
        stop(ticket, crawl, reply);
    commit(Durable::soon); // what is lost is asked for again
}

} // namespace notion::pg::worker
