// One request after another to one workspace, reads only: what fails in passing is asked again,
// after Retry-After or a growing pause, a bounded number of times. Inside the bridge only.
// Refuses to wait, and to repeat what may have had an effect (it is never given such a call).
// scope: its owner's.
#pragma once

#include <optional>
#include <string>

#include "bridge/request.hpp"
#include "bridge/turn.hpp"
#include "core/result.hpp"

namespace notion::bridge {

static_assert(newest_api_version == api_version);

/// Why no answer came, in words.
Error transport_error(const net::Reply& reply, std::string_view api_url);

/// Whether a request that was refused so should be made once more with a renewed token; `step` says
/// whether that has to be had first, or is there already. `renewals` counts them.
bool may_renew(const Error& error, const Endpoint& endpoint, uint32_t sent_with, int& renewals,
               Step& step);

struct Traffic {
    int64_t requests = 0;
    int64_t bytes = 0;     ///< received, as on the wire
    int64_t reused = 0;    ///< requests on a connection that was there already
    int64_t answer_us = 0; ///< what the fastest one took; 0: none came
    void add(const Traffic& more) {
        requests += more.requests;
        bytes += more.bytes;
        reused += more.reused;
        took(more.answer_us);
    }
    void took(int64_t us) {
        if (us > 0 && (answer_us == 0 || us < answer_us))
            answer_us = us;
    }
};

class Reader {
  public:
    explicit Reader(const Endpoint& endpoint);

    enum class State : uint8_t { idle, asks, pauses, flies, answered };
    State state() const { return state_; }

    /// requires: idle. `ahead`: nobody waits for it yet, nor drives it steadily.
    enum class When : uint8_t { now, ahead };
    void ask(notion::Call call, When when = When::now);
    /// Moves on as far as it goes without waiting. row: answered, take() it; failed: `error`.
    Step turn(int64_t now_ms, Error& error);
    /// Whether turn() has something to do before anything more arrives.
    bool is_ready() const {
        return state_ != State::flies || exchange_->state() == net::State::done;
    }
    /// requires: asks. Opens the exchange.
    void send();
    /// Gives up what is under way; then idle.
    void drop();
    /// The body of a 200. requires: answered; then idle.
    std::string take();

    const Traffic& traffic() const { return traffic_; }

  private:
    Step judge(net::Reply reply, int64_t now_ms, Error& error);

    KeptEndpoint endpoint_;
    uint32_t renewals_sent_ = 0; ///< Token::renewals of the request under way
    int renewals_ = 0;           ///< that this question cost
    State state_ = State::idle;
    notion::Call call_;
    When when_ = When::now;
    int attempts_ = 0;
    int64_t resume_at_ms_ = 0;
    std::optional<net::Exchange> exchange_;
    std::string body_;
    size_t body_bytes_likely_ = 0;
    Traffic traffic_;
};

} // namespace notion::bridge
