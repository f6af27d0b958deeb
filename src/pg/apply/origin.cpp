// Origin: see the header. An error in the transaction ends the process, and the state with it.
// scope: backend.
#include "pg/postgres.hpp"

#include "pg/apply/origin.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(notion_applying);
PG_FUNCTION_INFO_V1(notion_actor);
}

namespace notion::pg::apply {
namespace {

bool applying;
char actor[40]; ///< a uuid

} // namespace

void begin_applying(const char* editor) {
    applying = true;
    strlcpy(actor, editor, sizeof actor);
}

void end_applying() {
    applying = false;
    actor[0] = '\0';
}

} // namespace notion::pg::apply

extern "C" Datum notion_applying(PG_FUNCTION_ARGS) {
    (void)fcinfo;
    PG_RETURN_BOOL(notion::pg::apply::applying);
}

extern "C" Datum notion_actor(PG_FUNCTION_ARGS) {
    using namespace notion::pg::apply;
    if (actor[0] == '\0')
        PG_RETURN_NULL();
    PG_RETURN_DATUM(DirectFunctionCall1(uuid_in, CStringGetDatum(actor)));
}
