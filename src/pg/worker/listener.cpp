// The listener of this database: POST /webhook/<server> or /webhook/<database>/<server>, and GET
// /oauth/callback, where people come back from Notion. Events that came in while the last round was
// committed are one transaction, a callback is one; both are answered after the commit. net itself
// settles the events and exchanges the codes. scope: worker.
#include "pg/postgres.hpp"

#include "bridge/listener.hpp"
#include "bridge/pacing.hpp"
#include "pg/raise.hpp"
#include "pg/settings.hpp"
#include "pg/sql/oauth.hpp"
#include "pg/worker/attempt.hpp"
#include "pg/worker/net.hpp"
#include "pg/worker/process.hpp"
#include "pg/worker/query.hpp"
#include "pg/worker/webhook.hpp"

namespace notion::pg::worker {
namespace {

constexpr int64_t retry_ms = 10'000; // the address may be taken only for a while
constexpr int deliveries_max = 64;   // a round: as many as there are connections

bridge::Listener* listener;
char* listen; // what notion.listen said, when it was opened or tried
int64_t retry_at_ms;
bool warned;

// Two buckets, so that what is refused does not shut the door to Notion.
sync::Rate signed_rate;
sync::Rate refused_rate;
constexpr int64_t note_limited_ms = 60'000;
int limited; ///< answers 429 that were not told of yet
int64_t limited_told_ms;

// A row that is there says what became of notion.listen: notion.health shows it.
constinit Query note_listener = {
    "INSERT INTO notion.listener (address, port, reason) VALUES ($1, nullif($2, 0), $3)"
    " ON CONFLICT (only_one) DO UPDATE SET address = excluded.address, port = excluded.port,"
    "    reason = excluded.reason, since = clock_timestamp()"};
constinit Query forget_listener = {"DELETE FROM notion.listener"};
constinit Query note_limited = {"UPDATE notion.listener SET limited_at = clock_timestamp()"};

/// The server's name in the path, percent-encoding undone; "" where it is no such path.
std::string_view server_in(std::string_view path) {
    constexpr std::string_view prefix = "/webhook/";
    if (path.substr(0, prefix.size()) != prefix)
        return "";
    std::string_view rest = path.substr(prefix.size());
    size_t slash = rest.find('/');
    if (slash != std::string_view::npos) {
        const char* database = get_database_name(MyDatabaseId);
        if (database == nullptr || rest.substr(0, slash) != database)
            return "";
        rest = rest.substr(slash + 1);
    }
    return rest.find('/') == std::string_view::npos && rest.size() < NAMEDATALEN ? rest : "";
}

/// A hundredth of what may come signed.
int64_t refused_room() {
    const int64_t rate = settings::listen_rate;
    return bridge::rate_room(refused_rate, rate < 0 ? rate : Max(rate / 100, 1), net.now_ms);
}

bool is_refusal(int status) {
    return status >= 400 && status < 500 && status != 429;
}

/// What is answered in the end: beyond the rate a refusal is 429.
int counted(int status) {
    if (is_refusal(status)) {
        if (refused_room() == 0)
            status = 429;
        else
            bridge::rate_spend(refused_rate, 1);
    }
    limited += status == 429;
    return status;
}

/// sha256= and 64 digits: anything else is forged, and known as such without a look at the token.
bool may_be_signed(std::string_view signature) {
    return signature.size() == 71 && signature.substr(0, 7) == "sha256=";
}

struct Answer {
    int status;
    const char* text; ///< for people
};

/// Nothing of the request is ever in the answer.
Answer words_for(Finish outcome) {
    switch (outcome) {
    case Finish::taken:
        return {200, "Notion gave access. The database is connecting; you may close this page.\n"};
    case Finish::refused:
        return {200, "No access was given. You may close this page.\n"};
    case Finish::used:
        return {409, "This link was used already. Ask for a new one.\n"};
    case Finish::late:
        return {410, "This link has expired. Ask for a new one.\n"};
    case Finish::unknown:
    case Finish::foreign:
        break;
    }
    return {403, "This link is not known here. Ask for a new one.\n"};
}

Answer take_callback(const bridge::Delivery& delivery) {
    if (delivery.state.empty() || (delivery.code.empty() == delivery.error.empty()))
        return {400, "A state, and a code or an error, are expected.\n"};
    const char* server;
    const Finish outcome = finish_oauth(delivery.state, delivery.code, InvalidOid, &server);
    if (outcome == Finish::taken)
        net.plan_now = true;
    return words_for(outcome);
}

Answer receive_callback(const bridge::Delivery& delivery) {
    if (delivery.method != "GET")
        return {405, ""};
    if (refused_room() == 0)
        return {429, "Too many requests. Reload this page in a minute.\n"};
    begin("receiving a callback");
    Answer answer = {404, ""};
    const char* reason = nullptr;
    Answer* out = &answer;
    const bridge::Delivery* it = &delivery;
    if (!attempt(
            CurrentMemoryContext, [=] { *out = take_callback(*it); }, &reason)) {
        ereport(WARNING,
                (errmsg("a callback of OAuth could not be taken"), errdetail("%s", reason)));
        answer = {503, "The database cannot take it just now. Reload this page later.\n"};
    }
    commit();
    return answer;
}

std::string_view copy(std::string_view words) {
    return {pnstrdup(words.data(), words.size()), words.size()};
}

/// The events of a round, in the current context.
struct Round {
    int count;
    uint64_t ids[deliveries_max];
    int statuses[deliveries_max]; ///< 0: not known yet
    Arrival arrivals[deliveries_max];
};

/// What came in; callbacks are answered here.
Round* take() {
    auto* round = static_cast<Round*>(palloc0(sizeof(Round)));
    bridge::Fault fault;
    bridge::Delivery delivery;
    while (round->count < deliveries_max && bridge::listener_take(listener, delivery, fault)) {
        if (delivery.path == "/oauth/callback") {
            const Answer answer = receive_callback(delivery);
            bridge::listener_answer(listener, delivery.id, counted(answer.status), answer.text);
            continue;
        }
        const int i = round->count++;
        round->ids[i] = delivery.id;
        round->statuses[i] = delivery.method != "POST"                                   ? 405
                             : !may_be_signed(delivery.signature) && refused_room() == 0 ? 429
                                                                                         : 0;
        round->arrivals[i] = {.server = copy(delivery.path), // its name is found in a transaction
                              .body = copy(delivery.body),
                              .signature = copy(delivery.signature),
                              .status = 0};
    }
    return round;
}

/// Answers what came in, once what is kept of it is committed. True if something was.
bool serve(Round* round) {
    Arrival known[deliveries_max];
    int delivery_of[deliveries_max];
    int count = 0;
    begin("receiving webhooks"); // takes no transaction id before it writes
    for (int i = 0; i < round->count; i++) {
        if (round->statuses[i] != 0)
            continue;
        Arrival& it = round->arrivals[i];
        it.server = server_in(it.server);
        round->statuses[i] = 404;
        if (it.server.empty())
            continue;
        delivery_of[count] = i;
        known[count++] = it;
    }
    const int64_t room = bridge::rate_room(signed_rate, settings::listen_rate, net.now_ms);
    bridge::rate_spend(signed_rate, receive_webhooks({known, static_cast<size_t>(count)}, room));
    commit();
    bool kept = false;
    for (int i = 0; i < count; i++) {
        round->statuses[delivery_of[i]] = known[i].status;
        kept |= known[i].status == 200;
    }
    for (int i = 0; i < round->count; i++)
        bridge::listener_answer(listener, round->ids[i], counted(round->statuses[i]), "");
    return kept;
}

/// Once a minute at most: whoever floods the door does not flood the log.
void tell_limited() {
    if (limited == 0 || net.now_ms < limited_told_ms + note_limited_ms)
        return;
    ereport(LOG, (errmsg("listener of pg_notion answered 429 to %d requests", limited),
                  errdetail("More than notion.listen_rate came, or many that are not signed.")));
    limited = 0;
    limited_told_ms = net.now_ms;
    begin("noting that too much came");
    run(note_limited);
    commit();
}

/// port 0: it is not open.
void note(uint16_t port, const char* reason) {
    begin("noting what became of the listener");
    if (listen[0] == '\0')
        run(forget_listener);
    else
        run(note_listener, {as_text(listen), as_int4(port), as_text_or_null(reason)});
    commit();
}

void shut() {
    if (listener != nullptr)
        bridge::listener_close(listener);
    listener = nullptr;
}

void open() {
    bridge::Fault fault;
    listener = bridge::listener_open(settings::listen, fault);
    if (listener == nullptr) {
        if (!warned) {
            report(WARNING, fault);
            note(0, words_of(fault));
        }
        warned = true;
        retry_at_ms = net.now_ms + retry_ms;
        return;
    }
    warned = false;
    ereport(LOG, (errmsg("listener of pg_notion on port %u", bridge::listener_port(listener))));
    note(bridge::listener_port(listener), nullptr);
}

void turn_to(const char* wanted) {
    shut();
    if (listen != nullptr)
        pfree(listen);
    listen = MemoryContextStrdup(TopMemoryContext, wanted);
    warned = false;
    retry_at_ms = 0;
    if (wanted[0] == '\0')
        note(0, nullptr);
}

} // namespace

bool serve_listener() {
    const char* wanted = settings::listen != nullptr ? settings::listen : "";
    if (listen == nullptr || strcmp(listen, wanted) != 0)
        turn_to(wanted);
    if (listener == nullptr && wanted[0] != '\0' && net.now_ms >= retry_at_ms)
        open();
    if (listener == nullptr)
        return false;
    bridge::Fault fault;
    if (!bridge::listener_step(listener, fault))
        raise(fault);
    Round* round = take();
    const bool kept = round->count > 0 && serve(round);
    if (!bridge::listener_step(listener, fault))
        raise(fault);
    tell_limited();
    return kept;
}

} // namespace notion::pg::worker
