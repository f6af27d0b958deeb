// The net process: HTTP, listener, budget, and notion.* tables; runs no user code, reads no user's
// table, waits for no user's lock (docs/sync.md). What its files share: the link's conversation
// with Notion (Source) and the request under way (Ticket). Assumes one thread and one round at a
// time. scope: worker.
#pragma once

#include "pg/postgres.hpp"

#include "bridge/client.hpp"
#include "pg/connection.hpp"
#include "pg/worker/links.hpp"

namespace notion::pg::worker {

/// A walk through a data source, answer by answer: a poll, or the scan of a job.
struct Crawl {
    bool under_way;
    bool asking;         ///< a request of it is under way, or reserved
    int64_t job;         ///< 0: a poll
    char since[40];      ///< ISO; "" = from the beginning of time
    int64_t previous_ms; ///< watermark before it
    char* cursor;        ///< null: the first answer of a window
    int64_t tick;        ///< of its first request
    int64_t asked_ms;    ///< of its first request, by our clock
    int64_t news;        ///< snapshots that it brought
    int32_t failures;    ///< in a row
    int64_t resume_ms;   ///< not before
};

/// How far a lane of a queue was read. What was taken leaves dead entries in the index, for as long
/// as some session holds an old snapshot: going on from where the last look ended spares them. What
/// was passed over, since it could not be sent just then, is met again after a rewind.
struct Reading {
    TimestampTz from;
    int64_t rewound_ms;
};

/// A link's conversation with Notion; or a role's, for what belongs to no link.
struct Source {
    int32 link; ///< negative: a role's
    Oid server;
    Oid role;        ///< for whom the connection was made; of a link: its table's owner then
    int64_t used_ms; ///< likewise
    bool seen;
    MemoryContext context;  ///< of the connection
    Connection* connection; ///< null: none could be made
    int64_t connected_ms;
    uint64 changes; ///< secret_changes() then
    bridge::Fingerprint token;
    char our_bot[64]; ///< of that token; "" until asked
    bool asking_me;
    bool answered_me;   ///< whatever the answer was; of that token
    bool doubts_schema; ///< a 400: a property may be gone, or of another type
    int64_t skew_ms;    ///< our clock less Notion's
    int64_t offset_ms;  ///< the same, exact to the latency; 0: not known
    int64_t date_ms;    ///< Notion's time, as its last answer told it; 0: not told
    Crawl poll;
    Crawl scan;
    int64_t next_look_ms;  ///< for unknown outcomes
    int64_t next_guard_ms; ///< a poll for the sake of writes: not before
    int reads_alone;       ///< of pages that events named, since:
    int64_t reads_alone_since_ms;
    int64_t no_budget_until_ms[sync::priorities];
    bool sends;       ///< nothing kept its writes back when they were last looked at
    Reading lanes[2]; ///< of wishes: single ones, bulk
};

/// A Date header has whole seconds, and travels: less than that is taken for no skew.
inline constexpr int64_t skew_noticed_ms = 3'000;
/// Date headers, pages and events may be timed by clocks of their own, as far apart as this.
inline constexpr int64_t notions_clocks_ms = 1'000;
/// What our own clock, less `skew_ms`, may be ahead of any of Notion's.
inline constexpr int64_t clocks_apart_ms = skew_noticed_ms + notions_clocks_ms;

enum class Errand : uint8_t {
    none,
    write,
    page,
    items,
    look_up,
    poll,
    scan,
    me,
    trash_double,
    append,
    append_look,
    content,
    content_write,
    publish,
    schema,
};

/// A request: reserved in a transaction, sent after its commit, settled in another one.
struct Ticket {
    Errand errand; ///< none: the ticket is free
    MemoryContext context;
    bridge::Call* call; ///< null: not sent yet
    int32 link;
    Oid server;
    Allowance allowance;
    sync::Priority priority;
    int64_t tick;
    int64_t asked_ms;
    int64_t began_ms;    ///< of items: when the page itself was asked for
    const char* request; ///< JSON of sync_call and its like; null for page and me
    const char* key;     ///< of a write, or of what a page settles
    const char* page;
    const char* snapshot; ///< of items: what is being completed
    const char* property; ///< of items: the one that was cut
    const char* items;    ///< of items: a JSON array of those that came so far
    const char* cursor;   ///< of items: null at first
    bool settles;         ///< the page decides an unknown outcome
    bool is_create;
    int32_t attempts;    ///< before this one; of a write only those that Notion refused
    int64_t append;      ///< of append and append_look: its id
    int64_t publication; ///< of publish: its id
};

/// State of the process and of the round.
struct Net {
    int64_t now_ms;
    int64_t next_ms;    ///< when something is due at the latest
    int64_t tick;       ///< counts sends and answers
    bridge::Text* text; ///< for answers of the core
    bool wakes_apply;   ///< the round left something for apply
    bool plan_now;      ///< something new came in this round, which waits for no next look
};
extern Net net;

/// What the tables hold for this look, by one statement: what is not there is not asked for.
struct Waiting {
    bool requests;
    bool keys;   ///< captured, or renamed behind a write
    bool events; ///< due
    bool tokens;
    bool flights; ///< of unknown outcome
    bool appends;
    bool pages; ///< to be read by themselves
    bool jobs;
    bool publications;
};
extern Waiting waiting;

/// Something is due in so many milliseconds.
void due_in(int64_t wait_ms);
int64_t next_tick();
/// The answer of the core, copied into the round's memory.
const char* taken_text();

// sources.cpp
void refresh_sources();
Source* find_source(int32 link);
std::span<Source> all_sources();
/// Whether it still speaks with the token that the allowance was taken for.
bool is_token_of(const Source& source, const Allowance& allowance);
/// The link's connection, fresh enough; null where it has none, and then the link rests.
/// requires: inside begin/commit.
Connection* connection_of(Source& source, const Linked& link);
void rest_link(int32 link, const char* reason);
/// A role's conversation with a server. It stays where it is until the next call.
Source& source_of_role(Oid server, Oid role);
/// Its connection; null where none can be made: `reason` says why. requires: inside begin/commit.
Connection* connection_of_role(Source& source, const char** reason);
/// The link answered: it no longer rests.
void resume_link(int32 link);
/// Wishes that were passed over may be sent now.
void rewind_lanes();
/// The data source is asked in this round or the next.
void poll_now(int32 link);

// tickets.cpp
/// Takes a ticket and a request from the budget; null where one of them is not to be had now.
Ticket* reserve(Errand errand, Source& source, const Linked& link, sync::Priority priority);
/// The same for a role's conversation; `reason`: why it has no connection, else null.
Ticket* reserve_for_role(Errand errand, Source& source, sync::Priority priority,
                         const char** reason);
/// Asks who a role's connection is in Notion, unless that is asked already.
void ask_who_we_are(Source& source);
/// How many requests of that errand may be added to those under way.
int room_of(Errand errand, const Source& source);
/// The request is not made after all.
void give_back(Ticket* ticket);
const char* keep_text(Ticket* ticket, const char* text);
/// Sends what was reserved. requires: outside a transaction.
void send_reserved();
bool any_writes_reserved();
/// Settles what was answered: nothing, writes alone, or others too. requires: outside a
/// transaction.
enum class Collected : uint8_t { nothing, writes, others };
Collected collect_answers();
int tickets_of(Errand errand, int32 link);
/// Where the breaker is not closed: asks whether the server is back, when it is time.
void plan_probes();
/// Tells the budget of a 429 or 529 and the breaker how the server is, and keeps Notion's time.
void hear(const Ticket& ticket, const bridge::Reply& reply);

// What the rounds plan: inside begin/commit, reserving tickets.
void serve_requests(); // requests.cpp
bool log_entries();    // audit.cpp; false where there were none
/// False where batches are left.
bool fold_outbox(); // fold.cpp
/// Captured keys of older transactions are folded, all of them.
int64_t fold_bound();              // fold.cpp
void fold_inbox();                 // inbox.cpp
void plan_looks();                 // settle.cpp
void plan_writes();                // claim.cpp
void plan_pages();                 // page.cpp
void ask_for_scans();              // upkeep.cpp
void plan_crawls();                // crawl.cpp
void plan_appends();               // append.cpp
void plan_contents();              // content.cpp
void plan_content_writes();        // content_write.cpp
void plan_schemas();               // schema.cpp
void plan_publications();          // publish.cpp
void find_flights_at_start();      // settle.cpp
void find_appends_at_start();      // append.cpp
void find_contents_at_start();     // content_write.cpp
void find_publications_at_start(); // publish.cpp
void recover_at_start();           // upkeep.cpp
void keep_house();                 // upkeep.cpp

// What the answers do: outside a transaction.
void settle_writes(Ticket* const* tickets, int count); // record.cpp
void settle_page(Ticket& ticket);                      // page.cpp
void settle_items(Ticket& ticket);                     // complete.cpp
void settle_look_up(Ticket& ticket);                   // settle.cpp
void settle_crawl(Ticket& ticket);                     // crawl.cpp
void settle_schema(Ticket& ticket);                    // schema.cpp
void settle_publication(Ticket& ticket);               // publish.cpp

/// What to do with a page's own word, whole or completed. requires: inside begin/commit.
void admit_page(const Ticket& ticket, const Linked& link, const char* snapshot); // page.cpp
/// Asks for the items of the first property of `snapshot` that Notion cut. False where none was,
/// or no request is to be had: the page stays due.
bool complete_page(const Ticket& ticket, const Linked& link, const char* snapshot); // complete.cpp
/// requires: inside begin/commit; the ticket says `settles`.
void settle_by_page(Ticket& ticket, const Linked& link, const bridge::Reply& reply); // settle.cpp

void settle_double(Ticket& ticket);        // doubles.cpp
void settle_append(Ticket& ticket);        // append.cpp
void settle_append_look(Ticket& ticket);   // append.cpp
void settle_content(Ticket& ticket);       // content.cpp
void settle_content_write(Ticket& ticket); // content_write.cpp
/// A page that was made with its row's content: what Notion made of that is read, and is no news.
/// `recorded`: of sync_record; `wish`: as sent. requires: inside begin/commit.
void note_created(const Linked& link, const char* recorded, const char* wish);
/// Pages of the link were shown: [{"page","edited"}, …]. How many may have another content than the
/// one that is known; none where the link takes no content.
int64_t note_contents(const Linked& link, const char* shown); // content.cpp

/// What a page that nobody maps is to a row that has its key. requires: inside begin/commit.
enum class Twin : uint8_t {
    none,    ///< nothing: a page like any other
    later,   ///< a double of ours, dealt with; or it is not known yet: the page stays due
    settled, ///< a double of ours, and a person's to decide, or in the trash
};
Twin take_twin(const Linked& link, const char* snapshot); // doubles.cpp

// pace.cpp. requires: inside begin/commit.
/// A poll shows news of pages (`edited`: a JSON array of ids), and others ([{"page","edited"}, …]),
/// whose content may be news; either may be null. Where no event told of them, that is noted.
void note_untold(int32 link, const char* edited, const char* shown);
/// When the link is polled again, and how many polls in a row brought nothing.
struct Pace {
    int64_t pause_ms;
    int32_t quiet;
};
Pace pace_of(int32 link, bool has_news);

// Shared by them. requires: inside begin/commit.
/// Keeps snapshots (a JSON array) for apply. index_ms: of a query, what happened before that, in
/// Notion's time, is in it. One that may be older than what waits already does not replace it: its
/// page is read.
void keep_snapshots(int32 link, const char* via, int64_t tick, int64_t asked_ms, int64_t job,
                    const char* array, int64_t index_ms = 0);
/// Why a page is due that may be the one of a row whose create is not settled: once a mapping has
/// it, it need not be read.
inline constexpr const char* may_be_ours = "may be a queued row's";
/// What a walk showed of a page while it was written: the write's answer says it all, if one comes.
inline constexpr const char* lost_to_flight = "lost to a flight";
/// Notion refused to write to the page: what it says decides what becomes of the write.
inline constexpr const char* refused_write = "refused write";
/// The pages (a JSON array of ids) are to be read.
void make_due(int32 link, const char* pages, const char* why, int64_t wait_ms);
/// A query showed the pages as the base. What was noted less than `slack_ms` before is left alone.
void touch_seen(int32 link, const char* pages, int64_t asked_ms, int64_t slack_ms);
/// After a 2xx, or a page that shows what an unknown write did.
bool record_answer(const Linked& link, const char* key, const char* mapping, const char* wish,
                   std::string_view answer, int64_t asked_ms, std::string_view request_id);
/// The window of a write that was just answered (protocol.md 1.5). `recorded`: of sync_record.
void keep_receipt(int32 link, const char* key, const char* recorded); // inbox.cpp
/// Asks who we are, unless that is known or asked already.
void look_for_bot(Source& source, const Linked& link); // settle.cpp
/// The outcome is not known: it is looked at until it is.
void make_unknown(int32 link, const char* key, const char* reason);
/// A person has to decide: the mapping is held, with a conflict.
void hold(int32 link, const char* key, const char* kind, const char* note);
/// message and detail in one line, in the current context: for tables, never for the server's log,
/// since a detail may hold values of rows (law 11).
const char* words_of(const bridge::Fault& fault);

// listener.cpp
/// Keeps and answers what came in. True if events were kept.
bool serve_listener();

} // namespace notion::pg::worker
