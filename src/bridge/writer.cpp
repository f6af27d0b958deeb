// One write: see the header. scope: its owner's.
#include "bridge/writer.hpp"

#include <algorithm>

#include "bridge/reader.hpp"
#include "core/notion/answer.hpp"
#include "core/sync/budget.hpp"
#include "core/sync/outcome.hpp"

namespace notion::bridge {
namespace {

// As for reads: a 429 waits for its Retry-After, a connection that cannot be made for a pause.
constexpr int attempts_max = 5;

} // namespace

Writer::Writer(const Endpoint& endpoint) : endpoint_(endpoint) {}

void Writer::ask(notion::Call call, bool creates) {
    call_ = std::move(call);
    creates_ = creates;
    attempts_ = 0;
    renewals_ = 0;
    state_ = State::asks;
}

void Writer::send() {
    attempts_++;
    const Endpoint endpoint = endpoint_.view();
    renewals_sent_ = endpoint.token->renewals;
    exchange_.emplace(net::Exchange::open(net::Mux::of_process(), request_to(endpoint, call_)));
    state_ = State::flies;
}

void Writer::turn(int64_t now_ms, Step& step) {
    if (state_ == State::pauses && now_ms >= resume_at_ms_)
        state_ = State::asks;
    if (state_ != State::flies || exchange_->state() != net::State::done)
        return;
    net::Reply reply = exchange_->take_reply();
    exchange_.reset();
    judge(std::move(reply), now_ms, step);
}

void Writer::settle(End end) {
    end_ = end;
    state_ = State::settled;
}

void Writer::judge(net::Reply reply, int64_t now_ms, Step& step) {
    bool answered = reply.outcome == net::Outcome::ok;
    if (answered && reply.status >= 200 && reply.status < 300) {
        body_ = std::move(reply.body);
        return settle(End::done);
    }
    int status = answered ? static_cast<int>(reply.status) : 0;
    error_ = answered ? error_of(status, reply.body, reply.retry_after_ms, reply.request_id)
                      : transport_error(reply, endpoint_.view().api_url);
    if (may_renew(error_, endpoint_.view(), renewals_sent_, renewals_, step)) { // it had no effect
        resume_at_ms_ = now_ms;
        state_ = State::pauses;
        return;
    }
    bool limited = status == 429 || status == 529;
    bool unsent = reply.outcome == net::Outcome::certain_no;
    bool may_help =
        error_.kind == ErrorKind::rate_limited || limited ||
        (unsent && error_.kind == ErrorKind::connection && !net::is_permanent(reply.failure));
    if (limited && error_.kind != ErrorKind::restricted) {
        step.refused = true;
        step.overloaded = step.overloaded || status == 529;
        step.retry_after_ms = std::max(step.retry_after_ms, reply.retry_after_ms);
    }
    if ((limited || unsent) && may_help && attempts_ < attempts_max) {
        // What Notion refused waits in the budget, for this session and every other.
        resume_at_ms_ = now_ms + (limited ? 0 : sync::backoff_ms(attempts_ - 1, 0.5));
        state_ = State::pauses;
        return;
    }
    committed_ = committed_id(reply.body);
    sync::Outcome outcome = sync::outcome(
        {.is_create = creates_, .handed_over = !unsent, .status = status, .body = reply.body});
    bool unknown = outcome == sync::Outcome::unknown || outcome == sync::Outcome::verify;
    settle(unknown ? End::unknown : End::no_effect);
}

} // namespace notion::bridge
