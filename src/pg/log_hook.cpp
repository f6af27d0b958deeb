// Keeps lines of COPY notion.token_in and its like out of the server's log: COPY quotes the line
// that it is at in the context of every message, and one that it cannot split never reaches our
// trigger. Assumes the library is loaded: by shared_preload_libraries, or by an earlier use in the
// session. scope: backend.
#include "pg/postgres.hpp"

#include "pg/log_hook.hpp"

namespace notion::pg {
namespace {

emit_log_hook_type next_hook;

void hide_lines(ErrorData* error) {
    // The name is what COPY says of the relation, in every language.
    for (const char* view : {"token_in", "client_in", "code_in"})
        if (error->context != nullptr && strstr(error->context, view) != nullptr)
            error->hide_ctx = true;
    if (next_hook != nullptr)
        next_hook(error);
}

} // namespace

void hook_log() {
    next_hook = emit_log_hook;
    emit_log_hook = hide_lines;
}

} // namespace notion::pg
