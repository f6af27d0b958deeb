// One write to one workspace: sent once. It is sent again only where it certainly had no effect
// (refused by the rate limit, or no byte of it was handed over), a bounded number of times.
// Inside the bridge only. Refuses to wait, and to guess what a missing answer means.
// scope: its owner's.
#pragma once

#include <optional>
#include <string>

#include "bridge/request.hpp"
#include "bridge/turn.hpp"
#include "core/result.hpp"

namespace notion::bridge {

class Writer {
  public:
    explicit Writer(const Endpoint& endpoint);

    enum class State : uint8_t { idle, asks, pauses, flies, settled };
    State state() const { return state_; }
    /// What became of it. requires: settled.
    enum class End : uint8_t { done, no_effect, unknown };
    End end() const { return end_; }

    /// `creates`: what it does cannot be told from doing it twice. requires: no write under way.
    void ask(notion::Call call, bool creates);
    /// Moves on without waiting; `step` gets what the budget must hear of.
    void turn(int64_t now_ms, Step& step);
    /// requires: asks. Opens the exchange.
    void send();

    /// Whether Notion may have it, and has not answered.
    bool in_doubt() const { return state_ == State::flies && exchange_->handed_over(); }
    int64_t resume_at_ms() const { return resume_at_ms_; }
    const std::string& body() const { return body_; } ///< of the answer. requires: done
    std::string take_body() { return std::move(body_); }
    /// requires: settled and not done.
    const Error& error() const { return error_; }
    /// The page that an error answer says was made in spite of it, or "".
    const std::string& committed() const { return committed_; }

  private:
    void judge(net::Reply reply, int64_t now_ms, Step& step);
    void settle(End end);

    KeptEndpoint endpoint_;
    uint32_t renewals_sent_ = 0; ///< Token::renewals of the request under way
    int renewals_ = 0;           ///< that this write cost
    State state_ = State::idle;
    End end_ = End::no_effect;
    notion::Call call_;
    bool creates_ = false;
    int attempts_ = 0;
    int64_t resume_at_ms_ = 0;
    std::optional<net::Exchange> exchange_;
    std::string body_;
    std::string committed_;
    Error error_;
};

} // namespace notion::bridge
