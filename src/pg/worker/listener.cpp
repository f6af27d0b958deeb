// The listener of this database: POST /webhook/<server> or /webhook/<database>/<server>, and GET
// /oauth/callback, where people come back from Notion. Events that came in while the last round was
// committed are one transaction, a callback is one; both are answered after the commit. net itself
// settles the events and exchanges the codes. scope: worker.
#include "pg/postgres.hpp"

#include "bridge/listener.hpp"
#include "pg/raise.hpp"
#include "pg/settings.hpp"
#include "pg/sql/oauth.hpp"
#include "pg/worker/attempt.hpp"
#include "pg/worker/net.hpp"
#include "pg/worker/process.hpp"
#include "pg/worker/webhook.hpp"

namespace notion::pg::worker {
namespace {

constexpr int64_t retry_ms = 10'000; // the address may be taken only for a while
constexpr int deliveries_max = 64;   // a round: as many as there are connections

bridge::Listener* listener;
char* listening_on; // what it was opened for
int64_t retry_at_ms;
bool warned;

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
            bridge::listener_answer(listener, delivery.id, answer.status, answer.text);
            continue;
        }
        const int i = round->count++;
        round->ids[i] = delivery.id;
        round->statuses[i] = delivery.method == "POST" ? 0 : 405;
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
    begin("receiving webhooks");
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
    receive_webhooks({known, static_cast<size_t>(count)});
    commit();
    bool kept = false;
    for (int i = 0; i < count; i++) {
        round->statuses[delivery_of[i]] = known[i].status;
        kept |= known[i].status == 200;
    }
    for (int i = 0; i < round->count; i++)
        bridge::listener_answer(listener, round->ids[i], round->statuses[i], "");
    return kept;
}

void shut() {
    if (listener != nullptr)
        bridge::listener_close(listener);
    listener = nullptr;
    if (listening_on != nullptr)
        pfree(listening_on);
    listening_on = nullptr;
}

void open() {
    bridge::Fault fault;
    listener = bridge::listener_open(settings::listen, fault);
    if (listener == nullptr) {
        if (!warned)
            report(WARNING, fault);
        warned = true;
        retry_at_ms = net.now_ms + retry_ms;
        return;
    }
    warned = false;
    listening_on = MemoryContextStrdup(TopMemoryContext, settings::listen);
    ereport(LOG, (errmsg("listener of pg_notion on port %u", bridge::listener_port(listener))));
}

} // namespace

bool serve_listener() {
    const char* wanted = settings::listen != nullptr ? settings::listen : "";
    if (listening_on != nullptr && strcmp(listening_on, wanted) != 0)
        shut();
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
    return kept;
}

} // namespace notion::pg::worker
