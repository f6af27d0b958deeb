// Serves what a reading object asks for: see the header. scope: query.
#include "pg/postgres.hpp"

#include "bridge/mux.hpp"
#include "pg/raise.hpp"
#include "pg/renewal.hpp"
#include "pg/settings.hpp"
#include "pg/talk.hpp"
#include "pg/wait.hpp"

namespace notion::pg {
namespace {

// Shorter waits are not worth a line on anyone's screen.
constexpr int64_t announce_ms = 1000;

/// What the statement that the client sent has done so far, in all its scans and functions.
struct Statement {
    TimestampTz start;
    int64_t requests;
    bool announced;
};
Statement latest;

Statement* statement() {
    TimestampTz start = GetCurrentStatementStartTimestamp();
    if (latest.start != start)
        latest = {start, 0, false};
    return &latest;
}

bool is_spent() {
    return settings::max_requests > 0 && statement()->requests >= settings::max_requests;
}

} // namespace

void talk_announce(const Talk* talk, int64_t wait_ms) {
    if (statement()->announced || wait_ms <= announce_ms)
        return;
    statement()->announced = true;
    ereport(NOTICE, (errmsg("waiting %lld s for the budget of requests to Notion",
                            static_cast<long long>((wait_ms + 999) / 1000)),
                     errdetail("Server \"%s\" has no requests left in this minute.",
                               talk->connection->server_name)));
}

void talk_count(Talk* talk) {
    talk->requests++;
    statement()->requests++;
}

void talk_check() {
    if (!is_spent())
        return;
    ereport(ERROR,
            (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
             errmsg("the statement needs more than %d requests to Notion", settings::max_requests),
             errhint("Add a condition that Notion can evaluate, or raise "
                     "notion.max_requests.")));
}

namespace {

void send(Talk* talk, bridge::Reader* reader) {
    talk_count(talk);
    if (!bridge::reader_send(reader, talk->fault) || !bridge::mux_step(talk->fault))
        raise(talk->fault);
}

/// What other scans have under way goes on meanwhile.
void wait_for(Talk* talk, int64_t wait_ms, WaitFor what) {
    int fd = bridge::mux_fd(talk->fault);
    if (fd < 0)
        raise(talk->fault);
    wait_once(fd, wait_ms, what);
    if (!bridge::mux_step(talk->fault))
        raise(talk->fault);
}

void wait_for_reply(Talk* talk, int64_t wait_ms) {
    wait_for(talk, wait_ms, WaitFor::reply);
}

/// False where others under way may answer first: then one of them was waited for.
bool take_or_wait(Talk* talk, bool others) {
    int64_t wait_ms;
    while ((wait_ms = take_request(talk->connection->allowance, talk->priority)) > 0) {
        if (others) {
            wait_for_reply(talk, wait_ms);
            return false;
        }
        talk_announce(talk, wait_ms);
        int64_t from = steady_ms();
        wait_for(talk, wait_ms, WaitFor::budget);
        talk->waited_ms += steady_ms() - from;
    }
    return true;
}

} // namespace

void talk_begin(Talk* talk, Connection* connection, sync::Priority priority) {
    memset(talk, 0, sizeof *talk);
    talk->connection = connection;
    talk->priority = priority;
}

void talk_hear(Talk* talk, const bridge::Step& step) {
    if (step.refused)
        request_refused(talk->connection->allowance, step.retry_after_ms, step.overloaded);
    if (step.expired)
        renew_token(talk->connection);
}

void talk_serve(Talk* talk, const bridge::Step& step) {
    talk_hear(talk, step);
    if (step.turn == bridge::Turn::failed)
        raise(talk->fault);
    if (step.turn == bridge::Turn::asks) {
        talk_check();
        if (take_or_wait(talk, step.others))
            send(talk, step.reader);
    } else {
        wait_for_reply(talk, step.wait_ms);
    }
}

void talk_ahead(Talk* talk, const bridge::Step& step) {
    if (is_spent())
        return;
    if (take_request(talk->connection->allowance, talk->priority) == 0)
        send(talk, step.reader);
}

} // namespace notion::pg
