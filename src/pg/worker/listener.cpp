// The listener of this database: POST /webhook/<server> or /webhook/<database>/<server>. Each
// delivery is one transaction, answered after its commit; net itself settles the events.
// scope: worker.
#include "pg/postgres.hpp"

#include "bridge/listener.hpp"
#include "pg/raise.hpp"
#include "pg/settings.hpp"
#include "pg/worker/net.hpp"
#include "pg/worker/process.hpp"
#include "pg/worker/webhook.hpp"

namespace notion::pg::worker {
namespace {

constexpr int64_t retry_ms = 10'000; // the address may be taken only for a while
constexpr int deliveries_max = 32;   // a round

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

int receive(const bridge::Delivery& delivery) {
    if (delivery.method != "POST")
        return 405;
    begin("receiving a webhook");
    std::string_view server = server_in(delivery.path);
    int status = server.empty() ? 404 : receive_webhook(server, delivery.body, delivery.signature);
    commit();
    return status;
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
    ereport(LOG,
            (errmsg("webhook listener of pg_notion on port %u", bridge::listener_port(listener))));
}

} // namespace

void serve_listener() {
    const char* wanted = settings::listen != nullptr ? settings::listen : "";
    if (listening_on != nullptr && strcmp(listening_on, wanted) != 0)
        shut();
    if (listener == nullptr && wanted[0] != '\0' && net.now_ms >= retry_at_ms)
        open();
    if (listener == nullptr)
        return;
    bridge::Fault fault;
    if (!bridge::listener_step(listener, fault))
        raise(fault);
    bridge::Delivery delivery;
    for (int i = 0; i < deliveries_max && bridge::listener_take(listener, delivery, fault); i++) {
        int status = receive(delivery);
        bridge::listener_answer(listener, delivery.id, status);
        if (status == 200)
            net.plan_now = true;
    }
    if (!bridge::listener_step(listener, fault))
        raise(fault);
}

} // namespace notion::pg::worker
