// One request after another: see the header. scope: its owner's.
#include "bridge/reader.hpp"

#include <algorithm>

#include "core/notion/answer.hpp"
#include "core/sync/budget.hpp"
#include "net/random.hpp"

namespace notion::bridge {
namespace {

// With the pauses of sync::backoff_ms this outlasts a restart of Notion's front end, and ends
// before a person gives up; a 429 waits for its Retry-After, a minute at most each.
constexpr int attempts_max = 5;

double random_fraction() {
    unsigned char bytes[4];
    net::random_fill(bytes);
    uint32_t number = 0;
    for (unsigned char byte : bytes)
        number = number << 8 | byte;
    return number / 4294967296.0;
}

} // namespace

Error transport_error(const net::Reply& reply, std::string_view api_url) {
    std::string where(api_url);
    switch (reply.failure) {
    case net::Failure::refused:
        return fail(ErrorKind::forbidden, "request to \"" + where + "\" refused", reply.error,
                    "Options api_url of the server and settings notion.local_only and notion.proxy "
                    "decide what may be reached.");
    case net::Failure::resolve:
    case net::Failure::connect:
        return fail(ErrorKind::connection, "could not connect to \"" + where + "\"", reply.error,
                    "Check the network, and the setting notion.proxy.");
    case net::Failure::tls:
        return fail(ErrorKind::connection,
                    "could not establish a secure connection to \"" + where + "\"", reply.error,
                    "Check the network, and the setting notion.proxy.");
    case net::Failure::untrusted:
        return fail(ErrorKind::connection, "\"" + where + "\" could not show that it is Notion",
                    reply.error,
                    "Its certificate must name it and come from an authority in the file of the "
                    "setting notion.ca_file (where that is empty: from one that the system knows); "
                    "who inspects TLS in your network has an authority of his own.");
    case net::Failure::proxy_login:
        return fail(ErrorKind::connection, "the proxy before \"" + where + "\" refused the login",
                    reply.error,
                    "Set notion.proxy to http://user:password@host:port, with a login that the "
                    "proxy takes.");
    case net::Failure::deadline:
        return fail(ErrorKind::timeout, "Notion did not answer in time", reply.error,
                    "The server options connect_timeout_ms and request_timeout_ms set the limits.");
    case net::Failure::body_too_large:
        return fail(ErrorKind::too_large,
                    "Notion's answer is larger than " +
                        std::to_string(body_bytes_max / (1024 * 1024)) + " MB",
                    reply.error, "Name fewer columns in the query.");
    case net::Failure::broken:
        return fail(ErrorKind::connection, "the connection to Notion broke", reply.error);
    case net::Failure::none:
    case net::Failure::internal:
        break;
    }
    return fail(ErrorKind::internal, "could not make a request", reply.error);
}

bool may_renew(const Error& error, const Endpoint& endpoint, uint32_t sent_with, int& renewals,
               Step& step) {
    constexpr int renewals_max = 2; // one of them may be another's
    if (error.kind != ErrorKind::unauthorized || !endpoint.token->renewable ||
        renewals >= renewals_max)
        return false;
    renewals++;
    step.expired = step.expired || endpoint.token->renewals == sent_with;
    return true;
}

Reader::Reader(const Endpoint& endpoint) : endpoint_(endpoint) {}

void Reader::ask(notion::Call call, When when) {
    call_ = std::move(call);
    when_ = when;
    attempts_ = 0;
    renewals_ = 0;
    state_ = State::asks;
}

void Reader::send() {
    attempts_++;
    traffic_.requests++;
    const Endpoint endpoint = endpoint_.view();
    renewals_sent_ = endpoint.token->renewals;
    net::Request request = request_to(endpoint, call_);
    request.body_bytes_likely = body_bytes_likely_;
    exchange_.emplace(net::Exchange::open(net::Mux::of_process(), std::move(request)));
    state_ = State::flies;
}

Step Reader::turn(int64_t now_ms, Error& error) {
    Step step;
    step.reader = this;
    step.turn = Turn::waits;
    if (state_ == State::pauses && now_ms >= resume_at_ms_)
        state_ = State::asks;
    if (state_ == State::pauses)
        step.wait_ms = resume_at_ms_ - now_ms;
    if (state_ == State::asks)
        step.turn = Turn::asks;
    if (state_ == State::answered)
        step.turn = Turn::row;
    if (state_ == State::idle)
        step.turn = Turn::done;
    if (state_ == State::flies && exchange_->state() == net::State::done) {
        net::Reply reply = exchange_->take_reply();
        exchange_.reset();
        return judge(std::move(reply), now_ms, error);
    }
    return step;
}

Step Reader::judge(net::Reply reply, int64_t now_ms, Error& error) {
    Step step;
    step.reader = this;
    traffic_.bytes += reply.bytes_received;
    traffic_.reused += reply.reused_connection;
    if (reply.outcome == net::Outcome::ok && reply.status == 200) {
        traffic_.took(reply.total_us);
        body_ = std::move(reply.body);
        body_bytes_likely_ = body_.size() + body_.size() / 8; // answers of a list are much alike
        state_ = State::answered;
        step.turn = Turn::row;
        return step;
    }
    error = reply.outcome == net::Outcome::ok ? error_of(static_cast<int>(reply.status), reply.body,
                                                         reply.retry_after_ms, reply.request_id)
                                              : transport_error(reply, endpoint_.view().api_url);
    if (may_renew(error, endpoint_.view(), renewals_sent_, renewals_, step)) {
        resume_at_ms_ = now_ms;
        state_ = State::pauses;
        step.turn = Turn::waits;
        step.wait_ms = 0;
        return step;
    }
    step.refused = reply.status == 429 || reply.status == 529;
    step.overloaded = reply.status == 529;
    step.retry_after_ms = reply.retry_after_ms;
    // Two failures say nothing about Notion: a kept connection that the peer had closed meanwhile,
    // and a deadline that passed while whoever reads the rows was busy elsewhere.
    bool stale = reply.reused_connection && reply.failure == net::Failure::broken;
    bool forgotten = when_ == When::ahead && reply.failure == net::Failure::deadline;
    bool at_once = attempts_ == 1 && (stale || forgotten);
    bool hopeless = !may_read_again(error) || net::is_permanent(reply.failure);
    if ((hopeless && !at_once) || attempts_ >= attempts_max) {
        state_ = State::idle;
        step.turn = Turn::failed;
        return step;
    }
    // What Notion refused waits in the budget, for this session and every other.
    int64_t pause_ms = 0;
    if (!at_once)
        pause_ms = std::max<int64_t>(sync::backoff_ms(attempts_ - 1, random_fraction()),
                                     step.refused ? 0 : reply.retry_after_ms);
    resume_at_ms_ = now_ms + pause_ms;
    state_ = State::pauses;
    step.turn = Turn::waits;
    step.wait_ms = pause_ms;
    return step;
}

void Reader::drop() {
    exchange_.reset();
    state_ = State::idle;
}

std::string Reader::take() {
    state_ = State::idle;
    return std::move(body_);
}

bool reader_send(Reader* reader, Fault& fault) noexcept {
    return guarded(fault, [&] { reader->send(); });
}

} // namespace notion::bridge
