// A scan below an Append that waits for several at once: they overlap. scope: query.
#pragma once

#include "pg/postgres.hpp"

namespace notion::pg {

bool async_capable(ForeignPath* path);
void async_request(AsyncRequest* request);
void async_configure_wait(AsyncRequest* request);
void async_notify(AsyncRequest* request);

} // namespace notion::pg
