// Publish, the end of it: a foreign table made as the owner of the published table, then the link.
// What is made, and when, stands in extension/57-publish-links.sql. scope: step.
#include "pg/postgres.hpp"

#include "pg/apply/owner.hpp"
#include "pg/apply/tasks.hpp"
#include "pg/worker/process.hpp"
#include "pg/worker/query.hpp"

namespace notion::pg::apply {
namespace {

using namespace worker;

constinit Query select_ready = {
    "SELECT r.id, r.owner, r.ddl FROM notion.publish_ready() r"
    " WHERE EXISTS (SELECT FROM notion.publications WHERE step = 'link')"};
constinit Query link_table = {"SELECT notion.publish_link($1)"};
constinit Query put_off = {
    "SELECT notion.publish_again($1, CASE WHEN $3 THEN 'due' ELSE 'failed' END, $2, '1 s')"};

void make_table(void* state) {
    connect_spi();
    if (SPI_execute(static_cast<const char*>(state), false, 0) != SPI_OK_UTILITY)
        elog(ERROR, "the foreign table could not be made");
    SPI_finish();
}

} // namespace

bool publish_one() {
    worker::begin("linking what was published");
    const bool found = run(select_ready) > 0;
    if (found) {
        const Arg id = as_int8(column_int8(0, 1));
        const auto owner = static_cast<Oid>(column_int8(0, 2));
        const char* ddl = column_text(0, 3);
        Refusal refusal;
        if (ddl == nullptr || as_owner(owner, make_table, const_cast<char*>(ddl), &refusal))
            (void)run(link_table, {id});
        else
            (void)run(put_off, {id, as_text(refusal.message), as_bool(refusal.is_busy())});
    }
    worker::commit();
    return found;
}

} // namespace notion::pg::apply
