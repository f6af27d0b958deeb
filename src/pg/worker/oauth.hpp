// Requests about tokens (notion.oauth_tasks): codes, renewals, revocations; beside the tickets,
// since they belong to a connection and not to a link, and have the client's authorization.
// Assumes the rounds of net. scope: worker.
#pragma once

#include "pg/worker/net.hpp"

namespace notion::pg::worker {

/// Takes up what is due. requires: inside begin/commit.
void plan_tokens();
/// Sends what plan_tokens took up. requires: outside a transaction, after its commit.
void send_token_errands();
bool any_token_errands(); ///< to be sent
/// Stores what was answered, in a transaction each. requires: outside a transaction.
bool collect_token_answers();
/// Notion answered 401 to a request of this link, made at that time.
void hear_refusal(const Source& source, int64_t asked_ms);

} // namespace notion::pg::worker
