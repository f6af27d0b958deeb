// Every notion.* setting: name, unit, context, default, words. docs/settings.md says the same.
// scope: backend.
#include <climits>

#include "pg/postgres.hpp"

#include "pg/settings.hpp"

namespace notion::pg::settings {

bool worker = true;
char* listen = nullptr;
int listen_rate = 60'000;
int poll_interval_s = 60;
bool local_only = false;
char* key_file = nullptr;
char* key_command = nullptr;
bool require_sealed_tokens = false;
int log_retention_min = 30 * 24 * 60;
int max_parallel_requests = 8;
bool capture = true;
bool log_reads = false;
char* proxy = nullptr;
char* ca_file = nullptr;
int schema_interval_s = 60 * 60;
int settle_ms = 150'000;
int index_lag_ms = 5'000;
int trash_grace_ms = 5 * 60'000;
int scan_interval_min = 24 * 60;
int apply_timeout_ms = 10'000;
int max_requests = 0;
int analyze_requests = 10;
bool pushdown = true;

namespace {

struct Switch {
    const char* name;
    const char* words;
    const char* more;
    bool* variable;
    bool fallback;
    GucContext context;
    int flags;
};

constexpr int superusers_see = GUC_SUPERUSER_ONLY;

constexpr Switch switches[] = {
    {"notion.worker", "Runs the background worker in this database.",
     "Where off, linked tables are still captured, and nothing is sent or fetched.", &worker, true,
     PGC_SIGHUP, 0},
    {"notion.local_only", "Refuses every connection that does not stay on this machine.",
     "For test and staging servers: a copy of production cannot then speak to Notion.", &local_only,
     false, PGC_SIGHUP, superusers_see},
    {"notion.require_sealed_tokens", "Refuses tokens that stand in clear in a user mapping.",
     "Sealed tokens and token files are left.", &require_sealed_tokens, false, PGC_SIGHUP,
     superusers_see},
    {"notion.capture", "Records changes of linked tables in the outbox.",
     "Where off, what a transaction changes is found only by notion.sync.", &capture, true,
     PGC_SUSET, 0},
    {"notion.log_reads", "Notes in notion.log what sessions read from Notion.",
     "A line for each scan, search or page: who, what, how many rows; no values.", &log_reads,
     false, PGC_SUSET, 0},
    {"notion.pushdown", "Lets Notion evaluate the conditions that it evaluates as PostgreSQL does.",
     "Off only costs requests: the answer is the same.", &pushdown, true, PGC_USERSET, 0},
};

struct Number {
    const char* name;
    const char* words;
    const char* more;
    int* variable;
    int fallback;
    int min;
    int max;
    GucContext context;
    int flags;
};

constexpr Number numbers[] = {
    {"notion.listen_rate", "Signed events that the webhook listener takes a minute.",
     "A minute's worth may come at once; more is answered 429, and a hundredth of it for what is "
     "refused. -1 means no limit.",
     &listen_rate, 60'000, -1, 10'000'000, PGC_SIGHUP, 0},
    {"notion.poll_interval", "Time between two looks at a data source for changes.",
     "Quiet ones are looked at less often, those of a live webhook every 15 minutes.",
     &poll_interval_s, 60, 1, INT_MAX / 1000, PGC_SIGHUP, GUC_UNIT_S},
    {"notion.log_retention", "Time after which entries of notion.log are dropped.",
     "-1 keeps them for ever.", &log_retention_min, 30 * 24 * 60, -1, INT_MAX, PGC_SIGHUP,
     GUC_UNIT_MIN},
    {"notion.max_parallel_requests",
     "Requests that a scan, or the worker, has under way at a time.",
     "A scan of more than a few pages is split by creation time; 1 reads one page after another.",
     &max_parallel_requests, 8, 1, 64, PGC_USERSET, 0},
    {"notion.settle", "Time after which a request of unknown outcome has surely settled.",
     "Notion's own deadline of 55 s, the longest life of a packet, and the lag of its index.",
     &settle_ms, 150'000, 100, 3'600'000, PGC_SIGHUP, GUC_UNIT_MS},
    {"notion.index_lag", "How far a query's answer may lag behind what was written.",
     "Notion says nothing about it: an assumption, see docs/unknown.md.", &index_lag_ms, 5'000, 0,
     3'600'000, PGC_SIGHUP, GUC_UNIT_MS},
    {"notion.apply_timeout", "Time that a row's triggers and constraints may take in the worker.",
     "Then the statement is cancelled and the row waits; after twice that time the worker ends.",
     &apply_timeout_ms, 10'000, 10, 3'600'000, PGC_SIGHUP, GUC_UNIT_MS},
    {"notion.trash_grace",
     "Time that a page must have been in the trash before its row is deleted.",
     "For links with on_notion_trash 'delete'; the page is read once more at its end.",
     &trash_grace_ms, 5 * 60'000, 0, INT_MAX, PGC_SIGHUP, GUC_UNIT_MS},
    {"notion.scan_interval", "Time between two full scans of a linked data source.",
     "They find what neither trigger nor event saw; 0 leaves them out.", &scan_interval_min,
     24 * 60, 0, INT_MAX, PGC_SIGHUP, GUC_UNIT_MIN},
    {"notion.schema_interval", "Time between two looks at the properties of a linked data source.",
     "For notion.health to notice drift; an event of Notion is a reason too. 0 leaves them out.",
     &schema_interval_s, 60 * 60, 0, INT_MAX / 1000, PGC_SIGHUP, GUC_UNIT_S},
    {"notion.max_requests", "Requests that one statement may make to Notion.",
     "0 means no limit. A scan that needs more fails with an error, never with fewer rows.",
     &max_requests, 0, 0, INT_MAX, PGC_USERSET, 0},
    {"notion.analyze_requests", "Requests that ANALYZE of a foreign table may make to Notion.",
     "0 leaves foreign tables out.", &analyze_requests, 10, 0, 10'000, PGC_USERSET, 0},
};

struct Text {
    const char* name;
    const char* words;
    const char* more;
    char** variable;
    GucContext context;
    int flags;
};

// listen is SUSET and not SIGHUP, so that ALTER DATABASE … SET can give each database its own.
constexpr Text texts[] = {
    {"notion.listen", "Address and port of the webhook listener, as host:port.",
     "Empty means none. A proxy that ends TLS stands before it.", &listen, PGC_SUSET, 0},
    {"notion.key_file", "File with the key that seals tokens in this database.",
     "64 hexadecimal digits; further lines are older keys. Readable by the server's account alone.",
     &key_file, PGC_SIGHUP, superusers_see},
    {"notion.key_command", "Shell command that writes what notion.key_file would hold.",
     "Run by each session on first need; it has ten seconds.", &key_command, PGC_SIGHUP,
     superusers_see},
    {"notion.proxy", "Proxy for requests to Notion, as http://host:port.",
     "Empty means none, whatever the environment of the server says.", &proxy, PGC_SIGHUP,
     superusers_see},
    {"notion.ca_file", "Certificate authorities that Notion's certificate is checked against.",
     "Empty means those of the system.", &ca_file, PGC_SIGHUP, superusers_see},
};

} // namespace

void define() {
    for (const Switch& it : switches)
        DefineCustomBoolVariable(it.name, it.words, it.more, it.variable, it.fallback, it.context,
                                 it.flags, nullptr, nullptr, nullptr);
    for (const Number& it : numbers)
        DefineCustomIntVariable(it.name, it.words, it.more, it.variable, it.fallback, it.min,
                                it.max, it.context, it.flags, nullptr, nullptr, nullptr);
    for (const Text& it : texts)
        DefineCustomStringVariable(it.name, it.words, it.more, it.variable, "", it.context,
                                   it.flags, nullptr, nullptr, nullptr);
    MarkGUCPrefixReserved("notion");
}

} // namespace notion::pg::settings
