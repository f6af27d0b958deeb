// The webhook listener for the worker: see the header. scope: worker.
#include "bridge/listener.hpp"

#include <memory>
#include <optional>
#include <string>

#include "net/listener.hpp"
#include "net/mux.hpp"

namespace notion::bridge {

struct Listener {
    std::unique_ptr<net::Listener> net;
    std::optional<net::Delivery> current;
};

Listener* listener_open(std::string_view where, Fault& fault) noexcept {
    Listener* made = nullptr;
    guarded(fault, [&] {
        std::string error;
        auto listener = std::make_unique<Listener>();
        listener->net = net::Listener::open(where, net::ListenLimits{}, error);
        if (listener->net == nullptr)
            return fill(fault, fail(ErrorKind::invalid_option,
                                    "could not listen on \"" + std::string(where) + "\"", error,
                                    "Give notion.listen another address."));
        net::Mux::of_process().watch(listener->net->fd());
        made = listener.release();
    });
    return made;
}

void listener_close(Listener* listener) noexcept {
    Fault fault;
    guarded(fault, [&] { net::Mux::of_process().unwatch(listener->net->fd()); });
    delete listener;
}

uint16_t listener_port(const Listener* listener) noexcept {
    return listener->net->port();
}

bool listener_step(Listener* listener, Fault& fault) noexcept {
    return guarded(fault, [&] { listener->net->step(); });
}

bool listener_take(Listener* listener, Delivery& delivery, Fault& fault) noexcept {
    bool taken = false;
    guarded(fault, [&] {
        listener->current = listener->net->take();
        if (!listener->current)
            return;
        const net::Delivery& it = *listener->current;
        delivery = {.id = it.id,
                    .method = it.method,
                    .path = it.path,
                    .body = it.body,
                    .signature = it.headers.find("X-Notion-Signature"),
                    .state = it.query.find("state"),
                    .code = it.query.find("code"),
                    .error = it.query.find("error")};
        taken = true;
    });
    return taken;
}

void listener_answer(Listener* listener, uint64_t id, int32_t status,
                     std::string_view text) noexcept {
    Fault fault;
    guarded(fault, [&] { listener->net->answer(id, status, text); });
}

} // namespace notion::bridge
