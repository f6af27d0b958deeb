// The rounds of the net process: answers, then what is new, then what is due; no transaction is
// open while it waits. scope: worker.
#include "pg/postgres.hpp"

#include "bridge/mux.hpp"
#include "pg/audit.hpp"
#include "pg/raise.hpp"
#include "pg/wait.hpp"
#include "pg/worker/net.hpp"
#include "pg/worker/oauth.hpp"
#include "pg/worker/process.hpp"
#include "pg/worker/query.hpp"

extern "C" {
PGDLLEXPORT void notion_net_main(Datum database);
}

namespace notion::pg::worker {

Net net;
Waiting waiting;

namespace {

// What nobody announces is looked for once a second: COMMIT PREPARED by a session that has no
// buffer of ours, and everything that is due by the clock (postgres.md 15).
constexpr int64_t look_ms = 1'000;

MemoryContext round_context;
uint32 wakes_seen;
int64_t next_plan_ms;

constinit Query read_tick = {"SELECT greatest(coalesce(max(greatest(m.fence, m.tick)), 0),"
                             "       coalesce((SELECT max(s.tick) FROM notion.snapshots s), 0),"
                             "       coalesce((SELECT max(j.tick) FROM notion.jobs j), 0))"
                             "  FROM notion.mappings m"};

constinit Query read_waiting = {
    "SELECT EXISTS (SELECT FROM notion.requests),"
    "       EXISTS (SELECT FROM notion.outbox WHERE xid >= $1::text::xid8)"
    "       OR EXISTS (SELECT FROM notion.work WHERE renamed_from IS NOT NULL),"
    "       EXISTS (SELECT FROM notion.inbox WHERE state = 'new' AND due <= clock_timestamp()),"
    "       EXISTS (SELECT FROM notion.oauth_tasks),"
    "       EXISTS (SELECT FROM notion.mappings WHERE flight = 'unknown'),"
    "       EXISTS (SELECT FROM notion.appends WHERE state = 'queued')"
    "       OR EXISTS (SELECT FROM notion.appends WHERE state = 'unknown'),"
    "       EXISTS (SELECT FROM notion.links l WHERE l.state = 'active' AND EXISTS ("
    "               SELECT FROM notion.due_pages d WHERE d.link = l.id)),"
    "       EXISTS (SELECT FROM notion.jobs WHERE state IN ('queued', 'scanning')),"
    "       EXISTS (SELECT FROM notion.publications WHERE step <> 'done')"};

void see_what_waits() {
    char from[32];
    snprintf(from, sizeof from, "%lld", static_cast<long long>(fold_bound()));
    run(read_waiting, {as_text(from)});
    waiting = {.requests = column_bool(0, 1),
               .keys = column_bool(0, 2),
               .events = column_bool(0, 3),
               .tokens = column_bool(0, 4),
               .flights = column_bool(0, 5),
               .appends = column_bool(0, 6),
               .pages = column_bool(0, 7),
               .jobs = column_bool(0, 8),
               .publications = column_bool(0, 9)};
}

void set_up() {
    pin_plans();
    round_context =
        AllocSetContextCreate(TopMemoryContext, "pg_notion round", ALLOCSET_DEFAULT_SIZES);
    bridge::Fault fault;
    net.text = bridge::text_new(fault);
    if (net.text == nullptr)
        raise(fault);
    begin("finding what was under way");
    run(read_tick);
    net.tick = column_int8(0, 1);
    find_flights_at_start();
    find_appends_at_start();
    find_contents_at_start();
    find_publications_at_start();
    recover_at_start();
    commit();
    give_back_taken_entries(); // of one that died before its commit
}

// Between two full looks answers of writes make room for writes, and for nothing else, and events
// are kept and answered: what the database knows of links and of other work is that old at most.
constexpr int64_t full_look_ms = 20;
int64_t next_full_ms;

void plan_writes_only() {
    begin("claiming");
    plan_writes();
    commit();
    send_reserved();
}

void plan() {
    begin("looking for work");
    see_what_waits();
    if (waiting.requests) {
        serve_requests();
        see_what_waits();
    }
    // The links are read after the changes: an owner is at least as new as what is sent for it.
    bool folded = !waiting.keys || fold_outbox();
    refresh_links();
    refresh_sources();
    if (waiting.events) {
        fold_inbox();
        waiting.pages = true;
    }
    const bool logged = log_entries();
    plan_tokens();
    plan_probes();
    if (waiting.flights)
        plan_looks();
    plan_writes();
    if (waiting.appends)
        plan_appends();
    if (waiting.pages)
        plan_pages();
    plan_contents();
    ask_for_scans();
    // A walk may meet pages of queued rows: it has to know all that are queued.
    if (folded)
        plan_crawls();
    if (waiting.publications)
        plan_publications();
    plan_schemas();
    keep_house();
    commit(any_writes_reserved() || any_token_errands() || logged ? Durable::now : Durable::soon);
    drop_taken_entries();
    send_token_errands();
    send_reserved();
}

int64_t round_of_work() {
    net.now_ms = now_ms();
    net.next_ms = net.now_ms + look_ms;
    net.wakes_apply = false;
    net.plan_now = false;
    bridge::Fault fault;
    if (!bridge::mux_step(fault))
        raise(fault);
    bool kept = serve_listener();
    Collected collected = collect_answers();
    net.plan_now |= collected == Collected::others;
    net.plan_now |= collect_token_answers();
    if (net.plan_now)
        rewind_lanes();
    uint32 wakes = wakes_of_this_worker();
    bool answered = collected == Collected::writes;
    if (net.plan_now || wakes != wakes_seen || net.now_ms >= next_plan_ms ||
        ((answered || kept) && net.now_ms >= next_full_ms)) {
        wakes_seen = wakes;
        plan();
        next_full_ms = now_ms() + full_look_ms; // from its end: a long one leaves time for others
        next_plan_ms = net.next_ms;
    } else if (answered) {
        net.next_ms = next_plan_ms;
        plan_writes_only();
        next_plan_ms = Min(net.next_ms, next_full_ms);
    } else if (kept) {
        next_plan_ms = Min(next_plan_ms, next_full_ms);
    }
    if (net.wakes_apply)
        wake_apply(MyDatabaseId);
    return Max(next_plan_ms - now_ms(), 0);
}

} // namespace

void due_in(int64_t wait_ms) {
    net.next_ms = Min(net.next_ms, net.now_ms + Max(wait_ms, 1));
}

int64_t next_tick() {
    return ++net.tick;
}

const char* taken_text() {
    std::string_view view = bridge::text_view(net.text);
    return pnstrdup(view.data(), view.size());
}

const char* words_of(const bridge::Fault& fault) {
    if (fault.detail[0] == '\0')
        return pstrdup(fault.message);
    return psprintf("%s: %s", fault.message, fault.detail);
}

} // namespace notion::pg::worker

extern "C" void notion_net_main(Datum database) {
    using namespace notion::pg;
    worker::start(DatumGetObjectId(database), worker::Role::net);
    worker::set_up();
    notion::bridge::Fault fault;
    int fd = notion::bridge::mux_fd(fault);
    if (fd < 0)
        raise(fault);
    for (;;) {
        worker::reload();
        MemoryContextSwitchTo(worker::round_context);
        int64_t wait_ms = worker::round_of_work();
        MemoryContextReset(worker::round_context);
        wait_once(fd, wait_ms, WaitFor::work);
    }
}
